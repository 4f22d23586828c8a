"""Synthetic card transactions: the generator's public face, and the checked-in table.

``population`` draws who pays, ``purchases`` what they buy, ``fraud`` what thieves do;
here the two streams become one table with the history of each customer.
"""

from __future__ import annotations

import os
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from aeanomaly.datasets.fraud import KIND_NAMES, fraudulent_purchases
from aeanomaly.datasets.population import (
    CATEGORIES,
    CHANNEL_NAMES,
    COUNTRIES,
    DAY,
    DEVICE_NAMES,
    PERIOD_DAYS,
    WARM_UP_DAYS,
    World,
    make_world,
)
from aeanomaly.datasets.purchases import genuine_purchases, is_present

FIRST_DAY = np.datetime64("2025-01-01", "s")
MISSING_MERCHANT_AGE = 0.05

#: The columns in order, with the dtype that both the generator and the loader give.
DTYPES = {
    "transaction_id": "str",
    "timestamp": "datetime64[s]",
    "customer_id": "str",
    "merchant_id": "str",
    "amount": "float64",
    "category": "str",
    "channel": "str",
    "card_present": "bool",
    "country": "str",
    "device": "str",
    "distance_from_home_km": "float64",
    "merchant_age_days": "float64",
    "account_age_days": "int64",
    "n_transactions_24h": "int64",
    "n_transactions_7d": "int64",
    "mean_amount_30d": "float64",
    "days_since_last": "float64",
    "is_fraud": "int64",
    "fraud_kind": "str",
}


def make_transactions(
    n_samples: int = 20_000, *, fraud_rate: float = 0.01, random_state=None
):
    """Generate a table of card transactions with several kinds of fraud.

    Customers of four segments, each with a home country, devices, favourite merchants
    and sometimes a trip, pay at merchants of 20 categories for 90 days from 1 January
    2025 on. There is one customer per 50 rows.

    Parameters
    ----------
    n_samples : int, default=20_000
        Number of rows, frauds included; at least 1.
    fraud_rate : float, default=0.01
        Share of frauds, in [0.0, 0.5]. The table has exactly
        ``round(n_samples * fraud_rate)`` of them, and every kind if that is at least 7.
    random_state : int, numpy.random.Generator or None, default=None
        An int gives the same table at each call. A generator is drawn from, and so
        moves on. NumPy's global random state is neither read nor changed.

    Returns
    -------
    transactions : DataFrame of shape (n_samples, 19)
        Sorted by time, with a ``RangeIndex`` and these columns:

        - ``transaction_id``, ``customer_id``, ``merchant_id``: str, not features;
        - ``timestamp``: datetime64[s], the customer's local time;
        - ``amount``: float, euro;
        - ``category``, ``channel``, ``country``, ``device``: str; ``country`` is the
          merchant's; ``device`` is missing at cash machines, for recurring charges,
          and where an online shop recognised none;
        - ``card_present``: bool, false for online and recurring payments;
        - ``distance_from_home_km``: float, missing where no card was present;
        - ``merchant_age_days``: float, missing at random in 5 % of the rows;
        - ``account_age_days``: int;
        - ``n_transactions_24h``, ``n_transactions_7d``: int, earlier payments of the
          customer in that time, this one not counted;
        - ``mean_amount_30d``: float, mean amount of the customer's earlier payments in
          30 days, euro; missing where there are none;
        - ``days_since_last``: float, missing where no earlier payment is known;
        - ``is_fraud``: int, 1 for fraud and 0 otherwise;
        - ``fraud_kind``: str, ``"none"`` or the kind.

    Raises
    ------
    TypeError
        If a parameter has the wrong type.
    ValueError
        If a parameter is out of its range.

    See Also
    --------
    load_transactions : One such table, with a fixed seed, from a file.

    Notes
    -----
    The kinds, easy ones first: ``card_testing``, ``impossible_travel`` and
    ``large_amount``; ``stolen_card``; ``account_takeover``, ``gradual_drift`` and
    ``compromised_merchant``. Each is a genuine-looking payment with a few changes;
    ``datasets/README.md`` describes them.

    The history columns are computed from the stream itself, frauds included, as a bank
    sees it at the time. For the first rows they look back into 30 days of genuine
    payments before the stream, which the table leaves out.

    For one seed the table is the same on every platform up to rounding, as long as
    NumPy keeps the stream of its generator.

    Examples
    --------
    >>> from aeanomaly.datasets import make_transactions
    >>> transactions = make_transactions(2_000, fraud_rate=0.02, random_state=0)
    >>> transactions.shape
    (2000, 19)
    >>> int(transactions["is_fraud"].sum()), transactions["fraud_kind"].nunique()
    (40, 8)
    >>> bool(transactions["timestamp"].is_monotonic_increasing)
    True
    """
    n_samples, fraud_rate = _check_parameters(n_samples, fraud_rate)
    rng = _check_random_state(random_state)
    world = make_world(rng, n_samples)
    n_frauds = round(n_samples * fraud_rate)
    n_genuine = n_samples - n_frauds
    n_warm_up = round(n_genuine * WARM_UP_DAYS / PERIOD_DAYS)
    warm_up = genuine_purchases(rng, world, n_warm_up, -WARM_UP_DAYS, WARM_UP_DAYS)
    genuine = genuine_purchases(rng, world, n_genuine, 0, PERIOD_DAYS)
    frauds = fraudulent_purchases(rng, world, genuine, n_frauds)
    events = np.concatenate([warm_up, genuine, frauds])
    events = events[np.lexsort((events["customer"], events["time"]))]
    history = _history(events)
    shown = events["time"] >= 0
    history = {name: column[shown] for name, column in history.items()}
    return _to_frame(rng, world, events[shown], history)


def load_transactions(path: str | os.PathLike | None = None):
    """Read the table of transactions that comes with the package, or one like it.

    Parameters
    ----------
    path : str or path-like, default=None
        A CSV file with the columns of :func:`make_transactions`. ``None`` reads the
        table of 20,000 rows that the project generated with a fixed seed.

    Returns
    -------
    transactions : DataFrame of shape (n_samples, 19)
        The columns and dtypes of :func:`make_transactions`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If columns are missing from the file.

    See Also
    --------
    make_transactions : Generate such a table, of any size.

    Examples
    --------
    >>> from aeanomaly.datasets import load_transactions
    >>> transactions = load_transactions()
    >>> transactions.shape
    (20000, 19)
    >>> int(transactions["is_fraud"].sum())
    200
    """
    import pandas as pd

    file = _find_table() if path is None else Path(path)
    if not file.is_file():
        raise FileNotFoundError(
            f"There is no table of transactions at {str(file)!r}. Pass the path of "
            "a CSV file with the columns of make_transactions, or pass none to read "
            "the table that comes with the package."
        )
    present = pd.read_csv(file, nrows=0).columns
    missing = [name for name in DTYPES if name not in present]
    if missing:
        raise ValueError(
            f"{str(file)!r} lacks the column(s) {', '.join(missing)}. It must have the "
            "columns of make_transactions; write one with "
            "make_transactions(...).to_csv(path, index=False)."
        )
    # An empty field is the only missing value: the kind "none" is a level, and a text
    # such as "NA" must never turn into one.
    table = pd.read_csv(
        file,
        usecols=list(DTYPES),
        dtype={k: v for k, v in DTYPES.items() if k != "timestamp"},
        parse_dates=["timestamp"],
        keep_default_na=False,
        na_values=[""],
    )
    return table.astype({"timestamp": DTYPES["timestamp"]})[list(DTYPES)]


def _find_table() -> Path:
    package = Path(__file__).resolve().parents[1]
    # A wheel carries the table as package data. A clone, and an editable install of
    # one, has it in the top-level folder beside the package.
    installed = package / "_data" / "transactions.csv"
    cloned = package.parent / "datasets" / "transactions.csv"
    for place in (installed, cloned):
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"The table of transactions is neither at {str(installed)!r} (installed "
        f"package) nor at {str(cloned)!r} (clone). Pass the path of a copy, "
        "load_transactions(path), or generate one: make_transactions(random_state=0)."
    )


def _check_parameters(n_samples, fraud_rate) -> tuple[int, float]:
    if not isinstance(n_samples, Integral) or isinstance(n_samples, bool):
        raise TypeError(
            "The 'n_samples' parameter of make_transactions must be an int of at least "
            f"1. Got {n_samples!r} instead."
        )
    if n_samples < 1:
        raise ValueError(
            "The 'n_samples' parameter of make_transactions must be an int of at least "
            f"1. Got {n_samples!r} instead."
        )
    if not isinstance(fraud_rate, Real) or isinstance(fraud_rate, bool):
        raise TypeError(
            "The 'fraud_rate' parameter of make_transactions must be a number in the "
            f"range [0.0, 0.5]. Got {fraud_rate!r} instead."
        )
    if not 0.0 <= float(fraud_rate) <= 0.5:
        raise ValueError(
            "The 'fraud_rate' parameter of make_transactions must be a number in the "
            f"range [0.0, 0.5]. Got {fraud_rate!r} instead. Pass a share, such as 0.01 "
            "for one per cent."
        )
    return int(n_samples), float(fraud_rate)


def _check_random_state(random_state) -> np.random.Generator:
    if isinstance(random_state, np.random.Generator):
        return random_state
    is_seed = isinstance(random_state, Integral) and not isinstance(random_state, bool)
    if random_state is None or (is_seed and random_state >= 0):
        return np.random.default_rng(random_state)
    raise (ValueError if is_seed else TypeError)(
        "The 'random_state' parameter of make_transactions must be a non-negative int, "
        f"a numpy.random.Generator or None. Got {random_state!r} instead."
    )


def _history(events) -> dict[str, np.ndarray]:
    """Describe for each event the earlier ones of its customer; events are by time."""
    order = np.argsort(events["customer"], kind="stable")
    customer, time = events["customer"][order], events["time"][order]
    # One increasing key for all customers, who are further apart than any look back:
    # a window then never reaches into another customer.
    key = customer * (2 * (PERIOD_DAYS + WARM_UP_DAYS) * DAY) + time
    position = np.arange(len(events))
    begin = {
        days: np.searchsorted(key, key - days * DAY, side="left")
        for days in (1, 7, WARM_UP_DAYS)
    }
    cents = np.concatenate([[0], np.cumsum(events["cents"][order])])
    start = begin[WARM_UP_DAYS]
    n_month = position - start
    with np.errstate(invalid="ignore"):
        mean_cents = (cents[position] - cents[start]) / n_month
        is_first = np.diff(customer, prepend=-1) != 0
        gap = np.where(is_first, np.nan, np.diff(time, prepend=0) / DAY)
    columns = {
        "n_transactions_24h": position - begin[1],
        "n_transactions_7d": position - begin[7],
        "mean_amount_30d": np.round(mean_cents / 100, 2),
        "days_since_last": np.round(gap, 4),
    }
    by_time = np.empty_like(order)
    by_time[order] = position
    return {name: column[by_time] for name, column in columns.items()}


def _to_frame(rng, world: World, events, history):
    """Name the levels, add ages, and put the columns in order."""
    import pandas as pd

    n_rows = len(events)
    day = events["time"] // DAY
    merchant_age = day - world.merchant_opened[events["merchant"]]
    merchant_age[rng.random(n_rows) < MISSING_MERCHANT_AGE] = np.nan
    columns = {
        "transaction_id": _ids("T", 8, np.arange(1, n_rows + 1)),
        "timestamp": FIRST_DAY + events["time"].astype("timedelta64[s]"),
        "customer_id": _ids("C", 6, events["customer"]),
        "merchant_id": _ids("M", 6, events["merchant"]),
        "amount": events["cents"] / 100,
        "category": _names([c.name for c in CATEGORIES], events["category"]),
        "channel": _names(CHANNEL_NAMES, events["channel"]),
        "card_present": is_present(events),
        "country": _names([c.code for c in COUNTRIES], events["country"]),
        # The code of no device, -1, finds the last entry.
        "device": _names([*DEVICE_NAMES, np.nan], events["device"]),
        "distance_from_home_km": np.round(events["distance"], 1),
        "merchant_age_days": merchant_age,
        "account_age_days": (day - world.opened[events["customer"]]).astype(np.int64),
        **history,
        "is_fraud": (events["kind"] > 0).astype(np.int64),
        "fraud_kind": _names(KIND_NAMES, events["kind"]),
    }
    return pd.DataFrame(columns)[list(DTYPES)]


def _names(levels, codes) -> np.ndarray:
    return np.array(levels, dtype=object)[codes]


def _ids(letter: str, width: int, numbers) -> np.ndarray:
    values, where = np.unique(numbers, return_inverse=True)
    return _names([f"{letter}{value:0{width}d}" for value in values.tolist()], where)
