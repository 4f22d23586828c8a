"""How small and how fast counterfactuals are, and whether they hold.

Of each table a detector flags 200 rows; of each of them the smallest change is sought
that makes it ordinary. Tables are Parquet files; a column "anomaly" is left out.
Without one, the transactions of the package. Run it with:
python benchmarks/counterfactuals.py [TABLE.parquet ...]
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api import types

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.datasets import load_transactions

N_ROWS = 200
NO_FEATURES = ["transaction_id", "customer_id", "merchant_id", "is_fraud", "fraud_kind"]


def measure(name, table):
    """Print one line about a table."""
    share = min(0.5, N_ROWS / len(table))
    detector = AutoencoderOutlierDetector(contamination=share, random_state=0)
    scores = detector.fit(table).score_samples(table)
    flagged = table.iloc[np.argsort(scores)[: int((scores < detector.offset_).sum())]]
    start = time.perf_counter()
    changes = detector.counterfactual(flagged)
    seconds = time.perf_counter() - start
    changed = apply(flagged, changes)
    above = detector.score_samples(changed) >= detector.offset_
    n_changes = changes.groupby(level=0).size().reindex(flagged.index, fill_value=0)
    print(
        f"{name}: {len(flagged)} rows, {above.mean():.1%} ordinary, "
        f"{impossible(table, changes)} values that cannot be, "
        f"{n_changes.median():.0f} columns (median; most "
        f"{n_changes.max()}), {seconds / len(flagged) * 1e3:.0f} ms a row"
    )


def apply(rows, changes):
    """Return the rows with their changes."""
    changed = rows.copy()
    for column, own in changes.groupby("column", sort=False):
        values = changed[column].astype(object)
        values[own.index.get_level_values(0)] = own["changed"].to_numpy()
        dtype = rows[column].dtype
        if types.is_integer_dtype(dtype) and values.isna().any():
            dtype = np.float64
        changed[column] = values.astype(dtype)
    return changed


def impossible(table, changes):
    """Return how many values the training rows show to be none of a column."""
    count = 0
    for column, own in changes.groupby("column"):
        known, values = table[column], pd.Series(list(own["changed"])).dropna()
        if types.is_numeric_dtype(known) and not types.is_bool_dtype(known):
            values = values.astype(float)
            wrong = (values < known.min()) | (values > known.max())
            if types.is_integer_dtype(known):
                wrong |= values % 1 != 0
        elif types.is_datetime64_any_dtype(known):
            values = pd.to_datetime(values)
            wrong = (values < known.min().floor("s")) | (values > known.max())
        else:
            wrong = ~values.isin(known.unique())
        count += int(wrong.sum())
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", type=Path)
    tables = parser.parse_args().tables
    if not tables:
        measure("transactions", load_transactions().drop(columns=NO_FEATURES))
    for path in tables:
        table = pd.read_parquet(path)
        measure(path.stem, table.drop(columns="anomaly", errors="ignore"))


if __name__ == "__main__":
    main()
