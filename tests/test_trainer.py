"""Tests of training runs: schedules, visits, early stopping, epochs in one call."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cases import SHORT_TRAINING
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("keras")

from aeanomaly.architectures import NetworkSpec, resolve_architecture  # noqa: E402
from aeanomaly.training import trainer  # noqa: E402
from aeanomaly.training.objective import Objective  # noqa: E402
from aeanomaly.training.programs import ProgramPlan, TrainingProgram  # noqa: E402
from aeanomaly.training.trainer import (  # noqa: E402
    TrainingOptions,
    TrainingRows,
    train,
)

N_COLUMNS = 4


def make_plan(architecture="undercomplete", n_members=1, **spec):
    return ProgramPlan(
        resolve_architecture(architecture),
        NetworkSpec(N_COLUMNS, 2, (8,), "relu", **spec),
        Objective("squared_error", "linear", N_COLUMNS, ()),
        "adam",
        n_members,
    )


def make_options(**changed):
    return TrainingOptions(**SHORT_TRAINING | changed)


def make_rows(n_rows=100, held_out=20, visits=None, n_visits=None):
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((n_rows, N_COLUMNS), dtype=np.float32)
    Z[:, 2:] = Z[:, :2]
    visits = np.ones(n_rows) if visits is None else np.asarray(visits, dtype=float)
    return TrainingRows(
        Z, visits, n_visits or n_rows, Z[:held_out] if held_out else None
    )


def fit(plan=None, rows=None, seed=1, **options):
    rng = np.random.default_rng(seed)
    return train(plan or make_plan(), rows or make_rows(), make_options(**options), rng)


def record_steps(monkeypatch):
    """Return a list that gets the steps of each call of a program."""
    calls, run = [], TrainingProgram.run

    def recording(self, session, steps, first_step):
        calls.append(steps)
        return run(self, session, steps, first_step)

    monkeypatch.setattr(TrainingProgram, "run", recording)
    return calls


@pytest.mark.parametrize(
    "plan",
    [
        make_plan(),
        make_plan("variational", n_members=2),
        make_plan(n_members=2, batch_normalization=True, dropout=0.2),
    ],
    ids=["plain", "noise", "state"],
)
def test_epochs_of_one_call_are_those_of_a_call_each(plan, monkeypatch):
    together = fit(plan)
    monkeypatch.setattr(trainer, "_VISITS_PER_CALL", 1)
    apart = fit(plan)
    assert together.history == apart.history
    for one, other in zip(together.state, apart.state, strict=True):
        assert_array_equal(one, other)


def test_epochs_share_a_call_unless_somebody_looks_in_between(monkeypatch):
    calls = record_steps(monkeypatch)
    fit()
    assert [len(steps) for steps in calls] == [6 * 4]
    calls.clear()
    fit(early_stopping=True, n_iter_no_change=100)
    assert [len(steps) for steps in calls] == [4] * 6


def test_the_loss_falls_and_each_epoch_has_one():
    result = fit(max_iter=20)
    assert result.n_iter == len(result.history["loss"]) == 20
    assert len(result.history["val_loss"]) == 20
    assert result.history["loss"][-1] < 0.5 * result.history["loss"][0]


def test_without_held_out_rows_there_is_no_held_out_loss():
    assert set(fit(rows=make_rows(held_out=0)).history) == {"loss"}


def test_the_loss_of_an_epoch_counts_every_row_once():
    # Without learning, the loss of an epoch is that of the rows, in any order; the
    # last of its batches is ragged.
    tiny = fit(rows=make_rows(held_out=100), learning_rate_init=1e-30)
    assert_allclose(tiny.history["loss"], tiny.history["val_loss"], rtol=1e-5)


def test_a_fit_does_not_depend_on_the_fits_before():
    plan = make_plan(n_members=2, batch_normalization=True, dropout=0.2)
    first = fit(plan, seed=5)
    fit(plan, seed=6, rows=make_rows(60), max_iter=2)
    second = fit(plan, seed=5)
    assert first.history == second.history
    assert_array_equal(first.state[0], second.state[0])
    assert not np.array_equal(first.state[0], fit(plan, seed=7).state[0])


def test_threads_that_fit_at_once_get_what_each_gets_alone():
    plans = [make_plan(), make_plan(), make_plan("variational", n_members=2)]
    alone = [fit(plan, seed=seed) for seed, plan in enumerate(plans)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda p, s: fit(p, seed=s), plans, range(3)))
    for one, other in zip(alone, together, strict=True):
        assert one.history == other.history
        assert_array_equal(one.state[0], other.state[0])


def test_a_run_can_go_on_where_another_ended():
    whole = fit(max_iter=6)
    rng = np.random.default_rng(1)
    start = train(make_plan(), make_rows(), make_options(max_iter=2), rng)
    rest = train(
        make_plan(), make_rows(), make_options(max_iter=4), rng, state=start.state
    )
    again = fit(max_iter=2)
    assert_array_equal(start.state[0], again.state[0])
    # Other orders of the rows, hence not the same losses, but no step back either.
    assert rest.history["loss"][0] < start.history["loss"][-1]
    assert abs(rest.history["loss"][-1] - whole.history["loss"][-1]) < 0.2


def test_whole_number_weights_are_visits():
    visits = np.array([0, 1, 3, 2, 0, 4] * 5)
    rows = make_rows(30, visits=visits, n_visits=int(visits.sum()))
    for seed in range(5):
        visited = trainer._visit(rows, np.random.default_rng(seed))
        assert_array_equal(np.bincount(visited, minlength=30), visits)


def test_other_weights_are_visits_on_average():
    visits = np.array([0.5, 1.5, 0.25, 3.75])
    rows = make_rows(4, held_out=0, visits=visits, n_visits=6)
    rng = np.random.default_rng(0)
    counts = sum(
        np.bincount(trainer._visit(rows, rng), minlength=4) for _ in range(2_000)
    )
    assert_allclose(counts / 2_000, visits, atol=0.26)


def test_a_row_of_weight_two_trains_as_two_rows():
    single = make_rows(50, held_out=0, visits=np.full(50, 2.0), n_visits=100)
    double = make_rows(50, held_out=0)
    double.Z = np.repeat(double.Z, 2, axis=0)
    double.visits, double.n_visits = np.ones(100), 100
    # In one batch the order of the rows does not matter.
    results = [fit(rows=rows, batch_size=100) for rows in (single, double)]
    assert_allclose(results[0].state[0], results[1].state[0], rtol=1e-3, atol=1e-5)


def test_the_last_batch_is_filled_but_counts_its_own_rows():
    batches, n_rows = trainer._as_batches(np.arange(70, dtype=np.int32), 32)
    assert batches.shape == (3, 32)
    assert_array_equal(n_rows, [32, 32, 6])
    assert_array_equal(np.concatenate([batches[:2].ravel(), batches[2, :6]]), range(70))


def test_the_cosine_schedule_rises_then_falls_to_zero(monkeypatch):
    calls = record_steps(monkeypatch)
    fit(learning_rate="cosine", max_iter=25)
    rates = np.concatenate([steps.learning_rates for steps in calls])
    top = int(rates.argmax())
    assert len(rates) == 100
    assert top == 19
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert 0 < rates[-1] < 1e-2 * rates.max() < rates.max() <= 1e-2


def test_the_constant_schedule_is_constant(monkeypatch):
    calls = record_steps(monkeypatch)
    fit()
    assert_array_equal(calls[0].learning_rates, np.float32(1e-2))


def test_early_stopping_waits_and_restores_the_best_weights(monkeypatch):
    losses = iter([3.0, 2.0, 1.0, 1.5, 1.0 - 1e-9, 1.2, 0.1])
    snapshots, run = [], TrainingProgram.run

    def scripted(self, session, steps, first_step):
        batch_losses, _ = run(self, session, steps, first_step)
        snapshots.append(self.snapshot())
        return batch_losses, np.array([next(losses)])

    monkeypatch.setattr(TrainingProgram, "run", scripted)
    result = fit(early_stopping=True, n_iter_no_change=3, tol=1e-4, max_iter=50)
    assert result.n_iter == 6
    assert result.history["val_loss"] == [3.0, 2.0, 1.0, 1.5, 1.0 - 1e-9, 1.2]
    # The fifth epoch is the best, though not by enough to be worth waiting for.
    assert_array_equal(result.state[0], snapshots[4][0])
    assert not np.array_equal(result.state[0], snapshots[5][0])


def test_early_stopping_without_held_out_rows_watches_the_training_loss():
    result = fit(rows=make_rows(held_out=0), early_stopping=True, tol=10.0, max_iter=50)
    assert result.n_iter == 4


def test_verbose_fits_show_progress_on_standard_error(capsys):
    quiet = fit()
    assert capsys.readouterr() == ("", "")
    shown = fit(verbose=1)
    output, errors = capsys.readouterr()
    assert output == ""
    assert "epoch 6/6" in errors
    assert "val_loss" in errors
    assert quiet.history == shown.history
