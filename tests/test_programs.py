"""Tests of the compiled training programs and their cache."""

import random
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("keras")

from aeanomaly.architectures import (  # noqa: E402
    Architecture,
    Denoising,
    NetworkSpec,
    Sparse,
    Undercomplete,
    Variational,
)
from aeanomaly.training import programs  # noqa: E402
from aeanomaly.training.freezing import freeze  # noqa: E402
from aeanomaly.training.objective import Objective  # noqa: E402
from aeanomaly.training.programs import ProgramPlan, get_program  # noqa: E402
from aeanomaly.training.steps import Steps  # noqa: E402
from aeanomaly.training.xla import repays_xla  # noqa: E402

N_COLUMNS = 4


def make_plan(architecture=None, n_members=1, optimizer="adam", hidden=(8,), **spec):
    return ProgramPlan(
        architecture or Undercomplete(),
        NetworkSpec(N_COLUMNS, 2, hidden, "relu", **spec),
        Objective("squared_error", "linear", N_COLUMNS, ()),
        optimizer,
        n_members,
    )


def make_steps(n_steps, n_rows=8, batch_size=8, ends=(), seed=0):
    batches = np.random.default_rng(seed).integers(0, 30, (n_steps, batch_size))
    return Steps(
        batches.astype(np.int32),
        np.full(n_steps, n_rows, dtype=np.int32),
        np.full(n_steps, 1e-2, dtype=np.float32),
        np.isin(np.arange(n_steps), ends),
    )


@pytest.fixture
def rows():
    return np.random.default_rng(0).standard_normal((30, N_COLUMNS), dtype=np.float32)


@pytest.fixture
def empty_cache(monkeypatch):
    monkeypatch.setattr(programs, "_programs", type(programs._programs)())


def trained(program, rows, steps, *, held_out=None, jit=False, cuts=()):
    """Return the losses and the weights of a fit from a fixed start."""
    program.reset(np.random.default_rng(1))
    settings = program.plan.architecture.settings() | {"alpha": 0.0}
    session = program.session(rows, held_out, settings, 7, jit=jit)
    losses, held_out_losses = [], []
    for start, stop in zip((0, *cuts), (*cuts, len(steps)), strict=True):
        part = program.run(session, steps.take(slice(start, stop)), start)
        losses.append(part[0])
        held_out_losses.append(part[1])
    return (
        np.concatenate(losses),
        np.concatenate(held_out_losses),
        program.snapshot()[0],
    )


def test_plans_that_differ_in_what_is_assigned_share_a_program(empty_cache):
    program = get_program(make_plan(Denoising(noise="gaussian", noise_level=0.1)))
    other = make_plan(Denoising(noise="gaussian", noise_level=0.5))
    assert get_program(other) is program


@pytest.mark.parametrize(
    "other",
    [
        make_plan(Undercomplete(code_activation="tanh")),
        make_plan(Sparse()),
        make_plan(n_members=2),
        make_plan(optimizer="sgd"),
        make_plan(optimizer={"class_name": "Adam", "config": {"beta_1": 0.8}}),
        make_plan(hidden=(9,)),
        make_plan(dropout=0.5),
    ],
    ids=["parameter", "class", "members", "optimizer", "its settings", "width", "drop"],
)
def test_plans_that_differ_in_the_graph_do_not(empty_cache, other):
    assert get_program(other) is not get_program(make_plan())


class WithArray(Architecture):
    """An architecture with a parameter that `repr` would abbreviate."""

    def __init__(self, *, values=None):
        self.values = values


def test_arrays_among_the_parameters_are_told_apart_by_every_value():
    values = np.zeros(5_000)
    changed = values.copy()
    changed[2_500] = 1e-12
    one, same, other = (
        make_plan(WithArray(values=[v])) for v in (values, values.copy(), changed)
    )
    assert one.key == same.key
    assert one.key != other.key


def test_the_cache_forgets_the_program_that_was_used_longest_ago(
    empty_cache, monkeypatch
):
    monkeypatch.setattr(programs, "_MAX_PROGRAMS", 2)
    plans = [make_plan(hidden=(width,)) for width in (3, 4, 5)]
    first, second = get_program(plans[0]), get_program(plans[1])
    assert get_program(plans[0]) is first
    get_program(plans[2])
    assert len(programs._programs) == 2
    assert get_program(plans[0]) is first
    assert get_program(plans[1]) is not second


def test_threads_that_ask_at_once_get_one_program(empty_cache):
    barrier, found = threading.Barrier(4), []

    def ask():
        barrier.wait()
        found.append(get_program(make_plan()))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({id(program) for program in found}) == 1


@pytest.mark.parametrize(
    "plan",
    [
        make_plan(),
        make_plan(n_members=2, batch_normalization=True, dropout=0.2),
        pytest.param(make_plan(Variational(), n_members=5), marks=pytest.mark.slow),
    ],
    ids=["plain", "state", "many members"],
)
def test_steps_give_the_same_however_they_are_cut_into_calls(plan, rows):
    program = get_program(plan)
    steps = make_steps(12, ends=(3, 7, 11))
    at_once = trained(program, rows, steps, held_out=rows[:5])
    in_parts = trained(program, rows, steps, held_out=rows[:5], cuts=(1, 6, 10))
    for together, apart in zip(at_once, in_parts, strict=True):
        assert_array_equal(together, apart)
    assert at_once[1].shape == (3, plan.n_members)


def test_a_reset_forgets_what_was_trained_before(rows):
    program = get_program(make_plan(n_members=2, batch_normalization=True, dropout=0.2))
    before = trained(program, rows, make_steps(5), held_out=rows)
    trained(program, 3 * rows, make_steps(9, seed=1), held_out=rows)
    after = trained(program, rows, make_steps(5), held_out=rows)
    assert_array_equal(before[0], after[0])
    assert_array_equal(before[2], after[2])


def test_rows_that_only_fill_a_batch_do_not_count(rows):
    program = get_program(make_plan())
    steps = make_steps(1, n_rows=5)
    filled = trained(program, rows, steps)
    other_filling = steps.batches.copy()
    other_filling[:, 5:] = 0
    changed = Steps(other_filling, *steps.arrays[1:])
    alone = Steps(steps.batches[:, :5], *steps.arrays[1:])
    assert_array_equal(filled[2], trained(program, rows, changed)[2])
    assert_allclose(filled[2], trained(program, rows, alone)[2], rtol=1e-5, atol=1e-6)
    assert_allclose(filled[0], trained(program, rows, alone)[0], rtol=1e-6)


def test_the_held_out_loss_is_the_mean_over_all_held_out_rows(rows):
    program = get_program(make_plan())
    steps = make_steps(1, ends=(0,))
    held_out = trained(program, rows, steps, held_out=rows[:21])[1]
    # One batch of all 21 rows, of which no step is taken.
    whole = Steps(
        np.arange(21, dtype=np.int32)[None],
        np.array([21], dtype=np.int32),
        np.zeros(1, dtype=np.float32),
        np.array([False]),
    )
    settings = {"alpha": 0.0}
    session = program.session(rows, None, settings, 7, jit=False)
    assert_allclose(held_out, program.run(session, whole, 1)[0], rtol=1e-6)


def test_operations_on_all_threads_train_to_the_same_weights(rows, monkeypatch):
    program = get_program(make_plan())
    steps = make_steps(11, n_rows=5)
    one_at_a_time = trained(program, rows, steps)
    monkeypatch.setattr(programs, "_SMALL_STEP", 0)
    on_all_threads = trained(program, rows, steps)
    for one, other in zip(one_at_a_time, on_all_threads, strict=True):
        assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_one_program_serves_large_batches_and_then_small_ones(rows, monkeypatch):
    program = programs.TrainingProgram(make_plan())
    monkeypatch.setattr(programs, "_SMALL_STEP", program.n_weights * 8)
    large, small = make_steps(3, n_rows=16, batch_size=16), make_steps(3)
    expected = trained(get_program(make_plan()), rows, small)
    trained(program, rows, large)
    for one, other in zip(trained(program, rows, small), expected, strict=True):
        assert_array_equal(one, other)


@pytest.mark.slow
def test_xla_trains_to_the_same_weights_whatever_the_chunks(rows, monkeypatch):
    monkeypatch.setattr(programs, "_XLA_STEPS", 8)
    program = get_program(make_plan(n_members=2))
    steps = make_steps(11, n_rows=5, ends=(4, 10))
    plain = trained(program, rows, steps, held_out=rows[:9])
    compiled = trained(program, rows, steps, held_out=rows[:9], jit=True)
    for one, other in zip(plain, compiled, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("plan", "n_steps", "expected"),
    [
        (make_plan(), 1_000, False),
        (make_plan(), 10_000, True),
        (make_plan(hidden=(512, 512)), 1_000, True),
        (make_plan(n_members=5), 1_000_000, False),
        (make_plan(Denoising()), 1_000_000, False),
    ],
    ids=["few steps", "many steps", "many weights", "many members", "noise"],
)
def test_xla_compiles_where_the_rule_says_that_it_pays(plan, n_steps, expected):
    assert repays_xla(get_program(plan), n_steps) is expected


@pytest.mark.slow
def test_how_weights_are_laid_out_for_xla_changes_no_result(rows, monkeypatch):
    networks, stored = [], []
    for for_xla in (True, False):
        monkeypatch.setattr(programs, "suits_xla", lambda *_, suits=for_xla: suits)
        program = programs.TrainingProgram(make_plan(n_members=2))
        trained(program, rows, make_steps(6))
        networks.append(freeze(program))
        stored.append(program.weights.numpy())
    for one, other in zip(*(n.encoder + n.decoder for n in networks), strict=True):
        assert_allclose(one.kernel, other.kernel, rtol=1e-5, atol=1e-6)
        assert_allclose(one.bias, other.bias, rtol=1e-5, atol=1e-6)
    # The layouts do differ: the comparison is not of equals.
    assert np.abs(stored[0] - stored[1]).max() > 1e-2


def test_members_train_as_if_each_were_alone(rows):
    steps = make_steps(6)
    program = get_program(make_plan(n_members=2))
    program.reset(np.random.default_rng(1))
    initial = program.snapshot()
    pair = trained(program, rows, steps)[2]
    single = get_program(make_plan())
    for member in range(2):
        single.reset(np.random.default_rng(1))
        single.weights.assign(initial[0][member : member + 1])
        session = single.session(rows, None, {"alpha": 0.0}, 7, jit=False)
        single.run(session, steps, 0)
        assert_allclose(single.weights.numpy()[0], pair[member], rtol=1e-5, atol=1e-6)


def test_weight_decay_shrinks_weights_by_rate_times_alpha(rows):
    program = get_program(make_plan(optimizer="sgd"))
    steps = make_steps(1)
    program.reset(np.random.default_rng(1))
    initial = program.snapshot()[0]
    weights = []
    for alpha in (0.0, 0.5):
        program.reset(np.random.default_rng(1))
        session = program.session(rows, None, {"alpha": alpha}, 7, jit=False)
        program.run(session, steps, 0)
        weights.append(program.snapshot()[0])
    assert_allclose(weights[0] - weights[1], 1e-2 * 0.5 * initial, atol=1e-7)


def test_global_random_states_are_left_alone(rows):
    import tensorflow as tf

    random.seed(3)
    np.random.seed(3)  # noqa: NPY002 - the state that must not change
    tf.random.set_seed(3)
    expected = random.random(), np.random.rand(), float(tf.random.uniform(()))  # noqa: NPY002
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    tf.random.set_seed(3)
    plan = make_plan(n_members=2, dropout=0.1, hidden=(7,))
    trained(programs.TrainingProgram(plan), rows, make_steps(2))
    assert expected == (random.random(), np.random.rand(), float(tf.random.uniform(())))  # noqa: NPY002
