"""When XLA's compilation of the training steps is repaid."""

from __future__ import annotations

from typing import Any

from .members import MAX_UNROLLED

# What XLA's compilation costs for each member, and what each of its steps then saves:
# processor time of one core of an AMD EPYC with networks of 64-32-8, where the saving
# was the same for batches of 64 and of 256 rows.
_COMPILE_SECONDS = 0.8
_SAVED_SECONDS_A_STEP = 6e-5
# A program is seldom used once: folds, candidates and fits on newer rows share it.
_EXPECTED_FITS = 2


def repays_xla(program: Any, n_steps: int) -> bool:
    """Return whether the steps of one fit repay their compilation by XLA.

    For dense networks of the package's own architectures, of at most `MAX_UNROLLED`
    members, from about 6,700 steps on. It depends on this fit alone, so that results
    do not depend on earlier ones.

    Parameters
    ----------
    program : TrainingProgram
    n_steps : int
        Of the whole fit.
    """
    if not _runs_well(program):
        return False
    return _EXPECTED_FITS * n_steps * _SAVED_SECONDS_A_STEP > _COMPILE_SECONDS


def _runs_well(program: Any) -> bool:
    """Return whether XLA is known to compile a program, and to make it faster."""
    architecture = program.plan.architecture
    if program.plan.n_members > MAX_UNROLLED or not program.is_dense:
        return False
    # A user's own operations may be unknown to XLA. It draws the level and the noise
    # of conditioned denoising again for each use, which takes three times as long.
    training_pass = type(architecture).training_pass
    ours = training_pass.__module__.startswith("aeanomaly.architectures.")
    return ours and getattr(architecture, "noise", None) != "conditioned"
