"""Draw the most abnormal transactions as a table, with the cells that make them so.

The detector is that of `aeanomaly detect`, on the table that comes with the package.
Prints the rows; given the name of a picture, draws them as well. Run it with:
python examples/picture_of_reasons.py docs/pictures/reasons.png
"""

import sys

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.datasets import load_transactions

NO_FEATURES = ["transaction_id", "customer_id", "merchant_id"]
LABELS = ["is_fraud", "fraud_kind"]
# Shown in any case, so that a row reads as a payment.
CONTEXT = ["amount", "category", "channel", "country"]
N_ROWS, N_REASONS = 8, 2

# Inches. A picture of 8 inches and 200 dots an inch is sharp where it is 800 wide.
ROW, HEAD, PADDING, DOTS = 0.40, 0.46, 0.09, 200
TEXT, SMALL = 8.5, 7.9  # points
# Orange of two strengths on white, which every kind of colour vision tells apart.
FILLS = ("#f39c34", "#fcdfb2")
INK, FAINT, LINE, HEADING = "#18222c", "#56626e", "#d3dae0", "#e4edf5"


def most_abnormal():
    """Return the most abnormal rows as dicts of texts, and the columns to show."""
    transactions = load_transactions()
    features = transactions.drop(columns=NO_FEATURES + LABELS)
    detector = AutoencoderOutlierDetector(random_state=0).fit(features)
    scored = detector.score_frame(features).nsmallest(N_ROWS, "score")
    chosen = features.loc[scored.index]
    texts = detector.score_frame(chosen, reasons=N_REASONS)
    named = detector.explain(chosen, top=N_REASONS)["column"].to_numpy()
    named = named.reshape(N_ROWS, N_REASONS)
    columns = list(dict.fromkeys([*CONTEXT, *named.ravel()]))
    cells = zip(*(as_texts(chosen[name]) for name in columns), strict=True)
    rows = [
        {
            "cells": list(row_cells),
            "score": f"{scored.at[row, 'score']:.2f}",
            "fraud": "yes" if transactions.at[row, "is_fraud"] else "no",
            "reasons": list(texts.loc[row].iloc[2:]),
            # Of which reason each cell is the observed value.
            "ranks": [{name: i for i, name in enumerate(own)}.get(c) for c in columns],
        }
        for row, row_cells, own in zip(chosen.index, cells, named, strict=True)
    ]
    return rows, columns


def as_texts(values):
    """Return the values of a column as a reader of a table wants them."""
    if values.dtype.kind != "f":
        return values.astype(str)
    n_digits = 2 if (values * 10 % 1).any() else 1
    return ["–" if v != v else f"{v:,.{n_digits}f}" for v in values]


def draw(rows, columns, path):
    """Draw the rows as a table; every column is as wide as its widest text."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    heads = [name.replace("_", "\n", 1).replace("_", " ") for name in columns]
    heads += ["score", "fraud?", "reasons: what was observed, what was expected"]
    table = [
        [*row["cells"], row["score"], row["fraud"], "\n".join(row["reasons"])]
        for row in rows
    ]
    height = HEAD + ROW * len(rows)
    figure = plt.figure(figsize=(8.0, height), dpi=DOTS)
    edges = column_edges(figure, heads, table)
    figure.set_size_inches(edges[-1], height)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, edges[-1]), ylim=(height, 0))
    axes.axis("off")
    fill(axes, 0, edges[-1], 0, HEAD, HEADING)
    for k, head in enumerate(heads):
        style = {"size": SMALL, "weight": "bold", "color": FAINT}
        write(axes, edges[k : k + 2], HEAD / 2, head, is_number(table, k), **style)
    for i, (row, texts) in enumerate(zip(rows, table, strict=True)):
        top = HEAD + i * ROW
        for k, rank in enumerate(row["ranks"]):
            if rank is not None:
                fill(axes, *edges[k : k + 2], top, ROW, FILLS[rank])
        for k, text in enumerate(texts):
            first = k < len(columns) and row["ranks"][k] == 0
            style = {
                "size": SMALL if k == len(texts) - 1 else TEXT,
                "weight": "bold" if first else "normal",
            }
            middle = top + ROW / 2
            write(axes, edges[k : k + 2], middle, text, is_number(table, k), **style)
        axes.plot([0, edges[-1]], [top, top], color=LINE, linewidth=0.6)
    figure.savefig(path, dpi=DOTS)
    plt.close(figure)


def is_number(table, k):
    """Return whether a column's texts are numbers, which stand on the right."""
    return all(texts[k][:1] in "-0123456789" for texts in table)


def column_edges(figure, heads, table):
    """Return where the columns begin, and where the last one ends, in inches."""
    renderer = figure.canvas.get_renderer()

    def width(text, size, weight):
        drawn = figure.text(0, 0, text, fontsize=size, fontweight=weight)
        inches = drawn.get_window_extent(renderer).width / DOTS
        drawn.remove()
        return inches

    edges = [0.0]
    for k, head in enumerate(heads):
        style = (SMALL, "normal") if k == len(heads) - 1 else (TEXT, "bold")
        widest = max(
            width(head, SMALL, "bold"), *(width(texts[k], *style) for texts in table)
        )
        edges.append(edges[-1] + widest + 2 * PADDING)
    return edges


def fill(axes, left, right, top, height, color):
    axes.fill_between([left, right], top, top + height, color=color, linewidth=0)


def write(axes, edges, middle, text, right, *, size, weight="normal", color=INK):
    axes.text(
        edges[1] - PADDING if right else edges[0] + PADDING,
        # Texts of one line share a base line, whatever letters they hold.
        middle if "\n" in text else middle + 0.36 * size / 72,
        text,
        fontsize=size,
        fontweight=weight,
        color=color,
        ha="right" if right else "left",
        va="center" if "\n" in text else "baseline",
        linespacing=1.25,
    )


def main():
    rows, columns = most_abnormal()
    print(f"The {N_ROWS} most abnormal of all transactions:")
    for row in rows:
        print(f"score {row['score']}  fraud: {row['fraud']}")
        print("    " + "\n    ".join(row["reasons"]))
    if len(sys.argv) > 1:
        draw(rows, columns, sys.argv[1])
        print(f"Drawn in {sys.argv[1]}")


if __name__ == "__main__":
    main()
