"""The drift watch: changes found and named, and stable nights that are no alarm.

    python benchmarks/drift.py --changes             # 19 kinds, each at three sizes
    python benchmarks/drift.py --nights 1000         # of three tables, alarms counted
    python benchmarks/drift.py --write nights/       # the nights of --changes, as files
    python benchmarks/drift.py --peer nights/        # where evidently is installed

The detector is fitted on 20,000 transactions of January, of 300,000 of three months by
`make_transactions`; nights are days of February and March. Stable nights are rows that
`fit` has not seen: of all customers, of those of a day or a week that come back in part
(so that rows of a night, and nights, depend on each other), from 30 to some thousand.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

_DROPPED = ["transaction_id", "customer_id", "merchant_id", "is_fraud", "fraud_kind"]
_ROWS, _FIT_ROWS = 300_000, 20_000
# A Tuesday, a Friday and a Sunday.
_DAYS = ("2025-02-04", "2025-02-14", "2025-03-23")
_CREDIT = Path(__file__).parents[2] / "shared/detection_quality/tables"


class Kind(NamedTuple):
    """A kind of change, at three sizes.

    Parameters
    ----------
    name : str
    sizes : tuple of three
    change : callable
        Of a table, a size and a generator.
    named : tuple of str
        Kinds of `aeanomaly.drift.changes` that name it.
    """

    name: str
    sizes: tuple[Any, Any, Any]
    change: Callable[[pd.DataFrame, Any, np.random.Generator], pd.DataFrame]
    named: tuple[str, ...]


def some(table: pd.DataFrame, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a random share of the rows."""
    return rng.random(len(table)) < share


def altered(
    column: str, change: Callable[[pd.Series], Any]
) -> Callable[[pd.DataFrame, float, np.random.Generator], pd.DataFrame]:
    """Return the change of a column in a share of the rows."""

    def apply(
        table: pd.DataFrame, share: float, rng: np.random.Generator
    ) -> pd.DataFrame:
        chosen = some(table, share, rng)
        values = table[column].where(~chosen, change(table[column]))
        return table.assign(**{column: values})

    return apply


def burst(table: pd.DataFrame, hours: int, rng: np.random.Generator) -> pd.DataFrame:
    """Leave amounts out from noon on."""
    hour = table["timestamp"].dt.hour
    inside = (hour >= 12) & (hour < 12 + hours)
    return table.assign(amount=table["amount"].mask(inside))


def swapped(table: pd.DataFrame, share: float, rng: np.random.Generator) -> Any:
    """Swap two columns of numbers."""
    chosen, names = some(table, share, rng), ["amount", "account_age_days"]
    table = table.astype({"account_age_days": float})
    table.loc[chosen, names] = table.loc[chosen, names[::-1]].to_numpy()
    return table


def shuffled(table: pd.DataFrame, share: float, rng: np.random.Generator) -> Any:
    """Give rows the amount and the category of others: columns keep their values."""
    table, chosen = table.copy(), np.flatnonzero(some(table, share, rng))
    for name in ("amount", "channel", "distance_from_home_km", "mean_amount_30d"):
        table.iloc[chosen, table.columns.get_loc(name)] = (
            table[name].iloc[rng.permutation(chosen)].to_numpy()
        )
    return table


def dearer(table: pd.DataFrame, factor: float, rng: Any) -> pd.DataFrame:
    """Raise all amounts."""
    names = ["amount", "mean_amount_30d"]
    return table.assign(**{name: (table[name] * factor).round(2) for name in names})


def more_of_a_level(table: pd.DataFrame, share: float, rng: Any) -> pd.DataFrame:
    """Repeat rows of one channel until they are so many more."""
    online = table[table["channel"] == "online"]
    more = online.sample(int(share * len(table)), replace=True, random_state=rng)
    return pd.concat([table, more], ignore_index=True)


def more_frauds(table: pd.DataFrame, share: float, rng: Any) -> pd.DataFrame:
    """Make rows odd, each in a few columns."""
    table, chosen = table.copy(), some(table, share, rng)
    countries = rng.choice(["JP", "MX", "ZA", "TH"], len(table))
    table["amount"] = table["amount"].where(~chosen, table["amount"] * 6)
    table["country"] = table["country"].where(~chosen, countries)
    far = table["distance_from_home_km"]
    return table.assign(distance_from_home_km=far.where(~chosen, 8_000.0))


# A kind a line, to be read as a table.
# ruff: noqa: E501
KINDS = (
    Kind(
        "hours for days",
        (0.05, 0.2, 1.0),
        altered("days_since_last", lambda v: v * 24),
        ("unit",),
    ),
    Kind(
        "cents for euros",
        (0.05, 0.2, 1.0),
        altered("amount", lambda v: v * 100),
        ("unit",),
    ),
    Kind(
        "thousandths",
        (0.05, 0.2, 1.0),
        altered("mean_amount_30d", lambda v: v * 1000),
        ("unit",),
    ),
    Kind("another sign", (0.05, 0.2, 1.0), altered("amount", lambda v: -v), ("sign",)),
    Kind(
        "time zone, rows",
        (0.1, 0.4, 1.0),
        altered("timestamp", lambda v: v + pd.Timedelta(hours=6)),
        ("time zone",),
    ),
    Kind(
        "time zone, hours",
        (1, 2, 8),
        lambda t, h, _: t.assign(timestamp=t["timestamp"] + pd.Timedelta(hours=h)),
        ("time zone",),
    ),
    Kind("swapped columns", (0.1, 0.5, 1.0), swapped, ("swapped",)),
    Kind(
        "column gone",
        (1, 2, 4),
        lambda t, n, _: t.drop(columns=["country", "device", "amount", "channel"][:n]),
        ("gone",),
    ),
    Kind(
        "missing",
        (0.01, 0.05, 0.3),
        altered("amount", lambda v: v * np.nan),
        ("missing",),
    ),
    Kind("missing burst, hours", (1, 3, 6), burst, ("missing burst",)),
    Kind(
        "code -999",
        (0.01, 0.05, 0.3),
        altered("account_age_days", lambda v: v * 0 - 999),
        ("code",),
    ),
    Kind(
        "missing filled with 0",
        (0.1, 0.3, 1.0),
        altered("distance_from_home_km", lambda v: v.fillna(0.0)),
        ("filled", "code"),
    ),
    Kind(
        "one value",
        (0.3, 0.8, 1.0),
        altered("n_transactions_7d", lambda v: v * 0 + 5),
        ("constant", "one value"),
    ),
    Kind(
        "rounded to decimals",
        (1, 0, -1),
        lambda t, d, _: t.assign(amount=t["amount"].round(d)),
        ("rounded",),
    ),
    Kind(
        "new level",
        (0.01, 0.05, 0.2),
        altered("country", lambda v: "XX"),
        ("new levels",),
    ),
    Kind(
        "spelled otherwise",
        (0.02, 0.1, 1.0),
        altered("channel", lambda v: v.str.upper()),
        ("spelling",),
    ),
    Kind("prices rise, times", (1.1, 1.3, 1.6), dearer, ("values", "unit")),
    Kind("more of a level", (0.1, 0.3, 1.0), more_of_a_level, ("levels",)),
    Kind("columns apart", (0.1, 0.4, 1.0), shuffled, ("scores", "flagged")),
)
# More odd rows are what the share of flagged rows is for; no drift of a column.
ODD = Kind("more odd rows", (0.01, 0.03, 0.1), more_frauds, ("flagged",))


def transactions() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows to fit on, and all later rows, with their customers."""
    from aeanomaly.datasets import make_transactions

    table = make_transactions(_ROWS, random_state=0)
    january = table["timestamp"] < "2025-02-01"
    fitted = table[january].sample(_FIT_ROWS, random_state=0).sort_index()
    return fitted.drop(columns=_DROPPED), table[~january]


def nights_of(later: pd.DataFrame) -> list[pd.DataFrame]:
    """Return a few days."""
    days = later["timestamp"].dt.strftime("%Y-%m-%d")
    features = later.drop(columns=_DROPPED)
    return [features[days == day].reset_index(drop=True) for day in _DAYS]


def changed(kind: Kind, size: Any, night: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return a night with a change."""
    return kind.change(night.copy(), size, np.random.default_rng(seed))


def measure_changes(detector: Any, later: pd.DataFrame) -> None:
    """Print how many of three nights are found, and named as what they are."""
    nights = nights_of(later)
    stable = [detector.drift(night) for night in nights]
    print(f"stable: {sum(d.has_drifted for d in stable)} of {len(nights)} are alarms")
    for kind in (*KINDS, ODD):
        cells = []
        for size in kind.sizes:
            drifts = [
                detector.drift(changed(kind, size, night, seed))
                for seed, night in enumerate(nights)
            ]
            found = [d for d in drifts if d.has_drifted]
            cells.append(f"{len(found)} {sum(is_named(kind, d) for d in found)}")
        print(
            f"| {kind.name} | {' | '.join(map(str, kind.sizes))} | {' | '.join(cells)} |"
        )


def is_named(kind: Kind, drift: Any) -> bool:
    """Return whether a change is named as what it is."""
    every = [*drift.columns, *([drift.score] if drift.score is not None else [])]
    kinds = {change.kind for column in every for change in column.changes}
    kinds |= {"gone"} if drift.absent else set()
    return bool(kinds & set(kind.named))


# --- Stable nights ---


def simulate(detector: Any, rows: pd.DataFrame, groups: Any, n_nights: int) -> None:
    """Print how many stable nights are alarms, alone and with a state.

    Parameters
    ----------
    detector : AutoencoderOutlierDetector
    rows : DataFrame
        That `fit` has not seen.
    groups : Series or None
        What rows have in common that come together, such as a customer and a week; None
        where rows are independent.
    n_nights : int
    """
    from aeanomaly.drift import TableWatch
    from aeanomaly.drift.evidence import NightEvidence
    from aeanomaly.drift.judge import judge

    table = detector._check_table(rows)
    scores = detector.score_samples(rows)
    fresh = TableWatch(detector.scorer_, detector.calibration_, detector.offset_)
    evidence = NightEvidence(len(fresh.columns) + 1)
    draw = Nights(len(table), groups, np.random.default_rng(0))
    alarms: Counter[str] = Counter()
    sizes = []
    for _ in range(n_nights):
        chosen = draw()
        sizes.append(len(chosen))
        watch = copy.deepcopy(fresh)
        watch.add(table.iloc[chosen], scores[chosen])
        alarms["alone"] += judge(watch).is_alarm
        alarms["with a state"] += judge(watch, evidence).is_alarm
    print(
        f"{n_nights} nights of {min(sizes):,} to {max(sizes):,} rows: alarms "
        f"{alarms['alone']} alone, {alarms['with a state']} with a state"
    )


class Nights:
    """Draws nights of different sizes, from groups of which a tenth changes a night."""

    def __init__(self, n_rows: int, groups: Any, rng: np.random.Generator) -> None:
        self._rng, self._n_rows = rng, n_rows
        self._codes = None if groups is None else pd.factorize(groups)[0]
        if self._codes is not None:
            self._present = rng.random(self._codes.max() + 1) < 0.5

    def __call__(self) -> np.ndarray:
        """Return the rows of the next night."""
        size = int(np.clip(np.exp(self._rng.normal(np.log(1_500), 1.0)), 30, 8_000))
        if self._codes is None:
            return self._rng.integers(0, self._n_rows, size)
        there = self._present
        flipped = self._rng.random(len(there)) < 0.1
        self._present = np.where(flipped, self._rng.random(len(there)) < 0.5, there)
        share = min(1.0, 2.0 * size / self._n_rows)
        chosen = self._present & (self._rng.random(len(there)) < share)
        found = np.flatnonzero(chosen[self._codes])
        return found if len(found) else self()


def simulate_all(n_nights: int) -> None:
    """Simulate nights of three tables."""
    from aeanomaly import AutoencoderOutlierDetector

    fitted, later = transactions()
    detector = AutoencoderOutlierDetector(random_state=0).fit(fitted)
    later = later[later["timestamp"] < "2025-02-22"]
    weeks = later["customer_id"] + later["timestamp"].dt.strftime(" %U")
    features = later.drop(columns=_DROPPED)
    for name, groups in ("rows", None), ("weeks of customers", weeks):
        print(f"transactions, {name}: ", end="", flush=True)
        simulate(detector, features, groups, n_nights)
    for name in ("give_me_credit", "turbofan"):
        table = pd.read_parquet(_CREDIT / f"{name}.parquet").drop(columns="anomaly")
        rows = table.sample(frac=1, random_state=0)
        half = len(rows) // 2
        detector = AutoencoderOutlierDetector(random_state=0).fit(rows[:half])
        # Lumps of eight rows that are next to each other in their first column.
        rest = rows[half:].sort_values(rows.columns[0])
        lumps = pd.Series(np.arange(len(rest)) // 8)
        for of, groups in ("rows", None), ("lumps of eight rows", lumps):
            print(f"{name}, {of}: ", end="", flush=True)
            simulate(detector, rest, groups, n_nights)


# --- A peer ---


def write_nights(folder: Path) -> None:
    """Write what a peer needs: reference, and nights by kind and size."""
    folder.mkdir(parents=True, exist_ok=True)
    fitted, later = transactions()
    fitted.to_parquet(folder / "reference.parquet")
    nights = nights_of(later)
    for seed, night in enumerate(nights):
        night.to_parquet(folder / f"stable_{seed}.parquet")
        for i, kind in enumerate((*KINDS, ODD)):
            for j, size in enumerate(kind.sizes):
                path = folder / f"kind_{i:02}_{j}_{seed}.parquet"
                changed(kind, size, night, seed).to_parquet(path)


def measure_peer(folder: Path) -> None:
    """Print how many columns evidently finds to have drifted in the first night."""
    reference = pd.read_parquet(folder / "reference.parquet")
    stable = [pd.read_parquet(path) for path in sorted(folder.glob("stable_*"))]
    print(f"stable: {[drifted_columns(reference, night) for night in stable]} columns")
    for j in (0, 1, 2):
        for i, kind in enumerate((*KINDS, ODD)):
            night = pd.read_parquet(folder / f"kind_{i:02}_{j}_0.parquet")
            n_drifted = drifted_columns(reference, night)
            print(f"{kind.name}, {kind.sizes[j]}: {n_drifted}", flush=True)


def drifted_columns(reference: pd.DataFrame, night: pd.DataFrame) -> int:
    """Return how many columns evidently finds to have drifted, by its defaults."""
    from evidently import Dataset, Report
    from evidently.presets import DataDriftPreset

    names = [n for n in reference.columns if n in night.columns and n != "timestamp"]
    # It takes no times: their hours are what the watch looks at as well.
    tables = [
        Dataset.from_pandas(
            table[names].assign(hour=table["timestamp"].dt.hour.astype(float))
        )
        for table in (night, reference)
    ]
    found = Report([DataDriftPreset()]).run(*tables).dict()
    counted = next(
        m for m in found["metrics"] if "DriftedColumnsCount" in m["metric_name"]
    )
    return int(counted["value"]["count"])


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", action="store_true")
    parser.add_argument("--nights", type=int, metavar="N")
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    parser.add_argument("--peer", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    start = time.perf_counter()
    if arguments.changes:
        from aeanomaly import AutoencoderOutlierDetector

        fitted, later = transactions()
        measure_changes(AutoencoderOutlierDetector(random_state=0).fit(fitted), later)
    if arguments.nights:
        simulate_all(arguments.nights)
    if arguments.write:
        write_nights(arguments.write)
    if arguments.peer:
        measure_peer(arguments.peer)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
