"""The MNIST example runs by itself, on made-up digits."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# So few images as here cannot calibrate the threshold, which the example does not use.
WARNINGS = ("-W", "error", "-W", "ignore:1 % cannot be promised")
WARNINGS += ("-W", "ignore:A share of false alarms cannot be promised")
SCRIPT = Path(__file__).resolve().parents[1] / "examples" / "mnist" / "mnist.py"


@pytest.fixture
def archive(tmp_path):
    """Bars of ten widths stand for the ten digits."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n_images in (("train", 400), ("test", 120)):
        digits = np.arange(n_images, dtype=np.uint8) % 10
        images = rng.integers(0, 60, (n_images, 28, 28), dtype=np.uint8)
        for image, digit in zip(images, digits, strict=True):
            image[4:24, 4 : 6 + 2 * digit] = 250
        arrays |= {f"x_{part}": images, f"y_{part}": digits}
    np.savez(tmp_path / "digits.npz", **arrays)
    return tmp_path / "digits.npz"


@pytest.mark.slow
def test_the_example_prints_its_tables_and_writes_its_pictures(archive, tmp_path):
    arguments = ["--data", archive, "--epochs", "2", "--digits", "3"]
    arguments += ["--only", "simple", "deep", "map", "variational, 2", "denoising"]
    arguments += ["--pictures", tmp_path / "out"]
    has_tensorboard = importlib.util.find_spec("tensorboard") is not None
    if has_tensorboard:
        arguments += ["--tensorboard", tmp_path / "logs"]
    run = subprocess.run(
        [sys.executable, *WARNINGS, SCRIPT, *arguments],
        cwd=tmp_path,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    for text in ("cross-entropy", "0.1037", "PCA, 32", "JPEG, quality", "mean AUROC"):
        assert text in run.stdout
    pictures = {file.stem for file in (tmp_path / "out").iterdir()}
    assert pictures == {
        "simple",
        "deep",
        "map",
        "variational-2",
        "denoising",
        "loss-curves",
        "map-of-the-digits",
        "t-sne",
        "error-map",
        "generated-digits",
        "after-each-epoch",
    }
    if has_tensorboard:
        assert list((tmp_path / "logs" / "simple").iterdir())
