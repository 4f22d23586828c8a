"""Memory of a process that fits networks of ever new shapes.

    python benchmarks/memory.py --shapes 500

Each fit has another width of its hidden layer, and so another compiled program, of
which a process keeps 64. Prints the resident memory, which should not grow once they
are there.
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

import numpy as np

from aeanomaly import AutoencoderTransformer

_N_ROWS, _N_COLUMNS = 60, 4
_FIRST_WIDTH = 3


def main() -> None:
    """Fit, and print the memory every now and then."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", type=int, default=500)
    parser.add_argument("--every", type=int, default=50)
    arguments = parser.parse_args()
    X = np.random.default_rng(0).standard_normal((_N_ROWS, _N_COLUMNS))
    print(f"{'shapes':>6}  megabytes")
    for i in range(arguments.shapes):
        fit(X, _FIRST_WIDTH + i)
        if (i + 1) % arguments.every == 0:
            print(f"{i + 1:6}  {resident():9.0f}", flush=True)


def fit(X: np.ndarray, width: int) -> None:
    """Fit a small network with one hidden layer of a width."""
    AutoencoderTransformer(
        hidden_layer_sizes=(width,), latent_dim=2, max_iter=2, random_state=0
    ).fit(X)


def resident() -> float:
    """Return the megabytes of memory that this process occupies now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
