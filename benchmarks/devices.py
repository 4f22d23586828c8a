"""From what size on a graphics card trains sooner than the processor.

    python benchmarks/devices.py [--quick]

Fits networks of several sizes on either device, each twice, and prints milliseconds a
step and the seconds of both fits: the first compiles, and the first of all starts the
card. Without a card that TensorFlow sees only the processor is measured.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer
from aeanomaly.training import trainer
from aeanomaly.training.backend import import_keras_quietly
from aeanomaly.training.device import CPU, GPU, NAMES

_OPERATIONS = 6
_HIDDEN = ((128,), (512, 256), (2_048, 1_024))
_BATCHES = (128, 1_024, 8_192)
# Floating-point operations of a fit: more steps would tell no more.
_MOST_OPERATIONS = 1e12


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small networks only")
    quick = parser.parse_args().quick
    import_keras_quietly()
    import tensorflow as tf

    devices = [CPU, GPU] if tf.config.list_physical_devices("GPU") else [CPU]
    if GPU not in devices:
        print("TensorFlow sees no graphics card.\n")
    print("| network | device | operations a step | ms a step | first fit | second |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for (name, estimator, X), device in itertools.product(cases(quick), devices):
        trainer.best_device = lambda *_, device=device: device
        print(f"| {name} | {NAMES[device]} | {measured(estimator, X)} |", flush=True)


def cases(quick: bool) -> Iterator[tuple[str, Any, np.ndarray]]:
    """Yield a name, an estimator and rows."""
    rng = np.random.default_rng(0)
    for n_rows in (2_000,) if quick else (2_000, 100_000):
        yield (
            f"detector, {n_rows:,} x 15",
            AutoencoderOutlierDetector(random_state=0),
            correlated(rng, n_rows, 15),
        )
    X = correlated(rng, 4_000 if quick else 100_000, 100)
    for hidden, batch in itertools.product(_HIDDEN[: 1 if quick else None], _BATCHES):
        widths = (X.shape[1], *hidden)
        n_weights = 2 * sum(a * b for a, b in itertools.pairwise(widths))
        most = _MOST_OPERATIONS / (_OPERATIONS * n_weights)
        yield (
            f"{X.shape[1]} > {' > '.join(map(str, hidden))}, {batch:,} rows",
            AutoencoderTransformer(
                hidden_layer_sizes=hidden,
                batch_size=batch,
                max_iter=5,
                validation_fraction=0.0,
                random_state=0,
            ),
            X[: max(4 * batch, int(most) // batch * batch)],
        )


def correlated(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    factors = rng.standard_normal((n_rows, n_columns // 4))
    X = factors @ rng.standard_normal((n_columns // 4, n_columns))
    return X + 0.3 * rng.standard_normal(X.shape)


def measured(estimator: Any, X: np.ndarray) -> str:
    """Return the last four cells of a line."""
    seconds, steps = [], _Steps()
    for _ in range(2):
        start = time.perf_counter()
        estimator.fit(X)
        seconds.append(time.perf_counter() - start)
        of_a_step, milliseconds = steps.last()
    first, second = seconds
    return f"{of_a_step:.1e} | {milliseconds:.2f} | {first:.1f} s | {second:.2f} s"


class _Steps:
    """Notes how long the steps of a fit take, beside all else that a fit does."""

    def __init__(self) -> None:
        train = getattr(trainer._Run.train, "without_clock", trainer._Run.train)

        def timed(run: Any, observers: Any) -> Any:
            start = time.perf_counter()
            history = train(run, observers)
            n_steps = run.n_batches * len(history["loss"])
            rows = run.program.n_multiplications * run.options.batch_size
            milliseconds = 1e3 * (time.perf_counter() - start) / n_steps
            self._last = _OPERATIONS * rows, milliseconds
            return history

        timed.without_clock = train  # type: ignore[attr-defined]
        trainer._Run.train = timed  # type: ignore[method-assign]

    def last(self) -> tuple[float, float]:
        """Return floating-point operations and milliseconds of a step."""
        return self._last


if __name__ == "__main__":
    main()
