"""Write the model files of archive protocol 1 and what they give for fixed rows.

Run once, by the first aeanomaly with that protocol; the files stay as they are, so
that the tests show that later versions read them::

    python tests/data/write_protocol_1.py
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent


def fixed_rows() -> pd.DataFrame:
    """Return rows with every kind of column, the last ones odd."""
    amounts = [12.5, 30.0, None, 8.25, 11.0, 5_000.0]
    opened = [f"2025-01-{day:02d} 09:30" for day in (1, 5, 9, 12, 20)]
    return pd.DataFrame(
        {
            "amount": amounts,
            "n_visits": [3, 4, 5, 2, 4, 60],
            "member": [True, False, True, True, False, False],
            "country": ["FR", "DE", None, "FR", "IT", "XX"],
            "size": pd.Categorical(["large", "small", "small"] * 2),
            "opened": pd.to_datetime([*opened, None]),
            "version": [3.0] * 5 + [4.0],
        }
    )


def training_rows(n_rows: int = 60) -> pd.DataFrame:
    """Return ordinary rows with the columns of `fixed_rows`."""
    rng = np.random.default_rng(1)
    hours = pd.to_timedelta(rng.integers(0, 30 * 24, n_rows), unit="h")
    table = pd.DataFrame(
        {
            "amount": np.round(np.exp(rng.normal(3, 0.5, n_rows)), 2),
            "n_visits": rng.poisson(4, n_rows),
            "member": rng.random(n_rows) < 0.5,
            "country": rng.choice(["FR", "DE", "IT"], n_rows),
            "size": pd.Categorical(rng.choice(["large", "small"], n_rows)),
            "opened": pd.Timestamp("2025-01-01") + hours,
            "version": 3.0,
        }
    )
    table.loc[::10, "amount"] = np.nan
    table.loc[::15, "country"] = None
    return table


def main() -> None:
    """Fit small estimators, save them, and record what they give."""
    from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer, Sparse

    cheap = {"hidden_layer_sizes": (4,), "latent_dim": 2, "max_iter": 3}
    detector = AutoencoderOutlierDetector(
        architecture=Sparse(weight=0.01), random_state=0, **cheap
    ).fit(training_rows())
    transformer = AutoencoderTransformer(random_state=0, **cheap).fit(training_rows())
    detector.save(FOLDER / "protocol_1_detector.aea")
    transformer.save(FOLDER / "protocol_1_transformer.aea")
    rows = fixed_rows()
    expected = {
        "offset": detector.offset_,
        "scores": detector.score_samples(rows).tolist(),
        "codes": transformer.transform(rows).tolist(),
    }
    (FOLDER / "protocol_1_expected.json").write_text(json.dumps(expected, indent=1))


if __name__ == "__main__":
    sys.exit(main())
