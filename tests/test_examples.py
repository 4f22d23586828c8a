"""Tests of the examples: each runs by itself and shows what it promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PROMISED = {
    "fraud_scoring.py": ["flagged", "most abnormal", "expected", "AUROC", "are fraud"],
    "gallery_of_displays.py": ["new rows: ", "First reasons: {", "channel, amount"],
    "latent_size_search.py": ["Without labels", "With labels", "latent_dim 4", "best"],
    "picture_of_reasons.py": ["The 8 most abnormal", "fraud: yes", "expected "],
    "pipeline.py": ["120 of 6,000", "fraud_kind", "Mean code", "contactless"],
}


def test_every_example_is_tested():
    assert {file.name for file in EXAMPLES.glob("*.py")} == set(PROMISED)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROMISED)
def test_an_example_runs_by_itself_without_a_warning(name, tmp_path):
    run = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name],
        cwd=tmp_path,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    for text in PROMISED[name]:
        assert text in run.stdout
    assert not list(tmp_path.iterdir())
