"""The frozen scorer: the one path from rows of a table to numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .encoding.table import TableEncoding
from .errors import activate, unit_errors
from .evaluation import Evaluation
from .networks.dense import Network
from .parts import Residual, TailCombination

if TYPE_CHECKING:
    from .networks.keras import KerasNetwork

# Floats of the widest activation that a block may hold: one mebibyte, which a
# core's second-level cache holds beside the weights.
_BLOCK_FLOATS = 262_144
_BLOCK_ROWS = (256, 8_192)

# Up to this many rows run in double precision: it costs nothing there, and a row's
# score is the same alone and among others to 1e-12, whatever the BLAS library.
_DOUBLE_ROWS = 256


@dataclass(frozen=True)
class Scorer:
    """Encoding, network and reduction to a score, as arrays.

    Safe to call from many threads. Rows are processed in blocks, so memory does not
    grow with their number.

    Parameters
    ----------
    encoding : TableEncoding
    network : Network or KerasNetwork
    output_activation : str
        Of the linear columns.
    reduction : Residual or TailCombination
        Turns what the network says about a row into one number.
    """

    encoding: TableEncoding
    network: Network | KerasNetwork
    output_activation: str
    reduction: Residual | TailCombination

    @cached_property
    def _block_rows(self) -> int:
        rows = _BLOCK_FLOATS // (self.network.widest * self.network.n_members)
        return int(np.clip(rows, *_BLOCK_ROWS))

    def iter_blocks(self, table: Any) -> Iterator[tuple[slice, np.ndarray, Any]]:
        """Yield the encoded blocks of a table: rows, ``Z`` and novelty."""
        double = len(table) <= _DOUBLE_ROWS
        frame = hasattr(table, "iloc")
        for start in range(0, len(table), self._block_rows):
            rows = slice(start, min(start + self._block_rows, len(table)))
            Z, novelty = self.encoding.encode(
                table.iloc[rows] if frame else table[rows]
            )
            yield rows, Z.astype(np.float64) if double else Z, novelty

    def evaluate(self, Z: np.ndarray, novelty: np.ndarray | None) -> Evaluation:
        """Run the network on encoded rows."""
        codes = self.network.encode(Z)
        output = self.network.decode(codes)
        activate(output, self.encoding, self.output_activation)
        return Evaluation(Z, novelty, codes, output)

    def iter_evaluations(self, table: Any) -> Iterator[tuple[slice, Evaluation]]:
        """Yield what the network says about each block of rows."""
        for rows, Z, novelty in self.iter_blocks(table):
            yield rows, self.evaluate(Z, novelty)

    def iter_scores(self, table: Any) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the scores of each block of rows."""
        for rows, evaluation in self.iter_evaluations(table):
            yield rows, -self.reduction.statistic(evaluation, self.encoding)

    def score_samples(self, table: Any) -> np.ndarray:
        """Return the score of each row; lower is more abnormal.

        Parameters
        ----------
        table : DataFrame or ndarray of shape (n_samples, n_features)
            With the fitted columns in the fitted order (see
            `TableEncoding.select`).

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Minus the statistic of `reduction`.
        """
        scores = np.empty(len(table))
        for rows, block in self.iter_scores(table):
            scores[rows] = block
        return scores

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
        errors = np.empty(len(table))
        for rows, evaluation in self.iter_evaluations(table):
            units = unit_errors(evaluation.Z, evaluation.output, self.encoding)
            errors[rows] = units.sum(axis=1, dtype=np.float64)
        return errors / max(1, len(self.encoding.columns))
