"""Blocks on several threads: in order, each multiplying on its own, nothing left."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from aeanomaly.scoring import threads
from aeanomaly.scoring.threads import iter_results


def _blas_threads():
    return {
        one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"
    }


@pytest.fixture(autouse=True)
def _two_threads():
    with threadpool_limits(2, "blas"):
        yield


def test_results_come_in_the_order_of_the_items_from_two_threads():
    # Two calls must be under way at once, or the barrier breaks.
    barrier, names = threading.Barrier(2), set()

    def function(item):
        barrier.wait(timeout=60)
        names.add(threading.current_thread().name)
        return item**2

    assert list(iter_results(function, range(10))) == [i**2 for i in range(10)]
    assert len(names) == 2
    assert threading.current_thread().name not in names


def test_each_multiplies_on_one_thread_and_the_users_number_is_back_afterwards():
    inside = list(iter_results(lambda _: _blas_threads(), range(3)))
    assert inside == [{1}] * 3
    assert _blas_threads() == {2}


def test_a_call_within_a_call_adds_no_threads_and_gives_nothing_back_too_early():
    def outer(item):
        own = threading.current_thread()
        inner = list(iter_results(lambda _: threading.current_thread(), range(3)))
        return inner == [own] * 3, _blas_threads()

    assert list(iter_results(outer, range(4))) == [(True, {1})] * 4
    assert _blas_threads() == {2}


def test_two_holders_in_turns_leave_what_the_user_had_set():
    first, second = threads._one_blas_thread(), threads._one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert _blas_threads() == {1}
    second.__exit__(None, None, None)
    assert _blas_threads() == {2}


def test_an_error_comes_out_and_the_users_number_is_back():
    def function(item):
        if item == 2:
            raise KeyError("two")
        return item

    results = iter_results(function, range(100))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(KeyError, match="two"):
        next(results)
    assert _blas_threads() == {2}


@pytest.mark.parametrize(("allowed", "threads"), [(2, 2), (16, 4)])
def test_one_more_than_there_are_threads_is_held_and_they_are_four_at_most(
    allowed, threads
):
    begun = []
    with threadpool_limits(allowed, "blas"):
        assert _blas_threads() == {allowed}
        results = iter_results(begun.append, range(100))
        next(results)
        results.close()
        assert _blas_threads() == {allowed}
    assert 0 < len(begun) <= threads + 1


def test_what_numpy_was_told_of_errors_holds_in_threads():
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        list(iter_results(lambda n: np.ones(1) / np.zeros(n), [1, 1]))


@pytest.mark.parametrize("reason", ["one is allowed", "no threadpoolctl"])
def test_on_one_thread_it_is_the_callers(monkeypatch, reason):
    if reason == "no threadpoolctl":
        monkeypatch.setattr(threads, "_blas", lambda: None)
    with threadpool_limits(1 if reason == "one is allowed" else 2, "blas"):
        found = list(iter_results(lambda _: threading.current_thread(), range(3)))
    assert found == [threading.current_thread()] * 3


def test_scores_on_two_threads_are_those_on_one_to_the_bit(number_detector):
    rows = np.random.default_rng(0).normal(
        size=(20_000, number_detector.n_features_in_)
    )
    on_two = number_detector.score_samples(rows)
    with threadpool_limits(1, "blas"):
        np.testing.assert_array_equal(on_two, number_detector.score_samples(rows))
