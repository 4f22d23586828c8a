"""When XLA's compilation of the training steps is repaid."""

from __future__ import annotations

from typing import Any

from .device import CPU
from .members import MAX_UNROLLED, is_dense

# What XLA's compilation costs for each member, and what each of its steps then saves:
# seconds of one core of an AMD EPYC, with networks of 6,500 to 470,000 weights on 15 to
# 784 columns. Wide rows save more than this says.
_COMPILE_SECONDS = 0.9
_SAVED_SECONDS_A_STEP = 5e-5
_SAVED_SECONDS_A_STEP_AND_WEIGHT = 3e-9
# A program is seldom used once: folds, candidates and fits on newer rows share it.
_EXPECTED_FITS = 2


def suits_xla(architecture: Any, models: tuple[Any, Any], n_members: int) -> bool:
    """Return whether XLA is known to compile training steps and to make them faster.

    It is for dense networks of at most `MAX_UNROLLED` members, of architectures that
    say so with `compiles_with_xla`.

    Parameters
    ----------
    architecture : Architecture
    models : tuple of keras.Model
        Encoder and decoder.
    n_members : int
    """
    few = n_members <= MAX_UNROLLED
    return architecture.compiles_with_xla and few and all(map(is_dense, models))


def repays_xla(program: Any, n_steps: int) -> bool:
    """Return whether the steps of one fit repay their compilation by XLA.

    For programs that suit it: with 5,000 weights from about 6,900 steps on, with
    200,000 from about 700. It depends on this fit alone, so that results do not depend
    on earlier ones. For a graphics card XLA takes up to half a minute to compile what
    then saves 2 ms a step: never.

    Parameters
    ----------
    program : TrainingProgram
    n_steps : int
        Steps of the whole fit.
    """
    if program.device != CPU:
        return False
    n_members = program.plan.n_members
    n_weights = n_members * program.n_weights
    saved = _SAVED_SECONDS_A_STEP + _SAVED_SECONDS_A_STEP_AND_WEIGHT * n_weights
    repaid = _EXPECTED_FITS * n_steps * saved > _COMPILE_SECONDS * n_members
    return bool(program.suits_xla and repaid)
