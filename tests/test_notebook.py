"""What a notebook shows: fitted estimators, a bar that goes, and no start-up lines."""

import os
import subprocess
import sys
import types

import pytest
from sklearn import config_context

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.training.backend import _START_UP
from aeanomaly.training.notebook_progress import NotebookProgress, epoch_progress
from aeanomaly.training.progress import EpochProgress


def test_a_fitted_detector_says_what_it_learnt_from_and_where_it_cuts(detector):
    html = detector._repr_html_()
    assert "200 rows of 8 columns (" in html
    assert "3 number, 3 category, 1 datetime, 1 constant)" in html
    assert f"rows that score below {detector.offset_:.6g}" in html
    assert detector.threshold_.summary_ in html
    assert "hidden_layer_sizes" in html
    assert detector._repr_mimebundle_()["text/html"].endswith("</table>")


def test_a_transformer_has_no_threshold(transformer):
    html = transformer._repr_html_()
    assert "8 columns (" in html
    assert "rows that score below" not in html


def test_what_is_not_fitted_shows_its_parameters_only():
    html = AutoencoderOutlierDetector()._repr_html_()
    assert "latent_dim" in html
    assert "fitted on" not in html
    with config_context(display="text"):
        assert not hasattr(AutoencoderOutlierDetector(), "_repr_html_")


@pytest.fixture
def cells(monkeypatch):
    """A kernel that keeps what is shown, one list for each place."""
    shown = []

    class Handle:
        def __init__(self, html):
            self.shown = [html]
            shown.append(self.shown)

        def update(self, html):
            self.shown.append(html)

    def display(html, display_id):
        assert display_id
        return Handle(html)

    ipython, room = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    room.HTML, room.display = str, display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", room)
    return shown


def test_a_notebook_has_one_bar_that_goes(cells):
    progress = epoch_progress(3)
    assert isinstance(progress, NotebookProgress)
    for epoch in range(2):
        assert not progress.end_epoch(epoch, {"loss": 0.5})
    progress.end_training()
    ((first, second, last),) = cells
    assert first.startswith('<progress value="1" max="3"></progress> <code>epoch 1/3')
    assert second.startswith('<progress value="2" max="3"></progress> <code>epoch 2/3')
    assert last == ""


def test_a_bar_goes_where_training_fails_and_none_is_shown_without_epochs(cells):
    epoch_progress(3).end_training()
    assert cells == []
    progress = epoch_progress(3)
    progress.end_epoch(0, {"loss": 0.5})
    progress.fail_training()
    assert cells[0][-1] == ""


def test_elsewhere_progress_is_a_line(cells):
    sys.modules["IPython"].get_ipython = lambda: None
    assert type(epoch_progress(3)) is EpochProgress


def test_lines_of_the_start_are_told_from_others():
    start_up = [
        b"WARNING: All log messages before absl::InitializeLog() is called are "
        b"written to STDERR",
        b"I0000 00:00:1795719368.223711    9276 cudart_stub.cc:31] Could not find",
        b"2026-11-26 19:00:00.123456: I tensorflow/core/platform/cpu_feature_guard"
        b".cc:210] This TensorFlow binary is optimized",
        b"2026-11-26 19:00:00.123456: E external/local_xla/xla/stream_executor/cuda"
        b"/cuda_fft.cc:467] Unable to register cuFFT factory",
    ]
    assert all(_START_UP.match(line) for line in start_up)
    others = [b"Traceback (most recent call last):", b"INFO: 3 rows", b"2026-11-26 ok"]
    assert not any(_START_UP.match(line) for line in others)


@pytest.mark.slow
def test_fit_prints_nothing_and_swallows_nothing():
    code = (
        "import os, threading, time, numpy\n"
        "from aeanomaly import AutoencoderOutlierDetector\n"
        "def other():\n"
        "    for i in range(60): os.write(2, b'other\\n'); time.sleep(0.05)\n"
        "thread = threading.Thread(target=other)\n"
        "thread.start()\n"
        "X = numpy.random.default_rng(0).normal(size=(60, 3))\n"
        "AutoencoderOutlierDetector(max_iter=2, random_state=0).fit(X)\n"
        "thread.join()\n"
    )
    env = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=env,
    )
    assert run.stdout == ""
    assert run.stderr == "other\n" * 60
