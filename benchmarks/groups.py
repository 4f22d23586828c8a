"""How pure the groups of a report are by kind of attack, beside k-means.

A detector is fitted on the normal connections of NSL-KDD; the attacks that it flags are
grouped by the reasons that they share, and by k-means on their encoded rows into as
many groups. Run it with: python benchmarks/groups.py NSL_KDD.csv.gz
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.report.rows import grouped_rows

LABEL, NO_FEATURES = "attack", ["attack", "difficulty"]
# Of all flagged attacks most are of one kind; of each kind as many tell more.
MOST_OF_A_KIND = (None, 200)
N_SEEDS = 3


def purity(kinds, assigned):
    """Return the share of rows whose kind is the most frequent of their group."""
    counts = pd.crosstab(assigned, kinds)
    return counts.max(axis=1).sum() / len(kinds)


def compare(scorer, rows, kinds):
    """Return purity and mutual information of groups, of k-means, and their number."""
    groups = grouped_rows(scorer, rows)
    assigned = np.zeros(len(kinds), dtype=int)
    for number, group in enumerate(groups, start=1):
        assigned[group.rows] = number
    n_groups = len(np.unique(assigned))
    Z = scorer.encoding.encode(rows).Z
    found = [
        KMeans(n_groups, n_init=4, random_state=seed).fit_predict(Z)
        for seed in range(N_SEEDS)
    ]
    measures = (purity, normalized_mutual_info_score)
    own = [measure(kinds, assigned) for measure in measures]
    others = [np.mean([measure(kinds, k) for k in found]) for measure in measures]
    return own, others, n_groups


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    table = pd.read_csv(parser.parse_args().table)
    features, kinds = table.drop(columns=NO_FEATURES), table[LABEL].to_numpy(str)
    detector = AutoencoderOutlierDetector(random_state=0)
    detector.fit(features[kinds == "normal"])
    flagged = (kinds != "normal") & (detector.predict(features) == -1)
    print(f"{flagged.sum():,} of {(kinds != 'normal').sum():,} attacks are flagged.")
    for most in MOST_OF_A_KIND:
        chosen = pd.Series(kinds)[flagged]
        if most is not None:
            chosen = chosen.sample(frac=1, random_state=0).groupby(chosen).head(most)
        rows = detector._check_table(features.loc[chosen.index])
        own, others, n_groups = compare(detector.scorer_, rows, chosen.to_numpy())
        frequent = chosen.value_counts(normalize=True).iloc[0]
        print(
            f"{len(chosen):,} attacks of {chosen.nunique()} kinds, {n_groups} groups: "
            f"purity {own[0]:.3f}, k-means {others[0]:.3f}, one group {frequent:.3f}; "
            f"mutual information {own[1]:.3f}, k-means {others[1]:.3f}"
        )


if __name__ == "__main__":
    main()
