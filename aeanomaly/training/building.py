"""Builds an architecture's encoder and decoder, and checks what it built."""

from __future__ import annotations

from typing import Any

from ..scoring.networks.keras import check_configuration
from .freezing import frozen_layers


def build_parts(architecture: Any, spec: Any) -> tuple[Any, Any]:
    """Return an architecture's encoder and decoder, checked before they train.

    Parameters
    ----------
    architecture : Architecture
    spec : NetworkSpec

    Returns
    -------
    encoder, decoder : keras.Model

    Raises
    ------
    TypeError
        If `build` did not return two Keras models.
    ValueError
        If one of them does not take and give rows of numbers, has another width than
        the table, or has layers that can neither be compiled nor stored.
    """
    import keras

    name = type(architecture).__name__
    parts = architecture.build(spec)
    if not (
        isinstance(parts, tuple | list)
        and len(parts) == 2
        and all(isinstance(part, keras.Model) for part in parts)
    ):
        raise TypeError(
            f"{name}.build must return an encoder and a decoder, both of them Keras "
            f"models. Got {parts!r} instead."
        )
    encoder, decoder = parts
    for part, model in (("encoder", encoder), ("decoder", decoder)):
        _check_rows(f"The {part} of {name}.build", model)
        if frozen_layers(model, _values(model)) is None:
            check_configuration(_configuration(model, part, name))
    _check_widths(name, encoder, decoder, spec.n_encoded)
    return encoder, decoder


def _check_rows(subject: str, model: Any) -> None:
    """Raise an error unless a model goes from one matrix to one matrix."""
    if not model.built or not getattr(model, "inputs", None):
        raise ValueError(
            f"{subject} has no input shape. Begin it with keras.Input((n_columns,)), "
            f"as a keras.Sequential or a keras.Model(inputs, outputs)."
        )
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if len(shapes) != 2 or any(len(s) != 2 or s[1] is None for s in shapes):
        raise ValueError(
            f"{subject} must turn one matrix of shape (None, n_columns) into another. "
            f"Got inputs and outputs of shapes {shapes} instead. Add Reshape after "
            f"the input and Flatten before the output where layers work on images or "
            f"sequences."
        )


def _check_widths(name: str, encoder: Any, decoder: Any, n_encoded: int) -> None:
    for part, tensor in (("input", encoder.inputs[0]), ("output", decoder.outputs[0])):
        width, owner = tensor.shape[1], "encoder" if part == "input" else "decoder"
        # An encoder may take more, such as the level of a noise.
        if width < n_encoded or (part == "output" and width != n_encoded):
            raise ValueError(
                f"The {owner} of {name}.build must have an {part} of "
                f"spec.n_encoded={n_encoded} columns. Got {width} instead."
            )


def _values(model: Any) -> dict[int, Any]:
    """Return the values with which a model was built, as one member's."""
    return {id(v): v.numpy()[None] for v in model.variables}


def _configuration(model: Any, part: str, name: str) -> str:
    try:
        return model.to_json()
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"The {part} of {name}.build cannot be stored as a configuration "
            f"({error}). Use keras.Sequential or keras.Model(inputs, outputs) with "
            f"layers of keras.layers."
        ) from error
