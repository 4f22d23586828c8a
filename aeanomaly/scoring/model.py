"""The frozen model: encoding and network, which say something about every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from .encoding.table import TableEncoding
from .encoding.tabular import take_rows
from .errors import activate, unit_errors
from .evaluation import Evaluation
from .networks.activations import ACTIVATIONS
from .networks.base import FrozenNetwork
from .threads import iter_results

_Result = TypeVar("_Result")

# Floats of the widest activation that a block may hold. A network takes fewer rows at a
# time, as the cache holds them; parts of the score, whose many small steps cost as much
# for few rows as for many, take three quarters of the time in blocks of 4,096.
_BLOCK_FLOATS = 1_048_576
_BLOCK_ROWS = (256, 4_096)

# Up to this many rows run in double precision: it costs nothing there, and what the
# network says of a row is the same alone and among few others to 1e-12.
_DOUBLE_ROWS = 256


@dataclass(frozen=True)
class Model:
    """Encoding and network, as arrays.

    Safe to call from many threads. Rows are processed in blocks, so memory does not
    grow with their number.

    Parameters
    ----------
    encoding : TableEncoding
    network : FrozenNetwork
    output_activation : str
        Activation of the linear columns.
    """

    encoding: TableEncoding
    network: FrozenNetwork
    output_activation: str

    @cached_property
    def _block_rows(self) -> int:
        rows = _BLOCK_FLOATS // (self.network.widest * self.network.n_members)
        return int(np.clip(rows, *_BLOCK_ROWS))

    def iter_blocks(
        self, table: Any, *, precise: bool = False
    ) -> Iterator[tuple[slice, np.ndarray, Any]]:
        """Yield the encoded blocks of a table: rows, ``Z`` and novelty."""
        for rows in self._slices(len(table)):
            yield rows, *self._encoded(table, rows, precise)

    def _slices(self, n_rows: int) -> Iterator[slice]:
        for start in range(0, n_rows, self._block_rows):
            yield slice(start, min(start + self._block_rows, n_rows))

    def _encoded(
        self, table: Any, rows: slice, precise: bool
    ) -> tuple[np.ndarray, Any]:
        Z, novelty = self.encoding.encode(take_rows(table, rows))
        double = precise or len(table) <= _DOUBLE_ROWS
        return Z.astype(np.float64) if double else Z, novelty

    def evaluate(self, Z: np.ndarray, novelty: np.ndarray | None = None) -> Evaluation:
        """Run the network on encoded rows."""
        codes = self.network.encode(Z)
        output = self.network.decode(codes)
        activate(output, self.encoding, self.output_activation)
        return Evaluation(Z, novelty, codes, output)

    def iter_evaluations(
        self, table: Any, *, precise: bool = False
    ) -> Iterator[tuple[slice, Evaluation]]:
        """Yield what the network says about each block of rows.

        Parameters
        ----------
        table : DataFrame or ndarray of shape (n_samples, n_features)
        precise : bool, default=False
            In double precision, however many rows there are.

        Yields
        ------
        rows : slice
        evaluation : Evaluation
        """
        for rows, Z, novelty in self.iter_blocks(table, precise=precise):
            yield rows, self.evaluate(Z, novelty)

    def iter_results(
        self,
        table: Any,
        function: Callable[[Evaluation], _Result],
        *,
        precise: bool = False,
    ) -> Iterator[tuple[slice, _Result]]:
        """Yield what a function makes of each block's evaluation, on several threads.

        Parameters
        ----------
        table, precise
            See `iter_evaluations`.
        function : callable
            Takes an `Evaluation`; called from several threads.

        Yields
        ------
        rows : slice
        result
            What the function returned.
        """

        def work(rows: slice) -> tuple[slice, _Result]:
            return rows, function(self.evaluate(*self._encoded(table, rows, precise)))

        yield from iter_results(work, self._slices(len(table)))

    def codes(self, table: Any) -> np.ndarray:
        """Return the first member's codes, (n_samples, latent_dim)."""
        codes = np.empty((len(table), self.network.latent_dim), dtype=np.float32)
        for rows, Z, _ in self.iter_blocks(table):
            codes[rows] = self.network.encode(Z)[0]
        return codes

    def decode(self, codes: np.ndarray) -> Any:
        """Return the rows that codes stand for, in original units."""
        output = self.network.decode(codes[None])
        activate(output, self.encoding, self.output_activation)
        return self.encoding.decode(output[0])

    def reconstruction_errors(self, table: Any) -> np.ndarray:
        """Return the unscaled error of each row, mean over its columns.

        Squared error of encoded values and cross-entropy of categories: comparable
        between networks, which standardised errors are not.
        """

        def of_block(evaluation: Evaluation) -> np.ndarray:
            units = unit_errors(evaluation.Z, evaluation.output, self.encoding)
            return np.asarray(units.sum(axis=1, dtype=np.float64))

        errors = np.empty(len(table))
        for rows, block in self.iter_results(table, of_block):
            errors[rows] = block
        return errors / max(1, self.encoding.n_judged)

    def check(self) -> None:
        """Raise a `ValueError`, or the like, if a model from a file cannot be used."""
        encoding, network = self.encoding, self.network
        encoding.check()
        if network.n_inputs != encoding.n_encoded:
            raise ValueError(
                f"the network takes {network.n_inputs} inputs, but the encoding gives "
                f"{encoding.n_encoded}"
            )
        if self.output_activation not in ACTIVATIONS:
            raise ValueError(f"the activation {self.output_activation!r} is unknown")
        network.check()
