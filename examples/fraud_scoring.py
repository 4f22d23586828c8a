"""Score card transactions, with reasons, and see how much fraud the top holds.

Fits on the first weeks of the table that comes with the package, scores the last ones,
and shows what an analyst would look at first. Labels are used at the end only, to
measure. Run it with: python examples/fraud_scoring.py
"""

from sklearn.metrics import average_precision_score, roc_auc_score

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.datasets import load_transactions

# Identifiers say nothing about a payment, the time of it nothing about the next weeks.
NO_FEATURES = ["transaction_id", "customer_id", "merchant_id", "timestamp"]
LABELS = ["is_fraud", "fraud_kind"]
N_SHOWN = 5
N_CHECKED = 100


def main():
    transactions = load_transactions()
    history, today = transactions[:12_000], transactions[-4_000:]
    features = transactions.columns.drop(NO_FEATURES + LABELS)

    detector = AutoencoderOutlierDetector(contamination=0.01, random_state=0)
    detector.fit(history[features])
    scored = detector.score_frame(today[features], reasons=2)
    scored = scored.join(today).sort_values("score")

    print(f"{len(today):,} transactions, {scored['is_outlier'].sum()} flagged")
    print(f"\nThe {N_SHOWN} most abnormal:")
    for row in scored.head(N_SHOWN).itertuples():
        print(f"{row.transaction_id}  score {row.score:.2f}  {row.amount:.2f} EUR")
        print(f"    {row.reason_1}\n    {row.reason_2}")

    # Scores are low for the abnormal, metrics want the other way round.
    abnormality, fraud = -scored["score"], scored["is_fraud"]
    found = fraud.head(N_CHECKED).sum()
    print(
        f"\nAUROC {roc_auc_score(fraud, abnormality):.3f}, average precision ", end=""
    )
    print(f"{average_precision_score(fraud, abnormality):.3f}")
    print(
        f"{found} of the {N_CHECKED} lowest scores are fraud; {fraud.sum()} of all are."
    )


if __name__ == "__main__":
    main()
