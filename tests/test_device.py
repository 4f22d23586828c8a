"""Tests of the device that trains: a graphics card where it wins, else the processor.

No card is needed: TensorFlow can divide a processor into two devices.
"""

import subprocess
import sys

import pytest

tf = pytest.importorskip("tensorflow")

from aeanomaly.training.device import CPU, GPU, best_device, multiplications  # noqa: E402


@pytest.mark.parametrize(
    ("n_multiplications", "batch_size", "n_steps", "expected"),
    [
        # The default detector of 15 columns, on a million rows.
        (2 * 8_000, 256, 1_200, CPU),
        # Layers of 2,048 and 1,024 on 100 columns: 45 ms a step on two cores.
        (4_600_000, 128, 2_000, GPU),
        # The same for a hundred steps, which are over before the card has started.
        (4_600_000, 128, 100, CPU),
        # Small steps lose, however many there are.
        (28_000, 128, 1_000_000, CPU),
        # A step of a billion operations, and one of less.
        (1_000_000, 167, 3_000, GPU),
        (1_000_000, 166, 4_000, CPU),
    ],
)
def test_a_card_gets_what_it_does_sooner(
    n_multiplications, batch_size, n_steps, expected
):
    assert best_device(n_multiplications, batch_size, n_steps) == expected


def test_multiplications_of_dense_layers_are_their_weights():
    import keras

    model = keras.Sequential(
        [keras.Input((10,)), keras.layers.Dense(5), keras.layers.Dense(3)]
    )
    assert multiplications(model) == 10 * 5 + 5 + 5 * 3 + 3


def test_a_kernel_counts_at_each_place_of_an_image():
    import keras

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(4, 3, strides=2, padding="same"),
            keras.layers.Conv2DTranspose(2, 3, strides=2, padding="same"),
        ]
    )
    assert multiplications(model) == 14 * 14 * ((9 * 4 + 4) + (9 * 4 * 2 + 2))


_TWO_DEVICES = """
import numpy as np, tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
part = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(cpu, [part, part])
from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.training import device, programs, trainer, xla

device.GPU = "/CPU:1"
device.NAMES["/CPU:1"] = "gpu"
X = np.random.default_rng(0).standard_normal((300, 4))

def fitted():
    detector = AutoencoderOutlierDetector(random_state=0, max_iter=20)
    return detector.fit(X)

def devices():
    held = {}
    for (_, name), program in programs._programs.items():
        variables = program._variables
        held[name] = {v.device.rpartition("device:")[2] for v in map(plain, variables)}
    return held

def plain(variable):
    return getattr(variable, "value", variable)

# Whatever it could win, a card that is not there trains nothing.
device._LEAST_OF_A_STEP = device._LEAST_OF_A_FIT = 0
assert fitted().device_ == "cpu"
device._LEAST_OF_A_STEP, device._LEAST_OF_A_FIT = 1e9, 3e12
trainer.has_gpu = lambda: True
first = fitted()
assert first.device_ == "cpu", first.device_
assert devices() == {"/CPU:0": {"CPU:0"}}, devices()
device._LEAST_OF_A_STEP = device._LEAST_OF_A_FIT = 0
second = fitted()
assert second.device_ == "gpu", second.device_
assert devices() == {"/CPU:0": {"CPU:0"}, "/CPU:1": {"CPU:1"}}, devices()
program = programs._programs[[*programs._programs][-1]]
assert program._executor(64, jit=False) == ""
assert not xla.repays_xla(program, 10**9)
np.testing.assert_allclose(first.score_samples(X), second.score_samples(X), rtol=1e-4)
print("both devices")
"""


def test_variables_rows_and_steps_are_on_the_chosen_device():
    run = subprocess.run(
        [sys.executable, "-c", _TWO_DEVICES], capture_output=True, text=True
    )
    assert run.stdout.endswith("both devices\n"), run.stderr[-2_000:]
