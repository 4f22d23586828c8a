"""Logarithms of p-values, without SciPy: scoring has NumPy only.

Logarithms, because a column in other units has p-values that no float can hold, and
because it is they that a sequence of nights adds up.
"""

from __future__ import annotations

import math

import numpy as np

# Terms of a sum that are taken at once, and what is too small to change it.
_BLOCK, _NEGLIGIBLE = 4_096, 1e-17
_MAX_STEPS = 10_000


def log_kolmogorov(distance: float, n_before: float, n_now: float) -> float:
    """Return the log p-value of the two-sample test of Kolmogorov and Smirnov.

    Parameters
    ----------
    distance : float
        Greatest difference of two distribution functions.
    n_before, n_now : float
        Rows of the two samples.

    References
    ----------
    M. A. Stephens, *Journal of the Royal Statistical Society B* 32, 1970: the limiting
    distribution with a correction that makes it good from about four rows on. Ties
    make it too large.

    Examples
    --------
    >>> round(math.exp(log_kolmogorov(0.2, 100, 100)), 3)
    0.031
    """
    root = math.sqrt(n_before * n_now / (n_before + n_now))
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.3:
        return 0.0
    terms = np.arange(1, 101)
    # The first term is taken out, which alone counts far out.
    later = (-1.0) ** (terms - 1) * np.exp(-2 * (terms**2 - 1) * scaled**2)
    return min(0.0, math.log(2 * later.sum()) - 2 * scaled**2)


def log_chi_square(statistic: float, degrees: int) -> float:
    """Return the log probability that a chi-square variable is at least so large.

    Examples
    --------
    >>> round(math.exp(log_chi_square(3.841459, 1)), 4)
    0.05
    """
    half, at = degrees / 2, statistic / 2
    if degrees <= 0 or at <= 0:
        return 0.0
    front = half * math.log(at) - at - math.lgamma(half)
    if at < half + 1:
        term = total = 1.0 / half
        for step in range(1, _MAX_STEPS):
            term *= at / (half + step)
            total += term
            if term < total * _NEGLIGIBLE:
                break
        below = math.exp(front + math.log(total))
        return math.log1p(-below) if below < 1 else 0.0
    return min(0.0, front + math.log(_upper_fraction(half, at)))


def _upper_fraction(half: float, at: float) -> float:
    """Return the continued fraction of the incomplete gamma function (Lentz)."""
    tiny = 1e-300
    b = at + 1 - half
    c, d = 1 / tiny, 1 / b
    value = d
    for step in range(1, _MAX_STEPS):
        a = -step * (step - half)
        b += 2
        d = 1 / (a * d + b or tiny)
        c = b + a / c or tiny
        value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value


def log_beta_binomial(k: int, n: int, a: float, b: float) -> float:
    """Return the log probability of at least k of n rows, of which a share is unknown.

    The share has a beta distribution. That of rows below the a-th of ``a + b - 1``
    scores of rows like them is exactly this one, whatever their distribution.

    Parameters
    ----------
    k, n : int
    a, b : float
        Parameters of the beta distribution, greater than zero.

    Examples
    --------
    Two new numbers are both below the least of three with a chance of 1 in 10:

    >>> round(math.exp(log_beta_binomial(2, 2, 1, 3)), 6)
    0.1
    """
    if k <= 0:
        return 0.0
    if k > n * a / (a + b):
        return min(0.0, _log_sum(k, n, a, b))
    # The other tail is the shorter one.
    other = math.exp(min(0.0, _log_sum(n - k + 1, n, b, a)))
    return math.log1p(-other) if other < 1 else 0.0


def _log_sum(k: int, n: int, a: float, b: float) -> float:
    """Return the log of the sum of probabilities from k on, beyond their mode."""
    first = (
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + _log_beta(k + a, n - k + b)
        - _log_beta(a, b)
    )
    total, last = 1.0, 1.0
    for start in range(k, n, _BLOCK):
        at = np.arange(start, min(n, start + _BLOCK), dtype=np.float64)
        ratios = (n - at) * (at + a) / ((at + 1) * (n - at - 1 + b))
        terms = last * np.cumprod(ratios)
        total, last = total + float(terms.sum()), float(terms[-1])
        if last < total * _NEGLIGIBLE:
            break
    return first + math.log(total)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def log_holm(log_p_values: list[float]) -> list[float]:
    """Return log p-values that hold for all of them together.

    References
    ----------
    S. Holm, *Scandinavian Journal of Statistics* 6, 1979.

    Examples
    --------
    >>> adjusted = log_holm([math.log(p) for p in (0.01, 0.5, 0.02)])
    >>> [round(math.exp(p), 6) for p in adjusted]
    [0.03, 0.5, 0.04]
    """
    order = np.argsort(log_p_values, kind="stable")
    adjusted, greatest = [0.0] * len(order), -math.inf
    for rank, i in enumerate(order):
        own = log_p_values[i] + math.log(len(order) - rank)
        greatest = max(greatest, min(0.0, own))
        adjusted[i] = greatest
    return adjusted
