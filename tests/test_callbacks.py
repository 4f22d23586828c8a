"""Tests of Keras callbacks at the ends of epochs."""

import csv

import numpy as np
import pytest
from cases import SHORT_TRAINING
from numpy.testing import assert_allclose, assert_array_equal

keras = pytest.importorskip("keras")

from aeanomaly.architectures import NetworkSpec, resolve_architecture  # noqa: E402
from aeanomaly.training.objective import Objective  # noqa: E402
from aeanomaly.training.programs import ProgramPlan, TrainingProgram  # noqa: E402
from aeanomaly.training.trainer import (  # noqa: E402
    TrainingOptions,
    TrainingRows,
    train,
)

N_COLUMNS = 4
KINDS_OF_NETWORKS = [
    ("undercomplete", 1),
    ("undercomplete", 2),
    *(
        pytest.param(name, n_members, marks=pytest.mark.slow)
        for name in ("denoising", "variational")
        for n_members in (1, 2)
    ),
]
# For each number of members.
REGULARISATION = {1: {}, 2: {"batch_normalization": True, "dropout": 0.2}}
# Keras 3.15 turns its variables into arrays in a way that NumPy 2.4 frowns on; until a
# Keras does not.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)


def fit(callbacks=None, architecture="undercomplete", n_members=1, **changed):
    plan = ProgramPlan(
        resolve_architecture(architecture),
        NetworkSpec(N_COLUMNS, 2, (8,), "relu", **REGULARISATION[n_members]),
        Objective("squared_error", "linear", N_COLUMNS, ()),
        changed.pop("optimizer", "adam"),
        n_members,
    )
    Z = np.random.default_rng(0).standard_normal((100, N_COLUMNS), dtype=np.float32)
    return train(
        plan,
        TrainingRows(Z, np.ones(100), 100, Z[:20]),
        TrainingOptions(**SHORT_TRAINING | changed),
        np.random.default_rng(1),
        callbacks=callbacks,
    )


def assert_weights_equal(network, weights):
    """Check a network of one member against what Keras's `get_weights` returned."""
    layers = (*network.encoder, *network.decoder)
    ours = [array[0] for layer in layers for array in (layer.kernel, layer.bias)]
    for one, other in zip(ours, weights, strict=True):
        assert_array_equal(one, other)


class Recorder(keras.callbacks.Callback):
    """Notes what it is told, and the weights that it sees."""

    def __init__(self):
        super().__init__()
        self.events, self.logs, self.weights = [], [], []

    def on_train_begin(self, logs=None):
        self.events.append("train begins")
        self.n_epochs = self.params["epochs"]

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(f"epoch {epoch} begins")

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(f"epoch {epoch} ends")
        self.logs.append(dict(logs))
        self.weights.append(self.model.get_weights())

    def on_train_end(self, logs=None):
        self.events.append("train ends")


def record_rates(monkeypatch):
    rates, run = [], TrainingProgram.run

    def recording(self, session, steps, first_step):
        rates.append(float(steps.learning_rates[0]))
        return run(self, session, steps, first_step)

    monkeypatch.setattr(TrainingProgram, "run", recording)
    return rates


def test_callbacks_hear_of_training_and_epochs_in_order():
    recorder = Recorder()
    result = fit([recorder], max_iter=2)
    assert recorder.n_epochs == 2
    assert recorder.events == [
        "train begins",
        "epoch 0 begins",
        "epoch 0 ends",
        "epoch 1 begins",
        "epoch 1 ends",
        "train ends",
    ]
    assert recorder.logs == [
        {name: values[epoch] for name, values in result.history.items()}
        for epoch in range(2)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "n_members"), KINDS_OF_NETWORKS)
def test_callbacks_that_only_watch_change_nothing(architecture, n_members):
    watched = fit([Recorder()], architecture, n_members)
    alone = fit(None, architecture, n_members)
    assert watched.history == alone.history
    for one, other in zip(watched.state, alone.state, strict=True):
        assert_array_equal(one, other)


def test_callbacks_see_the_weights_of_their_epoch():
    recorder = Recorder()
    result = fit([recorder], max_iter=3)
    assert_weights_equal(result.network, recorder.weights[-1])
    assert not np.array_equal(recorder.weights[0][0], recorder.weights[1][0])


def test_keras_early_stopping_stops_and_restores_the_best_weights():
    recorder = Recorder()
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=2, min_delta=10.0, restore_best_weights=True
    )
    result = fit([recorder, stopping], max_iter=50)
    # No epoch is better than the first by ten: two more are waited for.
    assert result.n_iter == 3
    assert_weights_equal(result.network, recorder.weights[0])


def test_callbacks_end_with_the_weights_that_early_stopping_restored(monkeypatch):
    losses, run = iter([2.0, 1.0, 3.0, 3.0]), TrainingProgram.run

    def scripted(self, session, steps, first_step):
        batch_losses, _ = run(self, session, steps, first_step)
        return batch_losses, np.array([[next(losses)]])

    monkeypatch.setattr(TrainingProgram, "run", scripted)
    ends, recorder = [], Recorder()
    recorder.on_train_end = lambda logs=None: ends.append(recorder.model.get_weights())
    result = fit([recorder], early_stopping=True, n_iter_no_change=2)
    assert result.n_iter == 4
    assert_weights_equal(result.network, recorder.weights[1])
    assert_weights_equal(result.network, ends[0])


def test_csv_logger_writes_a_line_an_epoch(tmp_path):
    path = tmp_path / "losses.csv"
    result = fit([keras.callbacks.CSVLogger(path)])
    with path.open() as lines:
        table = list(csv.DictReader(lines))
    assert [int(line["epoch"]) for line in table] == list(range(6))
    for name, values in result.history.items():
        assert_allclose([float(line[name]) for line in table], values)


@pytest.mark.parametrize(
    ("architecture", "n_members"),
    [
        ("undercomplete", 1),
        pytest.param("undercomplete", 2, marks=pytest.mark.slow),
        *KINDS_OF_NETWORKS[2:],
    ],
)
def test_model_checkpoint_writes_a_model_that_keras_loads(
    tmp_path, architecture, n_members
):
    recorder = Recorder()
    path = tmp_path / "model.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path)
    fit([recorder, checkpoint], architecture, n_members, max_iter=2)
    model = keras.models.load_model(path)
    for one, other in zip(model.get_weights(), recorder.weights[-1], strict=True):
        assert_array_equal(one, other)
    rows = np.zeros((3, model.input_shape[1]), dtype=np.float32)
    assert model(rows).shape == (3, N_COLUMNS)


def test_the_checkpoint_of_the_best_epoch_is_that_epochs(tmp_path):
    recorder = Recorder()
    path = tmp_path / "best.weights.h5"
    fit(
        [
            recorder,
            keras.callbacks.ModelCheckpoint(
                path, monitor="loss", save_best_only=True, save_weights_only=True
            ),
        ]
    )
    best = int(np.argmin([logs["loss"] for logs in recorder.logs]))
    model = _same_model()
    model.load_weights(path)
    for one, other in zip(model.get_weights(), recorder.weights[best], strict=True):
        assert_array_equal(one, other)


def _same_model():
    """Return the model that callbacks see, from one of them."""
    models = []
    seen = keras.callbacks.LambdaCallback(on_train_end=lambda logs: None)
    seen.on_epoch_end = lambda epoch, logs: models.append(seen.model)
    fit([seen], max_iter=1)
    return models[0]


def test_tensorboard_writes_events(tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard writes with its own package")
    fit([keras.callbacks.TensorBoard(tmp_path)], max_iter=2)
    names = {path.parent.name for path in tmp_path.rglob("events.out.tfevents*")}
    assert names == {"train", "validation"}


def test_a_callback_that_sets_the_learning_rate_is_obeyed(monkeypatch):
    rates = record_rates(monkeypatch)
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 / (epoch + 1))
    fit([schedule], max_iter=4)
    assert_allclose(rates, [0.01, 0.01 / 2, 0.01 / 3, 0.01 / 4], rtol=1e-6)


def test_a_reduced_learning_rate_stays_reduced(monkeypatch):
    rates = record_rates(monkeypatch)
    reduce = keras.callbacks.ReduceLROnPlateau(
        "loss", factor=0.5, patience=1, min_delta=10.0
    )
    fit([reduce], max_iter=4)
    assert_allclose(rates, [0.01, 0.01, 0.005, 0.0025], rtol=1e-6)


def test_training_stops_when_a_callback_says_so():
    class StopAtOnce(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    assert fit([StopAtOnce()]).n_iter == 1


def test_the_model_is_taken_away_from_callbacks_at_the_end():
    recorder = Recorder()
    fit([recorder], max_iter=1)
    assert recorder.model is None


def test_a_callback_can_serve_again():
    stopping = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=10.0)
    assert fit([stopping]).n_iter == fit([stopping]).n_iter == 2
