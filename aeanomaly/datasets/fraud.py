"""What fraud looks like: each kind is a genuine-looking purchase with a few changes.

A kind is a function of the generator, the world, the genuine purchases and a number of
rows; it gives that many events. Adding one is writing such a function and an entry in
``KINDS``.
"""

from __future__ import annotations

import numpy as np

from aeanomaly.datasets.population import (
    ANDROID,
    ATM,
    CARD,
    CATEGORY,
    CHIP,
    CONTACTLESS,
    DAY,
    END,
    FAR_KM,
    IOS,
    LINUX,
    MACOS,
    MAGSTRIPE,
    NO_DEVICE,
    ONLINE,
    RECURRING,
    WINDOWS,
    World,
    country_distances,
    draw,
    draw_levels,
)
from aeanomaly.datasets.purchases import (
    CARD_PRESENT,
    EVENT,
    complete,
    draw_categories,
    draw_channels,
    draw_customers,
    draw_seconds,
    set_place,
    write_amounts,
)


def large_amount(rng, world: World, genuine, n_rows: int) -> np.ndarray:
    """Buy easily resold goods for far more than the customer ever spends."""
    events = np.zeros(n_rows, dtype=EVENT)
    events["customer"] = draw_customers(rng, world, n_rows)
    events["category"] = _choose(rng, n_rows, "electronics", "jewellery", "gift_cards")
    events["channel"] = np.array([CHIP, ONLINE])[draw(rng, [0.4, 0.6], n_rows)]
    events["time"] = _any_day(rng, n_rows) + draw_seconds(rng, events["category"])
    complete(rng, world, events)
    _scale(events, rng.uniform(8, 30, n_rows))
    return events


def card_testing(rng, world: World, genuine, n_rows: int) -> np.ndarray:
    """Test stolen numbers in bursts of tiny online payments."""
    episode, position = _episodes(rng, n_rows, 4, 12)
    events = np.zeros(n_rows, dtype=EVENT)
    events["customer"] = draw_customers(rng, world, n_rows)[episode]
    events["category"] = _choose(rng, n_rows, "digital_goods", "charity")[episode]
    events["channel"] = ONLINE
    start = rng.integers(0, END - DAY, n_rows)[episode]
    events["time"] = start + position * rng.integers(15, 90, n_rows)[episode]
    complete(rng, world, events)
    # Scripts run on servers, and often give no device away.
    events["device"] = np.where(rng.random(n_rows) < 0.3, NO_DEVICE, LINUX)
    write_amounts(events, rng.uniform(0.2, 3.0, n_rows))
    return events


def impossible_travel(rng, world: World, genuine, n_rows: int) -> np.ndarray:
    """Use a copied card in a far country, hours after its owner paid at home."""
    anchors = _paid_at_home(world, genuine, CARD_PRESENT)
    episode, position = _episodes(rng, n_rows, 1, 3)
    anchor = anchors[rng.integers(0, len(anchors), n_rows)][episode]
    events = np.zeros(n_rows, dtype=EVENT)
    events["customer"] = anchor["customer"]
    events["category"] = _choose(rng, n_rows, "cash", "electronics", "clothing")
    cash = events["category"] == CATEGORY["cash"]
    events["channel"] = np.where(cash, ATM, MAGSTRIPE)
    gap = rng.integers(1_800, 4 * 3_600, n_rows)[episode]
    later = position * rng.integers(300, 2_400, n_rows)[episode]
    events["time"] = np.minimum(anchor["time"] + gap + later, END - 1)
    complete(rng, world, events)
    far = country_distances() > FAR_KM
    # One country per victim: a copied card is used where it was sold.
    events["country"] = draw_levels(rng, far, world.home)[events["customer"]]
    set_place(rng, world, events)
    _scale(events, rng.uniform(1.5, 4, n_rows))
    return events


def stolen_card(rng, world: World, genuine, n_rows: int) -> np.ndarray:
    """Pay contactless in quick succession, each time just below the PIN limit."""
    episode, position = _episodes(rng, n_rows, 4, 9)
    events = np.zeros(n_rows, dtype=EVENT)
    events["customer"] = draw_customers(rng, world, n_rows)[episode]
    events["category"] = _choose(rng, n_rows, "groceries", "fuel", "pharmacy")
    events["channel"] = CONTACTLESS
    # Taken on an evening out, away from home, and used at once.
    evening = (rng.normal(21.0, 1.5, n_rows) * 3_600).astype(np.int64)
    start = _any_day(rng, n_rows) + evening
    later = position * rng.integers(240, 1_500, n_rows)[episode]
    later += rng.integers(0, 240, n_rows)
    events["time"] = np.minimum(start[episode] + later, END - 1)
    complete(rng, world, events)
    # Above the limit, an amount drawn by habit asked for the chip.
    events["channel"], events["device"] = CONTACTLESS, CARD
    events["distance"] += rng.uniform(2, 20, n_rows)[episode]
    write_amounts(events, rng.uniform(28, 50, n_rows))
    return events


def account_takeover(rng, world: World, genuine, n_rows: int) -> np.ndarray:
    """Order in the customer's name: at night, a new device, somewhat higher."""
    events = np.zeros(n_rows, dtype=EVENT)
    events["customer"] = draw_customers(rng, world, n_rows)
    shops = ("online_retail", "clothing", "electronics", "digital_goods", "travel")
    events["category"] = _choose(rng, n_rows, *shops)
    events["channel"] = ONLINE
    night = (rng.normal(3.0, 1.5, n_rows) * 3_600).astype(np.int64) % DAY
    events["time"] = _any_day(rng, n_rows) + night
    complete(rng, world, events)
    others = np.array([IOS, ANDROID, WINDOWS, MACOS])
    events["device"] = others[rng.integers(0, len(others), n_rows)]
    _scale(events, rng.uniform(1.3, 2.5, n_rows))
    return events


def compromised_merchant(rng, world: World, genuine, n_rows: int) -> np.ndarray:
    """Charge the cards of many customers, late in the day, at one shop's terminal."""
    episode, _ = _episodes(rng, n_rows, 15, 40)
    shops = _paid_at_home(world, genuine, (CHIP, CONTACTLESS))
    shop = shops[rng.integers(0, len(shops), n_rows)][episode]
    events = np.zeros(n_rows, dtype=EVENT)
    events["category"] = shop["category"]
    events["channel"] = np.where(rng.random(n_rows) < 0.3, MAGSTRIPE, CHIP)
    # Cards of the shop's own country: nothing is unusual about the place.
    events["customer"] = _residents(rng, world, shop["country"])
    day = rng.integers(0, END // DAY - 10, n_rows)[episode]
    day += rng.integers(0, 10, n_rows)
    closing = np.rint(rng.normal(22.0, 2.0, n_rows) * 3_600).astype(np.int64)
    events["time"] = day * DAY + closing
    complete(rng, world, events)
    events["country"] = shop["country"]
    set_place(rng, world, events)
    events["merchant"] = shop["merchant"]
    write_amounts(events, shop["cents"] / 100 * rng.uniform(2.5, 4.0, n_rows))
    return events


def gradual_drift(rng, world: World, genuine, n_rows: int) -> np.ndarray:
    """Follow the customer's habits for days, paying a quarter more each time."""
    episode, position = _episodes(rng, n_rows, 5, 12)
    events = np.zeros(n_rows, dtype=EVENT)
    events["customer"] = draw_customers(rng, world, n_rows)[episode]
    events["category"] = draw_categories(rng, world, events["customer"])
    channel = draw_channels(rng, events["category"])
    events["channel"] = np.where(channel == RECURRING, ONLINE, channel)
    # Once a day, at most 12 times: the series ends before the stream does.
    start = rng.integers(0, END // DAY - 12, n_rows)[episode] * DAY
    days = position * DAY
    events["time"] = start + days + draw_seconds(rng, events["category"])
    complete(rng, world, events)
    _scale(events, 1.25 ** (position + 1))
    return events


#: Share of the fraud rows and the function of each kind; code 0 means no fraud.
KINDS = {
    "large_amount": (0.10, large_amount),
    "card_testing": (0.20, card_testing),
    "impossible_travel": (0.14, impossible_travel),
    "stolen_card": (0.14, stolen_card),
    "account_takeover": (0.18, account_takeover),
    "compromised_merchant": (0.12, compromised_merchant),
    "gradual_drift": (0.12, gradual_drift),
}
KIND_NAMES = ("none", *KINDS)


def fraudulent_purchases(rng, world: World, genuine, n_rows: int) -> np.ndarray:
    """Draw ``n_rows`` frauds of all kinds against the customers of ``genuine``.

    Returns
    -------
    events : structured ndarray of shape (n_rows,) and dtype EVENT
        Every kind is there if ``n_rows`` is at least the number of kinds.
    """
    parts = [np.zeros(0, dtype=EVENT)]
    counts = share_out(n_rows, [share for share, _ in KINDS.values()])
    for code, ((_, make), count) in enumerate(
        zip(KINDS.values(), counts, strict=True), start=1
    ):
        if count:
            part = make(rng, world, genuine, count)
            part["kind"] = code
            parts.append(part)
    return np.concatenate(parts)


def share_out(n_rows: int, shares) -> list[int]:
    """Split ``n_rows`` by shares; each gets one first, as far as they reach."""
    counts = (np.arange(len(shares)) < n_rows).astype(int)
    quotas = max(n_rows - counts.sum(), 0) * np.asarray(shares) / np.sum(shares)
    counts += quotas.astype(int)
    by_remainder = np.argsort(quotas.astype(int) - quotas, kind="stable")
    counts[by_remainder[: n_rows - counts.sum()]] += 1
    return counts.tolist()


def _episodes(rng, n_rows: int, shortest: int, longest: int):
    """Group rows into episodes; gives each row its episode and its place in it."""
    ends = np.cumsum(rng.integers(shortest, longest + 1, n_rows))
    rows = np.arange(n_rows)
    episode = np.searchsorted(ends, rows, side="right")
    starts = np.concatenate([[0], ends])
    return episode, rows - starts[episode]


def _choose(rng, n_rows: int, *names: str) -> np.ndarray:
    codes = np.array([CATEGORY[name] for name in names])
    return codes[rng.integers(0, len(codes), n_rows)]


def _any_day(rng, n_rows: int) -> np.ndarray:
    return rng.integers(0, END // DAY, n_rows) * DAY


def _paid_at_home(world: World, genuine, channels) -> np.ndarray:
    chosen = np.isin(genuine["channel"], channels)
    chosen &= genuine["country"] == world.home[genuine["customer"]]
    # A handful of rows may hold none; any purchase then has to do.
    return genuine[chosen] if chosen.any() else genuine


def _residents(rng, world: World, country) -> np.ndarray:
    """Draw for each country one of the customers who live there, or else anyone."""
    by_home = np.argsort(world.home, kind="stable")
    first = np.searchsorted(world.home[by_home], country, side="left")
    last = np.searchsorted(world.home[by_home], country, side="right")
    nobody = first == last
    first[nobody], last[nobody] = 0, world.n_customers
    return by_home[rng.integers(first, last)]


def _scale(events, factors) -> None:
    write_amounts(events, events["cents"] / 100 * factors)
