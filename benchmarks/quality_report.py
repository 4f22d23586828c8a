"""Tables and picture of the quality benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_METRICS = ["auroc", "ap"]
_OURS = "aeanomaly"
_N_BOOTSTRAPS = 10_000


def report(results: pd.DataFrame, order: list[str], folder: Path) -> str:
    """Return the tables as text.

    A name with a comma ("aeanomaly, without residual") is a variant of a detector, and
    stands in a table of its own.

    Parameters
    ----------
    results : DataFrame
        Lines of `quality.measure`.
    order : list of str
        Names of all data sets; their positions make the two halves.
    folder : Path
        Where ``published_auroc_*.csv`` may lie, and ``measured_peers.csv``: lines like
        those of `results` that were measured before.
    """
    lines = []
    for setting in results["setting"].unique():
        part = results[results["setting"] == setting]
        variant = part["detector"].str.contains(",")
        lines += [f"\n## {setting}\n", markdown(means(part[~variant], order)), ""]
        if (table := published(folder, setting, part["dataset"])) is not None:
            lines += [_beside_published(part[~variant], table), ""]
        if variant.any():
            taken_apart = part["detector"][variant].str.split(",").str[0].unique()
            same = part["detector"].str.split(",").str[0].isin(taken_apart)
            ablated = means(part[same], order).iloc[:, :6]
            lines += ["Parts of the score left out and alone:\n", markdown(ablated), ""]
        part = part[~variant]
        if part["detector"].eq(_OURS).any() and part["detector"].nunique() > 1:
            lines += [
                f"{_OURS} less each other, mean over data sets (95 of 100 bootstraps "
                f"over data sets), and the mean rank of each:\n",
                markdown(differences(part)),
                "",
            ]
        if (path := folder / "measured_peers.csv").exists():
            peers = pd.read_csv(path)
            same = peers["setting"].eq(setting)
            same &= peers["dataset"].isin(part["dataset"])
            if same.any():
                earlier = means(peers[same], order).iloc[:, :7]
                lines += ["Measured before:\n", markdown(earlier), ""]
        lines += ["AUROC of each data set:\n", markdown(per_dataset(part, order)), ""]
    return "\n".join(lines) + "\n"


def means(results: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return one line for each detector: means over seeds, then over data sets.

    "odd" and "even" are the data sets at odd and even positions of `order`, counted
    from one.
    """
    table = results.groupby(["detector", "dataset"])[_METRICS].mean().unstack(0)
    position = np.array([order.index(name) for name in table.index])
    columns = {}
    for metric in _METRICS:
        columns[f"{metric}"] = table[metric].mean()
        columns[f"{metric} odd"] = table[metric][position % 2 == 0].mean()
        columns[f"{metric} even"] = table[metric][position % 2 == 1].mean()
    by_detector = results.groupby("detector")
    columns |= {
        "data sets": by_detector["dataset"].nunique(),
        "fits": by_detector.size(),
        "failures": by_detector["error"].count() if "error" in results else 0,
    }
    for seconds in ("fit_s", "score_s"):
        columns[f"median {seconds}"] = by_detector[seconds].median()
    return pd.DataFrame(columns).sort_values("auroc", ascending=False)


def differences(results: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return by how much our detector is ahead of each other, and mean ranks.

    Differences are means over the data sets that both were run on; in brackets is what
    95 of 100 bootstraps over these data sets give. Ranks are among all detectors, on
    the data sets that all were run on; the best has rank one.
    """
    columns = {}
    for metric in _METRICS:
        table = results.pivot_table(metric, "dataset", "detector")
        ahead = {name: _ahead(table[_OURS] - table[name], seed) for name in table}
        columns[metric] = pd.Series(ahead | {_OURS: ""})
        ranks = table.dropna().rank(axis=1, ascending=False).mean()
        columns[f"rank by {metric}"] = ranks
    order = columns["rank by auroc"].sort_values().index
    return pd.DataFrame(columns).loc[order].rename_axis("")


def _ahead(difference: pd.Series, seed: int) -> str:
    values = difference.dropna().to_numpy()
    rng = np.random.default_rng(seed)
    drawn = rng.choice(values, (_N_BOOTSTRAPS, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{values.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def per_dataset(results: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return the mean AUROC over seeds, a line for each data set."""
    table = results.pivot_table("auroc", "dataset", "detector")
    return table.loc[[name for name in order if name in table.index]]


def published(folder: Path, setting: str, datasets: Any) -> pd.DataFrame | None:
    """Return the published AUROC in percent, a column for each detector.

    None where none of the data sets was published.
    """
    path = folder / f"published_auroc_{setting}.csv"
    if not path.exists():
        return None
    table = pd.read_csv(path, index_col=0)
    return table if table.index.isin(datasets).any() else None


def _beside_published(results: pd.DataFrame, table: pd.DataFrame) -> str:
    own = results.pivot_table("auroc", "dataset", "detector")
    both = table.index.intersection(own.index)
    table = table.loc[both]
    best = table.mean().sort_values(ascending=False).head(6)
    lines = [
        f"Published on the same {len(both)}: "
        + ", ".join(f"{name} {value:.2f}" for name, value in best.items())
        + "."
    ]
    for name, auroc in own.loc[both].items():
        ranks = table.assign(own=auroc).rank(axis=1, ascending=False)["own"]
        lines.append(
            f"{name}: mean {auroc.mean():.2f}, average rank {ranks.mean():.2f} of "
            f"{table.shape[1] + 1}."
        )
    return "\n".join(lines)


def markdown(table: pd.DataFrame) -> str:
    """Return a table with its index as Markdown, numbers to two decimals."""
    rows = [[str(table.index.name or ""), *map(str, table.columns)]]
    rows.append(["---"] + ["---:"] * table.shape[1])
    for name, values in zip(table.index, table.to_numpy(dtype=object), strict=True):
        rows.append([str(name), *map(_cell, values)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.2f}"
    return str(value)


def draw(results: pd.DataFrame, folder: Path, path: Path) -> None:
    """Draw a strip of data sets for each detector, best mean first, to a PNG file.

    Published means stand beside the measured ones where ``published_auroc_*.csv`` lies
    in `folder`.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    settings = list(results["setting"].unique())
    tables = [_strips(results[results["setting"] == s], folder, s) for s in settings]
    height = 1.2 + 0.24 * max(table.shape[1] for table in tables)
    figure, axes = plt.subplots(
        1, len(settings), figsize=(6.5 * len(settings), height), squeeze=False
    )
    for axis, setting, table in zip(axes[0], settings, tables, strict=True):
        _draw_strips(axis, setting, table)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _strips(results: pd.DataFrame, folder: Path, setting: str) -> pd.DataFrame:
    """Return AUROC by data set and detector, those of the best mean first."""
    own = results.pivot_table("auroc", "dataset", "detector")
    own = own[[name for name in own if "," not in name]]
    # Means over different data sets do not compare.
    own = own.loc[:, own.count() == own.count().max()].dropna()
    table = published(folder, setting, own.index)
    if table is not None:
        own = own.join(table.add_suffix(" *"), how="left")
    return own[own.mean().sort_values(ascending=False).index]


def _draw_strips(axis, setting: str, table: pd.DataFrame) -> None:
    # A third of a line up and down, so that equal data sets do not hide each other.
    jitter = np.linspace(-0.3, 0.3, len(table))
    for line, (name, auroc) in enumerate(table.items()):
        color = "tab:orange" if name.startswith("aeanomaly") else "tab:blue"
        color = "0.6" if name.endswith("*") else color
        axis.plot(auroc, line + jitter, "o", color=color, markersize=2.5, alpha=0.6)
        mean = auroc.mean()
        axis.plot([mean, mean], [line - 0.4, line + 0.4], color=color, linewidth=3)
        axis.text(101.5, line, f"{mean:.1f}", va="center", fontsize=8, color="0.2")
    axis.set_yticks(range(table.shape[1]), table.columns, fontsize=8)
    axis.set_ylim(table.shape[1] - 0.4, -0.6)
    axis.set_xlim(max(0.0, table.min(axis=None) - 3), 106)
    axis.axvline(50, color="0.85", linewidth=1, zorder=0)
    axis.set_xlabel("AUROC in percent: a dot for each data set, bar and number: mean")
    note = "; * as published" if any(name.endswith("*") for name in table) else ""
    axis.set_title(f"{setting}, {len(table)} data sets{note}", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
