"""Keras callbacks at the ends of epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..scoring.networks.keras import isolated_python_random
from .members import stack_members
from .observers import Observer


class EpochCallbacks(Observer):
    """Calls Keras callbacks around a training run and around each of its epochs.

    A program trains without a Keras model. The callbacks get one that holds a copy of
    its weights, refreshed before they are called and read back after, for some of them
    change it: `EarlyStopping` restores the best weights. A callback that changes the
    model's learning rate scales the schedule's. Batches are not announced.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
    program : TrainingProgram
    n_epochs : int
    learning_rate_init : float
    """

    def __init__(
        self,
        callbacks: Sequence[Any],
        program: Any,
        n_epochs: int,
        learning_rate_init: float,
    ) -> None:
        import keras

        self._initial_rate = learning_rate_init
        with isolated_python_random():
            self._model = _WatchedModel(program, learning_rate_init)
        self._callbacks = keras.callbacks.CallbackList(
            list(callbacks), model=self._model.model, epochs=n_epochs, verbose=0
        )
        self._model.refresh()
        self._callbacks.on_train_begin()

    def begin_epoch(self, epoch: int) -> float:
        """Announce an epoch; return the factor of its learning rate."""
        self._callbacks.on_epoch_begin(epoch)
        rate = float(self._model.model.optimizer.learning_rate.numpy())
        return rate / float(np.float32(self._initial_rate))

    def end_epoch(self, epoch: int, losses: dict[str, float]) -> bool:
        """Announce the end of an epoch; return whether a callback stops training."""
        self._model.refresh()
        self._callbacks.on_epoch_end(epoch, dict(losses))
        self._model.read_back()
        return bool(self._model.model.stop_training)

    def end_training(self) -> None:
        """Announce the end, and take the model away from the callbacks."""
        import keras

        self._model.refresh()
        self._callbacks.on_train_end()
        self._model.read_back()
        for callback in self._callbacks.callbacks:
            keras.callbacks.Callback.set_model(callback, None)


class _WatchedModel:
    """A Keras model of all members, whose weights are copied from and to a program.

    What the decoder takes beyond the codes, such as the level of a noise, are the last
    inputs. The members' outputs, which are logits, are averaged.
    """

    def __init__(self, program: Any, learning_rate: float) -> None:
        import keras

        self._program = program
        encoder, decoder = program.encoder.model, program.decoder.model
        self._members = [
            (_clone(encoder, f"encoder_{m}"), _clone(decoder, f"decoder_{m}"))
            for m in range(program.plan.n_members)
        ]
        inputs = keras.Input(encoder.inputs[0].shape[1:], name="encoded")
        outputs = [_connect(*member, inputs) for member in self._members]
        average = outputs[0] if len(outputs) == 1 else keras.layers.average(outputs)
        self.model = keras.Model(inputs, average, name="autoencoder")
        optimizer = type(program.optimizer).from_config(program.optimizer.get_config())
        optimizer.learning_rate = learning_rate
        # A saved model loads only with an optimizer that knows its variables.
        optimizer.build(self.model.trainable_variables)
        self.model.compile(optimizer=optimizer)

    def refresh(self) -> None:
        """Copy the program's values to the model."""
        trained = self._program.trained_values()
        state = [[v.numpy() for v in part] for part in self._program.state]
        for member, models in enumerate(self._members):
            for model, weights, fixed in zip(models, trained, state, strict=True):
                _assign(model.trainable_variables, [v[member] for v in weights])
                _assign(model.non_trainable_variables, [v[member] for v in fixed])

    def read_back(self) -> None:
        """Copy the model's values to the program."""
        self._program.assign_values(self._values("trainable_variables"))
        state = self._values("non_trainable_variables")
        for variables, values in zip(self._program.state, state, strict=True):
            _assign(variables, values)

    def _values(self, kind: str) -> list[list[np.ndarray]]:
        return stack_members(
            [
                [[v.numpy() for v in getattr(model, kind)] for model in models]
                for models in self._members
            ]
        )


def _assign(variables: list[Any], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _clone(model: Any, name: str) -> Any:
    import keras

    clone = keras.models.clone_model(model)
    clone.name = name
    return clone


def _connect(encoder: Any, decoder: Any, inputs: Any) -> Any:
    """Return the decoder's output of the encoder's first outputs, the codes."""
    import keras

    codes, width = encoder(inputs), decoder.inputs[0].shape[-1]
    n_more = width - codes.shape[-1]
    if n_more > 0:
        codes = keras.layers.concatenate([codes, inputs[:, -n_more:]])
    elif n_more < 0:
        codes = codes[:, :width]
    return decoder(codes)
