"""partial_fit, warm_start, callbacks and sample: training and models beyond one fit."""

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_numbers, make_table

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer

CONSTANT = {**CHEAP, "learning_rate": "constant", "max_iter": 20}


def test_warm_start_goes_on_where_the_last_fit_ended():
    X = make_numbers()
    warm = AutoencoderTransformer(warm_start=True, **CONSTANT)
    first = warm.fit(X).history_["loss"]
    second = warm.fit(X).history_["loss"]
    assert second[0] < first[-1] * 1.2
    assert second[-1] < first[-1]


def test_without_warm_start_a_second_fit_begins_anew():
    X = make_numbers()
    cold = AutoencoderTransformer(**CONSTANT)
    assert cold.fit(X).history_["loss"] == cold.fit(X).history_["loss"]


@pytest.mark.slow
def test_warm_start_with_another_width_trains_a_new_network():
    X = make_numbers()
    warm = AutoencoderTransformer(warm_start=True, **CONSTANT).fit(X)
    warm.set_params(latent_dim=1).fit(X)
    assert warm.transform(X).shape == (200, 1)


def test_partial_fit_learns_from_batch_after_batch():
    X = make_numbers(2_000)
    transformer = AutoencoderTransformer(**CHEAP)
    scores = []
    for _ in range(10):
        for start in range(0, 2_000, 500):
            transformer.partial_fit(X[start : start + 500])
        scores.append(transformer.score(X))
    assert transformer.n_iter_ == 1
    assert scores[-1] > scores[0] / 2


def test_partial_fit_keeps_the_encoding_of_the_first_call():
    table = make_table()
    detector = AutoencoderOutlierDetector(**CHEAP).partial_fit(table[:100])
    encoding = detector.model_.encoding
    detector.partial_fit(table[100:])
    assert detector.model_.encoding is encoding
    assert np.isfinite(detector.offset_)


def test_partial_fit_names_a_column_that_went_missing():
    table = make_table()
    detector = AutoencoderOutlierDetector(**CHEAP).partial_fit(table)
    with pytest.raises(ValueError, match="Column 'age' is missing"):
        detector.partial_fit(table.drop(columns="age"))


@pytest.mark.parametrize("cls", [AutoencoderOutlierDetector, AutoencoderTransformer])
def test_a_callback_of_the_estimator_stops_training(cls):
    import keras

    class StopAfterThree(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 2

    estimator = cls(**{**CHEAP, "max_iter": 9}, callbacks=[StopAfterThree()])
    assert estimator.fit(make_numbers()).n_iter_ == 3


def test_a_loaded_model_starts_its_training_anew(tmp_path):
    X = make_numbers()
    warm = AutoencoderTransformer(warm_start=True, **CONSTANT).fit(X)
    warm.save(tmp_path / "model.aea")
    loaded = aeanomaly.load(tmp_path / "model.aea").fit(X)
    assert (
        loaded.history_["loss"]
        == warm.set_params(warm_start=False).fit(X).history_["loss"]
    )


def test_samples_repeat_themselves_and_resemble_the_rows():
    frame = pd.DataFrame(make_numbers(), columns=list("abcde"))
    transformer = AutoencoderTransformer(
        **CHEAP | {"max_iter": 60}, architecture="variational"
    ).fit(frame)
    rows = transformer.sample(500, random_state=0)
    assert list(rows.columns) == list(frame.columns)
    assert ((rows.mean() - frame.mean()).abs() < frame.std()).all()
    pd.testing.assert_frame_equal(rows, transformer.sample(500, random_state=0))
    assert not rows.equals(transformer.sample(500, random_state=1))


@pytest.mark.slow
def test_samples_are_rows_in_original_units():
    rng = np.random.default_rng(0)
    amount = rng.normal(100, 5, 500)
    kind = np.where(amount > 100, "large", "small")
    frame = pd.DataFrame({"amount": amount, "double": 2 * amount, "kind": kind})
    transformer = AutoencoderTransformer(
        architecture="variational", latent_dim=2, max_iter=300, random_state=0
    ).fit(frame)
    rows = transformer.sample(1_000, random_state=0)
    assert list(rows.columns) == ["amount", "double", "kind"]
    assert rows["amount"].mean() == pytest.approx(100, abs=2)
    np.testing.assert_allclose(rows["double"], 2 * rows["amount"], rtol=0.1)
    assert set(rows["kind"]) == {"large", "small"}
    pd.testing.assert_frame_equal(rows, transformer.sample(1_000, random_state=0))


def test_only_variational_architectures_generate_rows():
    assert not hasattr(AutoencoderTransformer(), "sample")
    assert hasattr(AutoencoderTransformer(architecture="variational"), "sample")
