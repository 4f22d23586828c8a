"""Tests of scikit-learn's callbacks: what a fit tells them of itself."""

import numpy as np
import pytest
from cases import CHEAP, make_numbers
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer

callback = pytest.importorskip("sklearn.callback", reason="came with 1.9")
BOTH = [AutoencoderOutlierDetector, AutoencoderTransformer]


class Diary:
    """A callback that notes what it hears, and ends a fit after some epochs."""

    def __init__(self, n_epochs=None):
        self.n_epochs, self.notes, self.fitted = n_epochs, [], []

    def setup(self, estimator, context):
        self.notes.append("setup")

    def teardown(self, estimator, context):
        self.notes.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None):
        self.notes.append(f"{context.task_name} of {len(X)} rows")
        self.n_told = context.max_subtasks or self.n_told

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.notes.append(f"end of {context.task_name}")
        self.fitted.append(fitted_estimator)
        return context.task_name == "epoch" and context.task_id + 1 == self.n_epochs


@pytest.mark.parametrize("kind", BOTH)
def test_callbacks_hear_of_the_fit_and_of_its_epochs(kind):
    X, diary = make_numbers(), Diary()
    estimator = kind(**CHEAP).set_callbacks(diary).fit(X)
    begun, ended = f"of {len(X)} rows", "end of epoch"
    epochs = [f"epoch {begun}", ended] * 5
    told = ["setup", f"fit {begun}", *epochs, "end of fit", "teardown"]
    assert diary.notes == told
    assert diary.n_told == CHEAP["max_iter"]
    *within, at_end = diary.fitted
    assert within == [None] * 5
    # That callbacks watch changes nothing.
    expected = kind(**CHEAP).fit(X)
    for judge in (estimator, at_end):
        assert_array_equal(_of(judge)(X), _of(expected)(X))


@pytest.mark.parametrize("kind", BOTH)
def test_a_callback_ends_the_training(kind):
    estimator = kind(**CHEAP).set_callbacks(Diary(n_epochs=2)).fit(make_numbers())
    assert estimator.n_iter_ == len(estimator.history_["loss"]) == 2


def test_callbacks_are_told_of_the_end_of_a_fit_that_fails():
    diary = Diary()
    detector = AutoencoderOutlierDetector(**CHEAP | {"learning_rate_init": 1e30})
    with pytest.raises(ValueError, match="diverged"):
        detector.set_callbacks(diary).fit(make_numbers())
    assert diary.notes[-1] == "teardown"
    assert "end of fit" not in diary.notes


def test_clones_keep_callbacks_and_none_is_a_parameter():
    detector = AutoencoderOutlierDetector(**CHEAP)
    parameters = detector.get_params()
    diary = Diary()
    assert clone(detector.set_callbacks(diary))._skl_callbacks == [diary]
    assert detector.get_params() == parameters


@pytest.mark.slow
def test_a_search_shows_a_bar_of_the_epochs_below_each_candidate(capsys):
    pytest.importorskip("rich")
    X, is_far = make_numbers(), np.arange(len(make_numbers())) % 10 == 0
    detector = AutoencoderOutlierDetector(**CHEAP)
    search = GridSearchCV(detector, {"alpha": [0.0]}, cv=2)
    search.set_callbacks(callback.ProgressBar()).fit(X, is_far)
    shown = capsys.readouterr().out
    assert "GridSearchCV - search" in shown
    assert "AutoencoderOutlierDetector - fit #1" in shown


def _of(estimator):
    """Return the method that says what an estimator has learnt."""
    return getattr(estimator, "score_samples", getattr(estimator, "transform", None))
