"""Which architectures XLA compiles: what is declared, and who inherits it."""

import pytest
from cases import ARCHITECTURES

pytest.importorskip("keras")

from aeanomaly.architectures import (  # noqa: E402
    Architecture,
    Contractive,
    Denoising,
    NetworkSpec,
    Sparse,
    Undercomplete,
    Variational,
    resolve_architecture,
)
from aeanomaly.training.objective import Objective  # noqa: E402
from aeanomaly.training.programs import ProgramPlan, TrainingProgram  # noqa: E402
from aeanomaly.training.xla import repays_xla  # noqa: E402


def plain_pass(self, network, X, settings, seed):
    return network.decode(network.encode(X)), 1.0, 0.0


class OtherDefault(Sparse):
    """Overrides nothing but a parameter."""

    def __init__(self, *, penalty="l1", weight=0.5, target=0.05):
        super().__init__(penalty=penalty, weight=weight, target=target)


class OwnLayers(Undercomplete):
    """Builds its own dense layers, and leaves the training pass alone."""

    def build(self, spec):
        return super().build(spec)


class OwnPass(Undercomplete):
    """Overrides the training pass without a word about XLA."""

    training_pass = plain_pass


class OwnPassForXla(Undercomplete):
    """Overrides the training pass and says that XLA can compile it."""

    training_pass = plain_pass
    compiles_with_xla = True


class ChildOfOwnPass(OwnPass):
    """Inherits what its parent did not say."""


class ChildOfOwnPassForXla(OwnPassForXla):
    """Inherits what its parent said."""


class SaysSoLater(OwnPass):
    """Says it of the training pass that it inherits."""

    compiles_with_xla = True


class PassOfAMixin:
    """A training pass to mix into an architecture."""

    training_pass = plain_pass


class Mixed(PassOfAMixin, Undercomplete):
    """Overrides the training pass by inheritance."""


class QuietChild(Denoising):
    """Inherits noise, and that XLA is slow to draw it."""


OWN = {
    OtherDefault: True,
    OwnLayers: True,
    OwnPass: False,
    OwnPassForXla: True,
    ChildOfOwnPass: False,
    ChildOfOwnPassForXla: True,
    SaysSoLater: True,
    Mixed: False,
    QuietChild: False,
}


def make_plan(architecture, n_members=1):
    return ProgramPlan(
        architecture,
        NetworkSpec(4, 2, (8,), "relu"),
        Objective("squared_error", "linear", 4, ()),
        "adam",
        n_members,
    )


@pytest.mark.parametrize(
    ("cls", "expected"), OWN.items(), ids=lambda v: getattr(v, "__name__", v)
)
def test_a_class_outside_the_package_keeps_xla_with_its_training_pass(cls, expected):
    assert cls.compiles_with_xla is expected
    program = TrainingProgram(make_plan(cls()))
    assert program.suits_xla is expected
    assert repays_xla(program, 1_000_000) is expected


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures_that_draw_noise_are_not_for_xla(name):
    architecture = resolve_architecture(name)
    assert architecture.compiles_with_xla is (name not in ("denoising", "variational"))


@pytest.mark.parametrize("cls", [Contractive, Sparse, Denoising, Variational])
def test_architectures_of_the_package_state_it_beside_their_training_pass(cls):
    assert {"training_pass", "compiles_with_xla"} <= vars(cls).keys()


def test_only_dense_layers_of_few_members_suit_xla():
    import keras

    class Convolution(Architecture):
        def build(self, spec):
            encoder = keras.Sequential(
                [
                    keras.Input((spec.n_encoded,)),
                    keras.layers.Reshape((spec.n_encoded, 1)),
                    keras.layers.Conv1D(2, 3),
                    keras.layers.Flatten(),
                    keras.layers.Dense(spec.latent_dim),
                ]
            )
            return encoder, super().build(spec)[1]

    assert TrainingProgram(make_plan(Undercomplete(), 4)).suits_xla
    assert not TrainingProgram(make_plan(Undercomplete(), 5)).suits_xla
    assert not TrainingProgram(make_plan(Convolution())).suits_xla
