"""What a fitted estimator says of itself in a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

from .printable import printable
from .scoring.encoding.description import describe_columns

_SHOWN_KINDS = ("number", "category", "datetime", "clock", "constant", "ignored")


def summary_html(estimator: Any) -> str:
    """Return a list of what a fitted estimator learnt from, and where it cuts.

    Parameters
    ----------
    estimator : AutoencoderOutlierDetector or AutoencoderTransformer
        Fitted, or not: then there is nothing to say.

    Returns
    -------
    str
        HTML; empty where nothing is fitted. Names of the table are text in it.
    """
    if not hasattr(estimator, "model_"):
        return ""
    facts = [("fitted on", _fitted_on(estimator))]
    network = estimator.model_.network
    members = f", {network.n_members} networks" if network.n_members > 1 else ""
    facts.append(
        (
            "network",
            f"code of {network.latent_dim}, {estimator.n_iter_} epochs{members}",
        )
    )
    if hasattr(estimator, "offset_"):
        facts.append(("threshold", f"rows that score below {estimator.offset_:.6g}"))
        rule = getattr(estimator, "threshold_", None)
        promise = getattr(rule, "summary_", "")
        if promise:
            facts.append(("promise", printable(promise, 600)))
    rows = "".join(
        f'<tr><th scope="row" style="text-align: left">{escape(name)}</th>'
        f'<td style="text-align: left">{escape(text)}</td></tr>'
        for name, text in facts
    )
    return f"<table>{rows}</table>"


def _fitted_on(estimator: Any) -> str:
    """Return how many rows there were, and columns of which kinds."""
    described = describe_columns(estimator.model_.encoding)
    kinds = [each.kind for each in described]
    order = [*_SHOWN_KINDS, *(k for k in dict.fromkeys(kinds) if k not in _SHOWN_KINDS)]
    counts = ", ".join(f"{kinds.count(k)} {k}" for k in order if k in kinds)
    text = f"{len(kinds):,} columns ({printable(counts)})"
    scorer = getattr(estimator, "scorer_", None)
    usual = [u for u in getattr(scorer, "usual", None) or () if u is not None]
    if usual:
        text = f"{max(u.n_rows for u in usual):,.0f} rows of {text}"
    return text
