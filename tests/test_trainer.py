"""Tests of training runs: schedules, visits, observers, epochs in one call."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cases import SHORT_TRAINING
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

pytest.importorskip("keras")

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer  # noqa: E402
from aeanomaly.architectures import NetworkSpec, resolve_architecture  # noqa: E402
from aeanomaly.training import trainer  # noqa: E402
from aeanomaly.training.objective import Objective  # noqa: E402
from aeanomaly.training.observers import Observer  # noqa: E402
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


@pytest.mark.slow
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


def test_each_of_several_networks_has_losses_and_their_means_are_the_loss():
    history = fit(make_plan(n_members=2)).history
    assert list(history)[:2] == ["loss", "val_loss"]
    for kind in ("", "val_"):
        own = np.array([history[f"{kind}network_{i}_loss"] for i in (1, 2)])
        assert own.shape == (2, len(history["loss"]))
        assert_allclose(own.mean(axis=0), history[f"{kind}loss"], rtol=1e-12)
        assert (own[0] != own[1]).all()


def test_a_network_among_several_has_the_losses_that_it_has_alone():
    # Its initial weights are drawn first either way; without learning they stay.
    def loss(name, n_members):
        options = {"learning_rate_init": 1e-30, "max_iter": 1}
        return fit(make_plan(n_members=n_members), **options).history[name]

    assert_allclose(loss("network_1_loss", 2), loss("loss", 1), rtol=1e-5)


def test_a_fit_does_not_depend_on_the_fits_before():
    plan = make_plan(n_members=2, batch_normalization=True, dropout=0.2)
    first = fit(plan, seed=5)
    fit(plan, seed=6, rows=make_rows(60), max_iter=2)
    second = fit(plan, seed=5)
    assert first.history == second.history
    assert_array_equal(first.state[0], second.state[0])
    assert not np.array_equal(first.state[0], fit(plan, seed=7).state[0])


def test_threads_that_fit_at_once_get_what_each_gets_alone():
    other = make_plan(n_members=2, batch_normalization=True, dropout=0.2)
    plans = [make_plan(), make_plan(), other]
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


@pytest.mark.parametrize("weights", [[1] * 30, [0, 1, 3, 2, 0, 4] * 5, [0.7] * 30])
def test_rows_are_visited_in_random_order_whatever_they_weigh(weights):
    visits = np.asarray(weights, dtype=float)
    rows = make_rows(30, visits=visits, n_visits=round(visits.sum()))
    orders = [trainer._visit(rows, np.random.default_rng(seed)) for seed in range(200)]
    # No row is the first one in most orders, and on average none comes early or late.
    first, last = ([order[i] for order in orders] for i in (0, -1))
    assert np.bincount(first, minlength=30).max() < 60
    assert np.mean(first) == pytest.approx(np.mean(last), abs=3.0)
    falls = np.mean([np.diff(order) < 0 for order in orders])
    ties = np.mean([np.diff(order) == 0 for order in orders])
    assert falls == pytest.approx((1 - ties) / 2, abs=0.03)


def test_no_row_is_visited_a_whole_time_more_or_less_than_it_weighs():
    visits = np.array([0.5, 1.5, 0.25, 3.75, 2.0, 0.0])
    rows = make_rows(6, held_out=0, visits=visits, n_visits=8)
    for seed in range(50):
        visited = trainer._visit(rows, np.random.default_rng(seed))
        assert len(visited) == 8
        assert (np.abs(np.bincount(visited, minlength=6) - visits) < 1).all()


def test_fewer_visits_than_rows_are_spread_over_all_rows():
    rows = make_rows(100, n_visits=25)
    visited = trainer._visit(rows, np.random.default_rng(0))
    # One of every four rows that follow each other.
    assert_array_equal(np.sort(visited) // 4, np.arange(25))


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


def rates(n_batches, **changed):
    return trainer._learning_rates(make_options(**changed), n_batches)


def test_the_cosine_schedule_is_half_a_wave_after_twenty_steps_of_warm_up():
    found = rates(
        10, learning_rate="cosine", learning_rate_init=0.3, max_iter=20
    ).ravel()
    step = np.arange(200)
    expected = 0.3 * (1 + np.cos(np.pi * step / 200)) / 2
    assert_allclose(found[19:], expected[19:], rtol=1e-5)
    assert_allclose(found[:20], expected[:20] * np.arange(1, 21) / 20, rtol=1e-5)
    assert found[100] == pytest.approx(0.15)


def test_a_short_cosine_schedule_warms_up_to_its_last_step():
    found = rates(2, learning_rate="cosine", learning_rate_init=1.0, max_iter=2)
    wave = (1 + np.cos(np.pi * np.array([0.0, 0.25, 0.5, 0.75]))) / 2
    by_hand = wave * [0.25, 0.5, 0.75, 1.0]
    assert_allclose(found, by_hand.reshape(2, 2), rtol=1e-6)


class Enough(Exception):
    """Raised in place of training."""


ALL_ROWS = {"max_iter": "auto", "validation_fraction": 0.0}
TRANSFORMER = AutoencoderTransformer(**ALL_ROWS)
DETECTOR = AutoencoderOutlierDetector(**ALL_ROWS, trim_fraction=0.0)


def planned(monkeypatch, estimator, n_rows):
    """Return the rows and the options with which an estimator would train."""
    found = []

    def no_training(plan, rows, options, *args, **kwargs):
        found.extend([rows, options])
        raise Enough

    monkeypatch.setattr(trainer, "train", no_training)
    X = np.random.default_rng(0).standard_normal((n_rows, 2))
    with pytest.raises(Enough):
        clone(estimator).fit(X)
    return found


@pytest.mark.parametrize(
    ("estimator", "most_steps"), [(TRANSFORMER, 6_000), (DETECTOR, 1_200)]
)
def test_large_tables_are_not_visited_whole_unless_asked_for(
    monkeypatch, estimator, most_steps
):
    auto = clone(estimator).set_params(batch_size=1)
    rows, options = planned(monkeypatch, auto, 8_000)
    assert (rows.n_visits, options.max_iter) == (most_steps, 1)
    rows, options = planned(monkeypatch, auto.set_params(max_iter=2), 8_000)
    assert (rows.n_visits, options.max_iter) == (8_000, 2)


@pytest.mark.parametrize(
    ("estimator", "n_rows", "n_epochs"),
    # 2,000 steps of four batches; 400 steps of four; each of 256 batches three times.
    [(TRANSFORMER, 100, 500), (DETECTOR, 100, 100), (DETECTOR, 6_400, 3)],
)
def test_auto_makes_as_many_epochs_as_its_steps_ask_for(
    monkeypatch, estimator, n_rows, n_epochs
):
    auto = clone(estimator).set_params(batch_size=25)
    rows, options = planned(monkeypatch, auto, n_rows)
    assert (rows.n_visits, options.max_iter) == (n_rows, n_epochs)


@pytest.mark.parametrize(
    ("n_visits", "n_in_a_step"), [(50, 50), (9_999, 128), (10_000, 256)]
)
def test_auto_takes_small_steps_where_an_epoch_visits_few_rows(
    monkeypatch, n_visits, n_in_a_step
):
    steps = clone(DETECTOR).set_params(batch_size="auto", validation_fraction=0.0)
    steps.set_params(n_estimators=1, trim_fraction=0.0)
    rows, options = planned(monkeypatch, steps, n_visits)
    assert (rows.n_visits, options.batch_size) == (n_visits, n_in_a_step)
    _, options = planned(monkeypatch, steps.set_params(batch_size=300), n_visits)
    assert options.batch_size == min(300, n_visits)


def test_early_stopping_waits_and_restores_the_best_weights(monkeypatch):
    losses = iter([3.0, 2.0, 1.0, 1.5, 1.0 - 1e-9, 1.2, 0.1])
    snapshots, run = [], TrainingProgram.run

    def scripted(self, session, steps, first_step):
        batch_losses, _ = run(self, session, steps, first_step)
        snapshots.append(self.snapshot())
        return batch_losses, np.array([[next(losses)]])

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


class Watcher(Observer):
    """Notes what it hears; scales the learning rate, and stops or fails if asked."""

    def __init__(self, factor=1.0, stops_after=None, fails_in=None):
        self.factor, self.stops_after, self.fails_in = factor, stops_after, fails_in
        self.heard = []

    def begin_epoch(self, epoch):
        self.heard.append(f"begin {epoch}")
        return self.factor

    def end_epoch(self, epoch, losses):
        self.heard.append(f"end {epoch}")
        self.losses = losses
        if epoch == self.fails_in:
            raise Enough
        return epoch == self.stops_after

    def end_training(self):
        self.heard.append("finish")

    def fail_training(self):
        self.heard.append("fail")


def watch(monkeypatch, *watchers):
    monkeypatch.setattr(trainer, "_observers", lambda *_: list(watchers))


def test_all_observers_hear_of_the_epoch_after_which_one_stops(monkeypatch):
    watchers = Watcher(stops_after=1), Watcher()
    watch(monkeypatch, *watchers)
    result = fit()
    assert result.n_iter == 2
    for watcher in watchers:
        assert watcher.heard == ["begin 0", "end 0", "begin 1", "end 1", "finish"]
        assert watcher.losses == {n: v[-1] for n, v in result.history.items()}


def test_observers_factors_of_the_learning_rate_multiply(monkeypatch):
    watch(monkeypatch, Watcher(0.5), Watcher(0.5))
    calls = record_steps(monkeypatch)
    fit(max_iter=1)
    assert_array_equal(calls[0].learning_rates, np.float32(0.25e-2))


def test_observers_hear_of_a_failure_in_place_of_the_end(monkeypatch):
    watchers = Watcher(fails_in=0), Watcher()
    watch(monkeypatch, *watchers)
    with pytest.raises(Enough):
        fit()
    assert [watcher.heard[-1] for watcher in watchers] == ["fail", "fail"]


def test_nobody_watches_unless_asked():
    assert trainer._observers(None, make_options(), ()) == []


def test_verbose_fits_show_progress_on_standard_error(capsys):
    quiet = fit()
    assert capsys.readouterr() == ("", "")
    shown = fit(verbose=1)
    output, errors = capsys.readouterr()
    assert output == ""
    assert "epoch 6/6" in errors
    assert "val_loss" in errors
    assert quiet.history == shown.history
