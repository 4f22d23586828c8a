"""Who pays and where: the levels, the customers and the merchants of the generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

DAY = 86_400  # seconds
PERIOD_DAYS = 90
# The longest history column looks back 30 days; that many days are generated before
# the first row, and then dropped, so that the first rows have a history too.
WARM_UP_DAYS = 30
END = PERIOD_DAYS * DAY
ROWS_PER_CUSTOMER = 50  # in 90 days: about four purchases a week


class Category(NamedTuple):
    """One merchant category: how often, how much (euro), through what, and when."""

    name: str
    frequency: float
    median: float
    sigma: float
    channels: str
    hours: str


CATEGORIES = (
    Category("groceries", 220, 28, 0.75, "shop", "day"),
    Category("restaurants", 120, 24, 0.60, "shop", "evening"),
    Category("online_retail", 95, 32, 0.90, "web", "late"),
    Category("transport", 75, 6, 0.80, "mixed", "day"),
    Category("fuel", 60, 55, 0.35, "shop", "day"),
    Category("cash", 60, 80, 0.60, "cash", "day"),
    Category("subscriptions", 55, 11, 0.40, "bill", "any"),
    Category("clothing", 50, 48, 0.70, "mixed", "day"),
    Category("digital_goods", 45, 7, 0.70, "web", "late"),
    Category("pharmacy", 40, 16, 0.60, "shop", "day"),
    Category("entertainment", 35, 26, 0.60, "mixed", "evening"),
    Category("utilities", 25, 75, 0.50, "bill", "any"),
    Category("electronics", 18, 140, 1.00, "mixed", "day"),
    Category("travel", 15, 180, 0.90, "web", "late"),
    Category("hotels", 14, 150, 0.70, "mixed", "evening"),
    Category("furniture", 12, 160, 1.00, "mixed", "day"),
    Category("charity", 10, 20, 0.80, "web", "late"),
    Category("gift_cards", 8, 40, 0.60, "mixed", "day"),
    Category("gambling", 8, 30, 0.90, "web", "late"),
    Category("jewellery", 3, 190, 1.00, "mixed", "day"),
)
CATEGORY = {category.name: code for code, category in enumerate(CATEGORIES)}

CHANNEL_NAMES = ("chip", "contactless", "magstripe", "online", "recurring", "atm")
CHIP, CONTACTLESS, MAGSTRIPE, ONLINE, RECURRING, ATM = range(len(CHANNEL_NAMES))
CHANNEL_PROFILES = {
    "shop": (0.420, 0.570, 0.010, 0.0, 0.0, 0.0),
    "mixed": (0.300, 0.290, 0.010, 0.4, 0.0, 0.0),
    "web": (0.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    "bill": (0.0, 0.0, 0.0, 0.2, 0.8, 0.0),
    "cash": (0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
}

DEVICE_NAMES = ("card", "ios", "android", "windows", "macos", "linux")
CARD, IOS, ANDROID, WINDOWS, MACOS, LINUX = range(len(DEVICE_NAMES))
NO_DEVICE = -1

# Relative weights of the 24 hours, in the customer's local time.
HOUR_PROFILES = {
    "day": [1, 1, 1, 1, 1, 2, 8, 25, 45, 55, 60, 65, 70, 60, 55, 60, 70, 80, 75, 50]
    + [25, 12, 6, 2],
    "evening": [6, 3, 1, 1, 1, 1, 2, 6, 12, 14, 18, 35, 70, 60, 25, 20, 25, 45, 80, 95]
    + [85, 60, 35, 15],
    "late": [14, 8, 4, 2, 2, 2, 6, 14, 24, 32, 36, 38, 42, 40, 38, 38, 42, 48, 58, 70]
    + [82, 80, 58, 30],
    "any": [30, 30, 40, 50, 50, 40, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30]
    + [30, 30, 30, 30, 30],
}
WEEKDAY_WEIGHTS = (0.95, 0.93, 0.95, 1.0, 1.15, 1.25, 0.77)  # Monday first
FIRST_WEEKDAY = 2  # the stream begins on a Wednesday, 1 January 2025


class Country(NamedTuple):
    """One country: shares as a home and as a travel destination, and a midpoint."""

    code: str
    home: float
    visits: float
    latitude: float
    longitude: float


COUNTRIES = (
    Country("DE", 30, 8, 51.2, 10.4),
    Country("FR", 22, 12, 46.6, 2.5),
    Country("IT", 15, 12, 42.8, 12.5),
    Country("ES", 12, 14, 40.2, -3.6),
    Country("NL", 7, 4, 52.2, 5.3),
    Country("PL", 5, 4, 52.1, 19.4),
    Country("BE", 4, 3, 50.6, 4.7),
    Country("AT", 3, 7, 47.6, 14.1),
    Country("PT", 2, 6, 39.6, -8.0),
    Country("GB", 0, 8, 53.0, -1.6),
    Country("CH", 0, 4, 46.8, 8.2),
    Country("TR", 0, 5, 39.0, 35.2),
    Country("US", 0, 5, 39.8, -98.6),
    Country("AE", 0, 2, 24.0, 54.0),
    Country("TH", 0, 2, 15.1, 101.0),
    Country("JP", 0, 1, 36.2, 138.3),
    Country("BR", 0, 1, -10.8, -53.1),
    Country("MX", 0, 1, 23.9, -102.5),
    Country("ZA", 0, 1, -29.0, 25.1),
    Country("AU", 0, 1, -25.7, 134.5),
)
FAR_KM = 2_500.0  # not to be reached within the hours that impossible travel takes

# What a kind of customer buys more (or less) often than the average, and the natural
# logarithm of how much more they spend.
SEGMENTS = {
    "family": ({"groceries": 1.4, "fuel": 1.5, "clothing": 1.3, "furniture": 1.5}, 0.1),
    "digital": (
        {"online_retail": 2.0, "digital_goods": 2.5, "gambling": 2.0, "cash": 0.4},
        -0.1,
    ),
    "business": (
        {"travel": 4.0, "hotels": 4.0, "restaurants": 1.6, "transport": 1.5},
        0.5,
    ),
    "senior": (
        {"pharmacy": 2.5, "cash": 2.0, "charity": 2.0, "digital_goods": 0.2},
        -0.1,
    ),
}
SEGMENT_SHARES = (0.40, 0.25, 0.12, 0.23)


@dataclass(frozen=True)
class World:
    """The customers and merchants of one generated stream; times are in days.

    Arrays over customers have shape (n_customers,); ``habit`` and ``favourite`` have
    shape (n_customers, n_categories). Merchants are numbered by category, then
    country, then rank of popularity.
    """

    activity: np.ndarray  # cumulated share of the purchases
    segment: np.ndarray
    home: np.ndarray
    level: np.ndarray  # log of how much the customer spends above the average
    phone: np.ndarray
    computer: np.ndarray
    radius: np.ndarray  # median distance of a purchase from home, km
    opened: np.ndarray  # day on which the account was opened, negative
    trip: np.ndarray  # (n_customers, 2): first and last day abroad
    destination: np.ndarray
    habit: np.ndarray  # fixed deviate that gives a recurring charge its amount
    favourite: np.ndarray  # rank of the favourite merchant in each category
    merchant_opened: np.ndarray  # day on which the merchant began, negative
    merchants_per_cell: int  # merchants of one category in one country

    @property
    def n_customers(self) -> int:
        """Number of customers."""
        return len(self.home)


def draw_levels(rng, probabilities, rows) -> np.ndarray:
    """Draw one level per entry of ``rows``, each from that row of ``probabilities``.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    probabilities : array-like of shape (n_rows, n_levels)
        Weights; rows need not sum to 1.
    rows : ndarray of shape (n_draws,)
        Which row each draw uses.

    Returns
    -------
    levels : ndarray of shape (n_draws,)
        Integers in [0, n_levels).
    """
    weights = np.asarray(probabilities, dtype=float)
    shares = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    n_rows, n_levels = shares.shape
    # Row i occupies the interval [i, i + 1), so that one search serves all rows.
    ladder = (shares + np.arange(n_rows)[:, None]).ravel()
    found = np.searchsorted(ladder, rng.random(len(rows)) + rows, side="right")
    return np.clip(found - rows * n_levels, 0, n_levels - 1)


def draw(rng, weights, n_draws: int) -> np.ndarray:
    """Draw ``n_draws`` levels from one row of weights."""
    return draw_levels(rng, [weights], np.zeros(n_draws, dtype=np.int64))


def country_distances() -> np.ndarray:
    """Great-circle distances between the midpoints, shape (n_countries,) * 2, in km."""
    places = np.radians([(c.latitude, c.longitude) for c in COUNTRIES])
    latitude, longitude = places[:, 0], places[:, 1]
    haversine = (
        np.sin((latitude[:, None] - latitude) / 2) ** 2
        + np.cos(latitude[:, None])
        * np.cos(latitude)
        * np.sin((longitude[:, None] - longitude) / 2) ** 2
    )
    return 2 * 6_371.0 * np.arcsin(np.sqrt(haversine))


def segment_weights() -> np.ndarray:
    """Weights of the categories per segment, shape (n_segments, n_categories)."""
    weights = np.tile([category.frequency for category in CATEGORIES], (4, 1))
    weights = weights.astype(float)
    for row, (multipliers, _) in zip(weights, SEGMENTS.values(), strict=True):
        for name, factor in multipliers.items():
            row[CATEGORY[name]] *= factor
    return weights


def make_world(rng, n_samples: int) -> World:
    """Draw the customers and merchants for a stream of ``n_samples`` rows."""
    n_customers = max(1, round(n_samples / ROWS_PER_CUSTOMER))
    # Enough merchants that one of them sees a few dozen rows, whatever the size.
    per_cell = int(np.clip(n_samples // 2_000, 4, 100))
    n_merchants = len(CATEGORIES) * len(COUNTRIES) * per_cell
    segment = draw(rng, SEGMENT_SHARES, n_customers)
    home = draw(rng, [c.home for c in COUNTRIES], n_customers)
    spending = np.array([level for _, level in SEGMENTS.values()])
    per_category = (n_customers, len(CATEGORIES))
    return World(
        activity=np.cumsum(rng.gamma(2.0, size=n_customers)),
        segment=segment,
        home=home,
        level=spending[segment] + 0.4 * rng.standard_normal(n_customers),
        phone=np.array([IOS, ANDROID])[draw(rng, [0.4, 0.6], n_customers)],
        computer=np.array([WINDOWS, MACOS, LINUX])[
            draw(rng, [0.75, 0.2, 0.05], n_customers)
        ],
        radius=np.exp(1.4 + 0.5 * rng.standard_normal(n_customers)),
        opened=-WARM_UP_DAYS - 1 - np.floor(rng.exponential(1_500, n_customers)),
        trip=_draw_trips(rng, n_customers),
        destination=_draw_destinations(rng, home),
        habit=rng.standard_normal(per_category),
        favourite=draw_rank(
            rng, np.full(n_customers * len(CATEGORIES), per_cell)
        ).reshape(per_category),
        merchant_opened=-WARM_UP_DAYS - 1 - np.floor(rng.exponential(2e3, n_merchants)),
        merchants_per_cell=per_cell,
    )


def draw_rank(rng, n_ranks) -> np.ndarray:
    """Draw ranks below ``n_ranks``, popular ones first (density about 1 / rank)."""
    ranks = np.exp(rng.random(len(n_ranks)) * np.log(n_ranks + 1.0)) - 1.0
    return np.minimum(ranks.astype(np.int64), n_ranks - 1)


def _draw_trips(rng, n_customers: int) -> np.ndarray:
    first = rng.uniform(-WARM_UP_DAYS, PERIOD_DAYS, n_customers)
    last = first + rng.uniform(2, 15, n_customers)
    stays = rng.random(n_customers) > 0.35
    last[stays] = first[stays]
    return np.stack([first, last], axis=1)


def _draw_destinations(rng, home) -> np.ndarray:
    visits = np.tile([c.visits for c in COUNTRIES], (len(COUNTRIES), 1)).astype(float)
    np.fill_diagonal(visits, 0.0)
    return draw_levels(rng, visits, home)
