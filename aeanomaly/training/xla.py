"""When XLA's compilation of the training steps is repaid."""

from __future__ import annotations

from typing import Any

from .members import MAX_UNROLLED

# XLA compiles for a second and a half, a member. After that a step saves a constant,
# the cost of calling its operations one by one, and a share of what remains: figures
# of one core of an AMD EPYC, with networks of 64-32-8 and batches of 64 and 256.
_COMPILE_SECONDS = 1.5
_SAVED_SECONDS_A_STEP = 4e-5
_SAVED_SECONDS_A_FLOP = 6e-12


def repays_xla(program: Any, n_steps: int, batch_size: int) -> bool:
    """Return whether the steps of one fit repay their compilation by XLA.

    It depends on this fit alone, so that results do not depend on earlier ones.

    Parameters
    ----------
    program : TrainingProgram
    n_steps : int
        Of the whole fit.
    batch_size : int
    """
    n_members = program.plan.n_members
    if n_members > MAX_UNROLLED or not program.is_dense:
        return False
    # Forward and backward pass take six operations for each weight and row.
    flops = 6 * program.n_weights * batch_size
    saved = n_members * (_SAVED_SECONDS_A_STEP + flops * _SAVED_SECONDS_A_FLOP)
    return n_steps * saved > n_members * _COMPILE_SECONDS
