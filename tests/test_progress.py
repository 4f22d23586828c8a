"""Tests of the progress line."""

import contextlib
import io

import pytest

from aeanomaly.training.progress import EpochProgress


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture(params=[io.StringIO, Terminal], ids=["pipe", "terminal"])
def stream(request):
    return request.param()


def run(stream, n_epochs, n_run):
    with contextlib.redirect_stderr(stream):
        progress = EpochProgress(n_epochs)
        for epoch in range(n_run):
            assert progress.begin_epoch(epoch) == 1.0
            assert not progress.end_epoch(
                epoch, {"loss": 1.0 / (epoch + 1), "val_loss": 2.0}
            )
        progress.end_training()


def test_the_last_line_tells_epochs_losses_and_time(stream):
    run(stream, 4, 2)
    last = stream.getvalue().rsplit("\r", 1)[-1]
    assert last.startswith("epoch 2/4 [############............] loss 0.5  val_loss 2 ")
    assert " s left" in last
    assert last.endswith("\n")


def test_a_terminal_shows_every_epoch_and_a_pipe_only_the_last(stream):
    run(stream, 4, 4)
    shown = [f"epoch {i}/4" in stream.getvalue() for i in range(1, 5)]
    assert shown == [stream.isatty()] * 3 + [True]
    assert stream.getvalue().count("\n") == 1


def test_a_run_that_fails_leaves_a_finished_line(stream):
    with contextlib.redirect_stderr(stream):
        progress = EpochProgress(3)
        progress.end_epoch(0, {"loss": 1.0})
        progress.fail_training()
    assert stream.getvalue().count("epoch 1/3") == 1
    assert stream.getvalue().endswith("\n")


def test_a_run_without_epochs_shows_nothing(stream):
    run(stream, 3, 0)
    assert stream.getvalue() == ""
