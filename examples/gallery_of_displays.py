"""Draw every display of `aeanomaly.displays`: transactions, and scratched digits.

Prints what each shows in numbers; given a folder, draws them there as well. Run it
with:
python examples/gallery_of_displays.py docs/pictures
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.datasets import load_transactions
from aeanomaly.displays import (
    CodeMapDisplay,
    DriftDisplay,
    ErrorMapDisplay,
    ExpectedDisplay,
    FirstReasonsDisplay,
    HistoryDisplay,
    LatentSizeDisplay,
    PrecisionAtKDisplay,
    ReasonMapDisplay,
    RowReasonsDisplay,
    ScoreDisplay,
    ThresholdDisplay,
)
from aeanomaly.images import ImageUndercomplete

NO_FEATURES = ["transaction_id", "customer_id", "merchant_id", "is_fraud", "fraud_kind"]
LATENT_SIZES = [2, 4, 8, 16]
# A network whose code is narrow, for the search and for the history.
PLAIN = {
    "architecture": "undercomplete",
    "score_type": "reconstruction",
    "max_iter": 20,
    "random_state": 0,
}


def main():
    transactions = load_transactions().sort_values("timestamp", ignore_index=True)
    is_fraud, features = (
        transactions["is_fraud"],
        transactions.drop(columns=NO_FEATURES),
    )
    # Two months to learn from, one to judge.
    training, new = features[:13_000], features[13_000:].reset_index(drop=True)
    labels = is_fraud[13_000:].reset_index(drop=True)
    detector = AutoencoderOutlierDetector(random_state=0).fit(training)
    displays = of_detector(detector, training, new, labels)
    few, its_labels = features[:3_000], is_fraud[:3_000]
    plain = AutoencoderOutlierDetector(**PLAIN)
    three = AutoencoderOutlierDetector(**PLAIN, n_estimators=3).fit(few)
    displays["history"] = HistoryDisplay.from_estimator(three), {}
    displays["latent_size"] = (
        LatentSizeDisplay.from_estimator(
            plain, few, its_labels, latent_dims=LATENT_SIZES
        ),
        {},
    )
    displays["error_map"] = of_images(), {}
    say(displays)
    if len(sys.argv) > 1:
        draw(displays, Path(sys.argv[1]))


def of_detector(detector, training, new, labels):
    """Return the displays of a detector, and how each is plotted, by name."""
    scores = ScoreDisplay.from_estimator(detector, new, training=training)
    worst = int(detector.score_samples(new).argmin())
    # Prices in another currency, and a channel that is closed.
    changed = new.assign(amount=new["amount"] * 1.5)
    changed.loc[changed["channel"] == "chip", "channel"] = "contactless"
    # What is lost by a fraud is its amount.
    amounts = new["amount"]
    return {
        "scores": (scores, {}),
        "scores_tail": (scores, {"kind": "tail"}),
        "thresholds": (
            ThresholdDisplay.from_estimator(detector, new, labels, times="timestamp"),
            {},
        ),
        "row_reasons": (RowReasonsDisplay.from_estimator(detector, new, row=worst), {}),
        "reason_map": (ReasonMapDisplay.from_estimator(detector, new), {}),
        "first_reasons": (FirstReasonsDisplay.from_estimator(detector, new), {}),
        "expected_number": (
            ExpectedDisplay.from_estimator(detector, new, "n_transactions_7d"),
            {},
        ),
        "expected_level": (
            ExpectedDisplay.from_estimator(detector, new, "channel"),
            {},
        ),
        "code_map": (CodeMapDisplay.from_estimator(detector, new, labels), {}),
        "drift": (DriftDisplay.from_estimator(detector, changed), {}),
        "precision_at_k": (
            PrecisionAtKDisplay.from_estimator(detector, new, labels, values=amounts),
            {},
        ),
    }


def of_images():
    """Return where a network that knows digits finds scratches on new ones."""
    digits = load_digits().images
    scratched = digits[:10].copy()
    rows = np.random.default_rng(0).integers(1, 7, len(scratched))
    scratched[np.arange(len(scratched)), rows] = 16.0
    detector = AutoencoderOutlierDetector(
        architecture=ImageUndercomplete(), latent_dim=16, random_state=0
    )
    return ErrorMapDisplay.from_estimator(detector.fit(digits[10:]), scratched)


def say(displays):
    """Print some of the numbers that the pictures show."""
    found = {name: display for name, (display, _) in displays.items()}
    for rows, share in found["scores"].shares_flagged.items():
        print(f"{rows}: {share:.2%} flagged")
    first = found["first_reasons"]
    print(
        f"First reasons: {dict(zip(first.columns, first.counts.tolist(), strict=True))}"
    )
    row = found["row_reasons"]
    print(f"The most abnormal row, {row.score:.2f}: {row.texts[0]}")
    drift = found["drift"]
    shifted = [c for c, s in zip(drift.columns, drift.has_shifted, strict=True) if s]
    print(f"Shifted on purpose: {', '.join(shifted)}")
    errors = found["error_map"].errors.mean(axis=2)
    print(f"Rows of pixels with the greatest error: {errors.argmax(axis=1).tolist()}")
    search = found["latent_size"].search
    print(f"latent_dim {search.latent_dim}, best {search.best_latent_dim}")


def draw(displays, folder):
    """Draw each display, 800 pixels wide."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (display, options) in displays.items():
        display.plot(**options).figure_.savefig(folder / f"{name}.png", dpi=100)


if __name__ == "__main__":
    main()
