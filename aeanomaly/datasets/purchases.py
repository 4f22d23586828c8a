"""What ordinary purchases look like: the genuine part of the stream."""

from __future__ import annotations

import numpy as np

from aeanomaly.datasets.population import (
    ATM,
    CARD,
    CATEGORIES,
    CHANNEL_PROFILES,
    CHIP,
    CONTACTLESS,
    COUNTRIES,
    DAY,
    FIRST_WEEKDAY,
    HOUR_PROFILES,
    MAGSTRIPE,
    NO_DEVICE,
    ONLINE,
    RECURRING,
    WEEKDAY_WEIGHTS,
    World,
    country_distances,
    draw,
    draw_levels,
    draw_rank,
    segment_weights,
)

#: One purchase. Names of levels and missing values come in only with the final table.
EVENT = np.dtype(
    [
        ("time", np.int64),  # seconds since the first day of the stream
        ("customer", np.int64),
        ("category", np.int64),
        ("channel", np.int64),
        ("country", np.int64),
        ("device", np.int64),  # NO_DEVICE where unknown
        ("distance", np.float64),  # km from home; NaN where no card was present
        ("merchant", np.int64),
        ("cents", np.int64),  # integers, so that sums over a history are exact
        ("kind", np.int64),  # of fraud; 0 is a genuine purchase
    ]
)

CONTACTLESS_LIMIT = 5_000  # cents; above it a card asks for its chip and a PIN
CARD_LIMIT = 15_000.0  # euro
FOLLOW_UPS = 0.15  # share of purchases made shortly after another one
BLOCKED_DEVICES = 0.03  # share of online purchases whose device is not recognised
CARD_PRESENT = (CHIP, CONTACTLESS, MAGSTRIPE, ATM)


def genuine_purchases(
    rng, world: World, n_rows: int, first_day: int, n_days: int
) -> np.ndarray:
    """Draw ``n_rows`` genuine purchases in ``n_days`` days from ``first_day`` on.

    Returns
    -------
    events : structured ndarray of shape (n_rows,) and dtype EVENT
        In no particular order of time.
    """
    events = np.zeros(n_rows, dtype=EVENT)
    events["customer"] = draw_customers(rng, world, n_rows)
    events["category"] = draw_categories(rng, world, events["customer"])
    events["channel"] = draw_channels(rng, events["category"])
    days = first_day + np.arange(n_days)
    weights = np.take(WEEKDAY_WEIGHTS, (days + FIRST_WEEKDAY) % 7)
    day = days[draw(rng, weights, n_rows)]
    events["time"] = day * DAY + draw_seconds(rng, events["category"])
    _move_follow_ups(rng, events, last_second=(first_day + n_days) * DAY - 1)
    complete(rng, world, events)
    return events


def draw_customers(rng, world: World, n_rows: int) -> np.ndarray:
    """Draw customers, active ones more often."""
    position = rng.random(n_rows) * world.activity[-1]
    found = np.searchsorted(world.activity, position, side="right")
    return np.minimum(found, world.n_customers - 1)


def draw_categories(rng, world: World, customer) -> np.ndarray:
    """Draw what each customer buys, by the habits of their segment."""
    return draw_levels(rng, segment_weights(), world.segment[customer])


def draw_channels(rng, category) -> np.ndarray:
    """Draw how each purchase is paid, by what its category allows."""
    profiles = [CHANNEL_PROFILES[c.channels] for c in CATEGORIES]
    return draw_levels(rng, profiles, category)


def draw_seconds(rng, category) -> np.ndarray:
    """Draw the second of the day, by the opening hours of each category."""
    hours = draw_levels(rng, [HOUR_PROFILES[c.hours] for c in CATEGORIES], category)
    return hours * 3_600 + rng.integers(0, 3_600, len(category))


def complete(rng, world: World, events) -> None:
    """Fill in place what follows from customer, time, category and channel."""
    set_country(rng, world, events)
    set_device(rng, world, events)
    set_place(rng, world, events)
    set_amount(rng, world, events)


def set_country(rng, world: World, events) -> None:
    """Set the country: home, a trip's destination, or that of a foreign web shop."""
    customer = events["customer"]
    first, last = world.trip[customer].T * DAY
    travels = (events["time"] >= first) & (events["time"] < last)
    orders_abroad = rng.random(len(events)) < 0.08
    foreign = draw(rng, [c.visits for c in COUNTRIES], len(events))
    country = world.home[customer].copy()
    present = is_present(events)
    np.copyto(country, world.destination[customer], where=present & travels)
    online = events["channel"] == ONLINE
    np.copyto(country, foreign, where=online & orders_abroad)
    events["country"] = country


def set_device(rng, world: World, events) -> None:
    """Set the device: the card, the customer's phone or computer, or unknown."""
    customer, channel = events["customer"], events["channel"]
    chance = rng.random(len(events))
    device = np.full(len(events), CARD)
    wallet = (channel == CONTACTLESS) & (chance < 0.45)
    np.copyto(device, world.phone[customer], where=wallet)
    online = channel == ONLINE
    on_phone = online & (chance < 0.6)
    np.copyto(device, world.computer[customer], where=online & ~on_phone)
    np.copyto(device, world.phone[customer], where=on_phone)
    blocked = online & (rng.random(len(events)) < BLOCKED_DEVICES)
    device[blocked | (channel == ATM) | (channel == RECURRING)] = NO_DEVICE
    events["device"] = device


def set_place(rng, world: World, events) -> None:
    """Set the merchant, and the distance from home, within the country of the row."""
    customer, country = events["customer"], events["country"]
    n_rows = len(events)
    local = world.radius[customer] * np.exp(1.1 * rng.standard_normal(n_rows))
    apart = country_distances()[world.home[customer], country]
    distance = np.minimum(local, 600.0) + apart * rng.uniform(0.9, 1.1, n_rows)
    events["distance"] = np.where(is_present(events), distance, np.nan)

    category, per_cell = events["category"], world.merchants_per_cell
    rank = draw_rank(rng, np.full(n_rows, per_cell))
    loyal = (rng.random(n_rows) < 0.5) & (country == world.home[customer])
    loyal |= events["channel"] == RECURRING
    np.copyto(rank, world.favourite[customer, category], where=loyal)
    events["merchant"] = (category * len(COUNTRIES) + country) * per_cell + rank


def set_amount(rng, world: World, events) -> None:
    """Set the amount: log-normal around category and customer, with a heavy tail."""
    customer, category = events["customer"], events["category"]
    n_rows = len(events)
    deviate = rng.standard_normal(n_rows)
    tail = np.where(rng.random(n_rows) < 0.03, rng.exponential(0.6, n_rows), 0.0)
    # A subscription costs the same each time.
    recurring = events["channel"] == RECURRING
    np.copyto(deviate, world.habit[customer, category], where=recurring)
    tail[recurring] = 0.0
    median = np.log([c.median for c in CATEGORIES])[category]
    sigma = np.array([c.sigma for c in CATEGORIES])[category]
    log_amount = median + world.level[customer] + sigma * deviate + tail
    write_amounts(events, np.exp(log_amount))


def write_amounts(events, euro) -> None:
    """Store amounts in cents: whole notes at a machine, and the limits of a card."""
    # Mirrored at the limit on the scale of logarithms: cut there, equal amounts would
    # pile up.
    euro = np.where(euro > CARD_LIMIT, CARD_LIMIT**2 / euro, euro)
    cents = np.maximum(np.rint(100 * euro), 10).astype(np.int64)
    at_machine = events["channel"] == ATM
    notes = np.clip(np.rint(cents / 1_000), 1, 100).astype(np.int64) * 1_000
    np.copyto(cents, notes, where=at_machine)
    events["cents"] = cents
    above = (events["channel"] == CONTACTLESS) & (events["device"] == CARD)
    events["channel"][above & (cents > CONTACTLESS_LIMIT)] = CHIP


def is_present(events) -> np.ndarray:
    """Whether the card, or a phone that stands for it, was at the terminal."""
    return np.isin(events["channel"], CARD_PRESENT)


def _move_follow_ups(rng, events, last_second: int) -> None:
    """Turn some purchases into ones made soon after another of the same customer."""
    n_moved = int(FOLLOW_UPS * len(events))
    if n_moved == 0:
        return
    # Rows are exchangeable here, so the first ones are as good as a random choice.
    leader = rng.integers(n_moved, len(events), n_moved)
    later = 60 + rng.exponential(1_500, n_moved).astype(np.int64)
    events["customer"][:n_moved] = events["customer"][leader]
    events["time"][:n_moved] = np.minimum(events["time"][leader] + later, last_second)
