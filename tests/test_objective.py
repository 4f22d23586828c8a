"""What training minimises, by its formulas: losses, row weights and penalties."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from aeanomaly.architectures import (  # noqa: E402
    Architecture,
    Denoising,
    NetworkSpec,
    Sparse,
    Variational,
)
from aeanomaly.training.objective import Objective  # noqa: E402
from aeanomaly.training.programs import ProgramPlan, TrainingProgram  # noqa: E402
from aeanomaly.training.steps import StepGraph  # noqa: E402

N_COLUMNS = 3
SEED = tf.constant([3, 4])


def random_rows(n_members=1, n_rows=10, n_columns=N_COLUMNS, scale=2.0, seed=0):
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal((n_members, n_rows, n_columns))).astype("f4")


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits.astype(float)))


def per_cell(loss, X, logits, output_activation="linear"):
    objective = Objective(loss, output_activation, X.shape[-1], ())
    return objective.per_cell(tf.constant(X), tf.constant(logits)).numpy()


# --- Losses ---------------------------------------------------------------------------


def test_the_squared_error_is_the_square_of_the_residual():
    X, logits = random_rows(), random_rows(seed=1)
    loss = per_cell("squared_error", X, logits)
    assert_allclose(loss, np.square(X - logits), rtol=1e-5)


def test_huber_is_half_the_square_up_to_one_and_half_less_than_the_size_beyond():
    residuals = np.float32([[[-5.0, -1.0, -0.5], [0.0, 0.5, 1.0], [1.5, 3.0, 100.0]]])
    loss = per_cell("huber", np.full_like(residuals, 2.0), residuals + 2.0)
    by_hand = [[[4.5, 0.5, 0.125], [0.0, 0.125, 0.5], [1.0, 2.5, 99.5]]]
    assert_allclose(loss, by_hand, rtol=1e-5)


def test_log_cosh_is_the_logarithm_of_the_hyperbolic_cosine():
    X, logits = random_rows(), random_rows(seed=1)
    loss = per_cell("log_cosh", X, logits)
    assert_allclose(loss, np.log(np.cosh(X - logits)), rtol=1e-4, atol=1e-6)


def test_log_cosh_of_a_huge_residual_is_its_size_less_the_logarithm_of_two():
    residuals = np.float32([[[-1_000.0, 200.0]]])
    loss = per_cell("log_cosh", np.zeros_like(residuals), residuals)
    assert_allclose(loss, [[[1_000 - np.log(2), 200 - np.log(2)]]], rtol=1e-6)


def test_binary_crossentropy_is_that_of_the_sigmoid_of_the_logits():
    X, logits = sigmoid(random_rows()).astype("f4"), random_rows(seed=1)
    p = sigmoid(logits)
    loss = per_cell("binary_crossentropy", X, logits, "sigmoid")
    assert_allclose(loss, -(X * np.log(p) + (1 - X) * np.log(1 - p)), rtol=1e-4)


def test_binary_crossentropy_of_a_confident_mistake_grows_with_the_logit():
    # The probability itself would round to one.
    loss = per_cell(
        "binary_crossentropy", np.float32([[[0.0]]]), np.float32([[[50.0]]]), "sigmoid"
    )
    assert_allclose(loss, [[[50.0]]], rtol=1e-6)


def test_binary_crossentropy_without_sigmoid_is_that_of_the_output():
    X = sigmoid(random_rows()).astype("f4")
    p = sigmoid(random_rows(seed=1)).astype("f4")
    loss = per_cell("binary_crossentropy", X, p, "linear")
    assert_allclose(loss, -(X * np.log(p) + (1 - X) * np.log(1 - p)), rtol=1e-4)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "log_cosh"])
@pytest.mark.parametrize(
    ("name", "function"),
    [("tanh", np.tanh), ("sigmoid", sigmoid)],
    ids=["tanh", "sigmoid"],
)
def test_residuals_are_those_of_the_activated_output(loss, name, function):
    X, logits = random_rows(), random_rows(seed=1)
    output = function(logits).astype("f4")
    assert_allclose(
        per_cell(loss, X, logits, name), per_cell(loss, X, output), atol=1e-5
    )


def log_softmax(logits):
    logits = logits.astype(float)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def test_a_row_counts_each_number_and_each_category_once():
    # Two numbers, a category of three levels and one of two: four units.
    logits = random_rows(n_members=2, n_columns=7, seed=1)
    X = random_rows(n_members=2, n_columns=7)
    X[..., 2:5] = np.eye(3)[np.arange(10) % 3]
    X[..., 5:] = np.eye(2)[np.arange(10) % 2]
    objective = Objective("squared_error", "linear", 2, ((2, 5), (5, 7)))
    rows = objective.per_row(tf.constant(X), tf.constant(logits)).numpy()
    numbers = np.square(X[..., :2] - logits[..., :2]).sum(axis=-1)
    first = -(X[..., 2:5] * log_softmax(logits[..., 2:5])).sum(axis=-1)
    second = -(X[..., 5:] * log_softmax(logits[..., 5:])).sum(axis=-1)
    assert objective.n_units == 4
    assert rows.shape == (2, 10)
    assert_allclose(rows, (numbers + first + second) / 4, rtol=1e-4)


def test_the_output_activation_is_that_of_numbers_only():
    logits = random_rows(n_columns=2, seed=1)
    X = np.zeros_like(logits)
    X[..., 0] = 1.0
    objective = Objective("squared_error", "sigmoid", 0, ((0, 2),))
    rows = objective.per_row(tf.constant(X), tf.constant(logits)).numpy()
    assert_allclose(rows, -log_softmax(logits)[..., 0], rtol=1e-4)


# --- Row weights and penalties --------------------------------------------------------


class Given(Architecture):
    """Reconstructs zeros, with weights and a penalty that can be read off the rows."""

    def training_pass(self, network, X, settings, seed):
        logits = 0.0 * network.decode(network.encode(X))
        return logits, tf.abs(X[..., 0]), settings["alpha"] * X[..., 1]


def step_graph(architecture, n_members=1, latent_dim=2):
    spec = NetworkSpec(N_COLUMNS, latent_dim, (4,), "tanh")
    objective = Objective("squared_error", "linear", N_COLUMNS, ())
    plan = ProgramPlan(architecture, spec, objective, "sgd", n_members)
    program = TrainingProgram(plan)
    program.reset(np.random.default_rng(0))
    return StepGraph(program)


def losses_of(graph, X, settings, n_rows=None, shares=None):
    """Return each member's loss of one batch, not compiled."""
    shares = np.ones((len(X), graph.plan.n_members)) if shares is None else shares
    batch = tf.range(len(X))
    shares = tf.constant(shares, tf.float32)
    weights = graph._weights(shares, batch, tf.constant(n_rows or len(X)))
    return graph._losses(tf.constant(X), weights, settings, SEED, True)[0].numpy()


@pytest.fixture(scope="module")
def given():
    return step_graph(Given(), n_members=2)


def test_the_loss_of_a_batch_weighs_its_rows_and_adds_their_penalty(given):
    X = random_rows()[0]
    rows = np.square(X).mean(axis=1) * np.abs(X[:, 0]) + 0.5 * X[:, 1]
    losses = losses_of(given, X, {"alpha": 0.5})
    assert_allclose(losses, [rows.mean()] * 2, rtol=1e-5)


def test_the_loss_of_a_batch_is_the_mean_over_its_first_rows(given):
    X = random_rows()[0]
    losses = losses_of(given, X, {"alpha": 0.5}, n_rows=7)
    assert_allclose(losses, losses_of(given, X[:7], {"alpha": 0.5}), rtol=1e-6)
    assert not np.allclose(losses, losses_of(given, X, {"alpha": 0.5}), rtol=1e-2)


def test_each_member_counts_the_rows_that_it_is_to_see(given):
    X = random_rows()[0]
    shares = np.ones((len(X), 2))
    shares[:4, 0], shares[4:6, 1] = 0.0, 0.5
    losses = losses_of(given, X, {"alpha": 0.5}, shares=shares)
    rows = np.square(X).mean(axis=1) * np.abs(X[:, 0]) + 0.5 * X[:, 1]
    expected = [np.average(rows, weights=share) for share in shares.T]
    assert_allclose(losses, expected, rtol=1e-5)


class ToldNetwork:
    """Stands for a trained network: restores half of what it sees, and notes it."""

    def encode(self, rows):
        self.seen = rows.numpy()
        return rows[..., :-1]

    def decode(self, codes):
        self.told = codes.numpy()[..., -1]
        return 0.5 * codes[..., :-1]


@pytest.fixture(scope="module")
def conditioned():
    """What the pass with a noise level for each row makes of a thousand rows."""
    X, network = random_rows(n_rows=1_000), ToldNetwork()
    settings = {"noise_level": tf.constant(3.0), "min_noise_level": tf.constant(0.05)}
    logits, row_weights, penalty = Denoising().training_pass(
        network, tf.constant(X), settings, SEED
    )
    return SimpleNamespace(
        X=X,
        seen=network.seen,
        level=np.exp(2 * network.told),
        told=network.told,
        logits=logits.numpy(),
        row_weights=np.asarray(row_weights),
        penalty=penalty,
    )


def test_conditioned_noise_weighs_rows_by_the_inverse_of_what_noise_hides(conditioned):
    expected = 1 / (np.square(conditioned.level) + 0.02)
    assert_allclose(conditioned.row_weights, expected, rtol=1e-4)
    assert conditioned.penalty == 0.0


def test_conditioned_noise_has_levels_that_are_log_uniform(conditioned):
    log_level = np.sort(2 * conditioned.told.ravel())
    expected = np.linspace(np.log(0.05), np.log(3.0), 1_000)
    # Random levels are further away than this once in a thousand seeds (Kolmogorov).
    assert np.abs(log_level - expected).max() < 0.06 * np.log(3.0 / 0.05)
    assert np.log(0.05) - 1e-5 < log_level[0] <= log_level[-1] < np.log(3.0) + 1e-5


def test_conditioned_noise_is_of_its_level_and_told_to_both_halves(conditioned):
    level = conditioned.level[..., None]
    noisy = conditioned.seen[..., :-1] * np.sqrt(1 + np.square(level))
    noise = (noisy - conditioned.X) / level
    assert abs(noise.mean()) < 0.06
    assert noise.std() == pytest.approx(1.0, abs=0.05)
    assert_allclose(conditioned.seen[..., -1], conditioned.told)
    assert_allclose(conditioned.logits, 0.5 * conditioned.seen[..., :-1], rtol=1e-6)


def test_the_noise_levels_weights_enter_the_loss_of_training():
    architecture = Denoising()
    graph, X = step_graph(architecture, latent_dim=4), random_rows()
    settings = {name: tf.constant(v) for name, v in architecture.settings().items()}
    network = graph._network(True, [[], []])
    logits, row_weights, _ = architecture.training_pass(
        network, tf.constant(X), settings, SEED
    )
    rows = np.square(X - logits.numpy()).mean(axis=-1) * row_weights.numpy()
    assert_allclose(losses_of(graph, X[0], settings), [rows.mean()], rtol=1e-4)


def penalty_of(architecture, encoded, **settings):
    """Return the penalty of ten rows that the encoder turns into these."""
    network = SimpleNamespace(
        encode=lambda rows: tf.constant(encoded), decode=lambda codes: codes
    )
    X = tf.zeros((*encoded.shape[:2], N_COLUMNS))
    return architecture.training_pass(network, X, settings, SEED)[2].numpy()


def test_the_l1_penalty_is_the_sum_of_the_sizes_of_a_rows_codes():
    codes = random_rows(n_members=2)
    penalty = penalty_of(Sparse(), codes, weight=0.1)
    assert_allclose(penalty, 0.1 * np.abs(codes).sum(axis=-1), rtol=1e-5)


def test_the_kl_penalty_is_the_divergence_of_each_units_mean_activity():
    codes = sigmoid(random_rows(n_members=2)).astype("f4")
    penalty = penalty_of(Sparse(penalty="kl"), codes, weight=0.1, target=0.2)
    mean = codes.mean(axis=1)
    divergence = 0.2 * np.log(0.2 / mean) + 0.8 * np.log(0.8 / (1 - mean))
    expected = np.broadcast_to(0.1 * divergence.sum(axis=-1)[:, None], (2, 10))
    assert_allclose(np.broadcast_to(penalty, (2, 10)), expected, rtol=1e-4)


def test_the_variational_penalty_is_the_divergence_from_the_standard_normal():
    encoded = random_rows(n_members=2, n_columns=4, scale=1.0)
    mean, log_variance = encoded[..., :2], encoded[..., 2:]
    penalty = penalty_of(Variational(), encoded, beta=0.5)
    divergence = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=-1)
    # The loss of a row is a mean over its columns, the likelihood a sum.
    assert_allclose(penalty, 0.5 * divergence / N_COLUMNS, rtol=1e-4, atol=1e-6)
