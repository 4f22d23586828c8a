"""Tests of the architectures: what each promises about codes and reconstruction."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from cases import (
    ARCHITECTURES,
    CHEAP,
    first_fast_others_slow,
    make_numbers,
    make_table,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import subspace_angles
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine, make_low_rank_matrix
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from aeanomaly import (
    Architecture,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    Contractive,
    Denoising,
    Linear,
    NetworkSpec,
    Sparse,
    Undercomplete,
    Variational,
)
from aeanomaly.architectures import ARCHITECTURES as REGISTRY
from aeanomaly.architectures import dense_stack
from aeanomaly.architectures import resolve_architecture as resolve
from aeanomaly.fitting.plan import network_spec


def codes_of(architecture, **parameters):
    """Codes of rows near a plane, after enough training to tell penalties apart."""
    numbers = make_numbers(400)
    parameters = CHEAP | {"max_iter": 60, "batch_size": 64} | parameters
    transformer = AutoencoderTransformer(architecture=architecture, **parameters)
    return transformer.fit_transform(numbers)


# --- All architectures ----------------------------------------------------------------


def test_every_name_stands_for_an_object_with_its_defaults():
    assert set(REGISTRY) == set(ARCHITECTURES)
    for name in REGISTRY:
        assert type(resolve(name)).__name__.lower() == name
        assert repr(resolve(name)) == repr(type(resolve(name))())


# The first has a graph that other tests train, too.
@pytest.mark.parametrize("name", first_fast_others_slow(ARCHITECTURES))
def test_a_name_and_its_object_fit_the_same(name):
    numbers = make_numbers()
    by_name, by_object = (
        AutoencoderTransformer(**CHEAP, architecture=architecture).fit(numbers)
        for architecture in (name, resolve(name))
    )
    assert_array_equal(by_name.transform(numbers), by_object.transform(numbers))


# Those of the fast tests have graphs that other tests train, too.
@pytest.mark.parametrize(
    "name",
    [
        "undercomplete",
        "sparse",
        "variational",
        pytest.param("contractive", marks=pytest.mark.slow),
        pytest.param("linear", marks=pytest.mark.slow),
        pytest.param("denoising", marks=pytest.mark.slow),
    ],
)
def test_every_architecture_learns_and_scores_deterministically(name):
    numbers = make_numbers(400)
    parameters = CHEAP | {"max_iter": 60, "batch_size": 64, "n_estimators": 1}
    detector = AutoencoderOutlierDetector(
        **parameters, architecture=name, score_type="reconstruction"
    ).fit(numbers)
    loss = detector.history_["loss"]
    assert loss[-1] < 0.9 * loss[0]
    scores = detector.score_samples(numbers)
    assert_array_equal(detector.score_samples(numbers), scores)
    # Rows off the plane are told from rows on it.
    off = np.random.default_rng(1).permuted(numbers, axis=0)
    assert detector.score_samples(off).mean() < 1.5 * scores.mean()


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (Sparse(penalty="l2"), r"'penalty' parameter of Sparse .* Got 'l2' instead"),
        (Sparse(target=1.0), r"'target' parameter of Sparse .* Got 1\.0 instead"),
        (Contractive(weight=-1), r"'weight' parameter of Contractive .* Got -1 inst"),
        (Variational(beta=-1), r"'beta' parameter of Variational .* Got -1 instead"),
        (Denoising(noise="pink"), r"'noise' parameter of Denoising .* Got 'pink' inst"),
        (
            Denoising(min_noise_level=0),
            r"'min_noise_level' parameter of Denoising .* Got 0 instead",
        ),
        (
            Undercomplete(code_activation="step"),
            r"'code_activation' parameter of Undercomplete .* Got 'step' instead",
        ),
    ],
    ids=repr,
)
def test_wrong_parameters_are_named_with_what_came(architecture, message):
    with pytest.raises(InvalidParameterError, match=message):
        resolve(architecture)


def test_auto_sizes_follow_their_stated_rule():
    base = Undercomplete()
    assert [base.auto_latent_dim(1_000, n) for n in (1, 2, 3, 16, 17)] == [
        1,
        1,
        2,
        4,
        5,
    ]
    assert base.auto_hidden_layer_sizes(100_000, 15) == (32, 16)
    assert base.auto_hidden_layer_sizes(100_000, 1_000) == (128, 64)
    assert base.auto_hidden_layer_sizes(40, 1_000) == (16, 8)
    spec = network_spec(AutoencoderTransformer(), base, 200, 5)
    assert (spec.latent_dim, spec.hidden_layer_sizes) == (3, (16, 8))


# --- Linear ---------------------------------------------------------------------------


def pca_data(name):
    if name == "iris":
        return load_iris().data, 2
    if name == "wine":
        return load_wine().data, 2
    return make_low_rank_matrix(300, 10, effective_rank=3, random_state=0) * 10, 3


@pytest.mark.parametrize("name", first_fast_others_slow(["iris", "wine", "low rank"]))
def test_linear_spans_the_subspace_of_pca(name):
    rows, n_components = pca_data(name)
    transformer = AutoencoderTransformer(
        architecture=Linear(),
        latent_dim=n_components,
        scaling="standard",
        alpha=0.0,
        validation_fraction=0.0,
        max_iter=600,
        batch_size=64,
        learning_rate_init=0.02,
        random_state=0,
    ).fit(rows)
    scaled = StandardScaler().fit_transform(rows)
    pca = PCA(n_components).fit(scaled)
    # The rows that unit codes stand for, from the row of no code, span the subspace.
    corners = transformer.inverse_transform(np.eye(n_components + 1, n_components))
    basis = (corners[:-1] - corners[-1]) / rows.std(axis=0)
    angles = np.degrees(subspace_angles(basis.T, pca.components_.T))
    assert angles.max() < 1.0
    pca_error = np.mean((pca.inverse_transform(pca.transform(scaled)) - scaled) ** 2)
    assert -transformer.score(rows) == pytest.approx(pca_error, rel=0.01)


# --- Sparse ---------------------------------------------------------------------------


@pytest.mark.slow
def test_the_l1_weight_makes_codes_sparser():
    loose, tight = (
        np.abs(codes_of(Sparse(weight=weight))).mean() for weight in (0.0, 1.0)
    )
    assert tight < 0.3 * loose


@pytest.mark.slow
def test_the_kl_weight_brings_the_mean_activity_to_its_target():
    loose, tight = (
        np.abs(
            codes_of(Sparse(penalty="kl", weight=weight, target=0.1)).mean(axis=0) - 0.1
        )
        for weight in (0.0, 10.0)
    )
    assert tight.max() < 0.05
    assert tight.max() < loose.max() / 3


# --- Denoising ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "noise", first_fast_others_slow(["conditioned", "gaussian", "masking", "swap"])
)
def test_every_kind_of_noise_trains_mixed_tables(noise):
    table = make_table()
    detector = AutoencoderOutlierDetector(
        **CHEAP, architecture=Denoising(noise=noise)
    ).fit(table)
    assert np.isfinite(detector.history_["loss"]).all()
    assert np.isfinite(detector.score_samples(table)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "noise", first_fast_others_slow(["gaussian", "masking", "swap"])
)
def test_the_noise_level_acts(noise):
    quiet, loud = (
        codes_of(Denoising(noise=noise, noise_level=level)) for level in (0.0, 0.8)
    )
    assert_array_equal(quiet, codes_of(Denoising(noise=noise, noise_level=0.0)))
    assert not np.allclose(quiet, loud, atol=0.05)


@pytest.mark.slow
def test_no_noise_is_the_plain_autoencoder():
    assert_allclose(
        codes_of(Denoising(noise="gaussian", noise_level=0.0), max_iter=5),
        codes_of(Undercomplete(), max_iter=5),
        atol=1e-4,
    )


@pytest.mark.parametrize("noise", ["masking", "swap"])
def test_corruption_changes_its_share_of_the_cells(noise):
    import tensorflow as tf

    X = tf.constant(np.arange(1.0, 4_001).reshape(1, 400, 10), dtype=tf.float32)
    corrupted = Denoising(noise=noise)._corrupt(X, 0.25, tf.constant([0, 1])).numpy()
    changed = corrupted != X.numpy()
    assert changed.mean() == pytest.approx(0.25, abs=0.03)
    if noise == "masking":
        assert not corrupted[changed].any()
    else:
        for column in range(10):
            assert np.isin(corrupted[..., column], X.numpy()[..., column]).all()


# --- Contractive ----------------------------------------------------------------------


def test_the_contractive_penalty_is_the_jacobian_norm_in_the_mean():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    W = tf.constant(rng.standard_normal((5, 3)), dtype=tf.float32)
    X = tf.constant(rng.standard_normal((1, 4, 5)), dtype=tf.float32)
    network = SimpleNamespace(
        encode=lambda rows: tf.tanh(rows @ W), decode=lambda codes: codes
    )
    # The derivative of tanh(t) is 1 - tanh(t)^2.
    slope = np.square(1 - np.square(network.encode(X).numpy()[0]))
    exact = slope @ np.square(W.numpy()).sum(axis=0)

    # Each of the 300 copies of a row has a direction of its own.
    copies, seed = tf.repeat(X, 300, axis=1), tf.constant([0, 1])
    _, _, penalty = Contractive().training_pass(network, copies, {"weight": 0.5}, seed)
    estimates = penalty.numpy().reshape(4, 300).T
    error = estimates.std(axis=0) / np.sqrt(len(estimates))
    assert (np.abs(estimates.mean(axis=0) - 0.5 * exact) < 4 * error).all()


@pytest.mark.slow
def test_the_contractive_weight_shrinks_the_slope_of_the_code():
    loose, tight = (codes_of(Contractive(weight=w)).std() for w in (0.0, 10.0))
    assert tight < 0.5 * loose


# --- Variational ----------------------------------------------------------------------


@pytest.mark.slow
def test_beta_draws_codes_to_the_prior():
    # Without it codes spread; with a great one they carry nothing.
    spread = [codes_of(Variational(beta=beta)).std() for beta in (0.0, 1.0, 100.0)]
    assert spread[0] > spread[1] > spread[2]
    assert spread[2] < 0.1
    assert 0.5 < spread[1] < 1.1


def test_variational_codes_are_the_deterministic_posterior_means():
    numbers = make_numbers()
    transformer = AutoencoderTransformer(**CHEAP, architecture="variational")
    codes = transformer.fit_transform(numbers)
    assert codes.shape == (200, 2)
    assert_array_equal(transformer.transform(numbers), codes)


# --- A user's own ---------------------------------------------------------------------


class Wide(Architecture):
    """A new architecture as a user writes one."""

    def __init__(self, *, width=6, pull=0.0):
        self.width = width
        self.pull = pull

    tunable = ("pull",)

    def build(self, spec):
        code = spec.latent_dim
        return (
            dense_stack(spec, spec.n_encoded, (self.width,), code, "tanh"),
            dense_stack(spec, code, (self.width,), spec.n_encoded),
        )

    def training_pass(self, network, X, settings, seed):
        import tensorflow as tf

        codes = network.encode(X)
        penalty = settings["pull"] * tf.reduce_sum(tf.square(codes), axis=-1)
        return network.decode(codes), 1.0, penalty


def test_a_users_architecture_fits_copies_and_pickles():
    numbers = make_numbers()
    detector = AutoencoderOutlierDetector(
        **CHEAP, architecture=Wide(pull=0.5), n_estimators=1
    )
    scores = detector.fit(numbers).score_samples(numbers)
    assert detector.architecture_.pull == 0.5
    assert_array_equal(
        pickle.loads(pickle.dumps(detector)).score_samples(numbers), scores
    )
    assert_array_equal(clone(detector).fit(numbers).score_samples(numbers), scores)


@pytest.mark.slow
def test_a_users_parameters_act():
    wide, narrow = (codes_of(Wide(pull=pull)) for pull in (0.0, 10.0))
    assert np.abs(narrow).mean() < 0.3 * np.abs(wide).mean()
    assert not np.allclose(wide, codes_of(Wide(width=2)), atol=0.05)


@pytest.mark.slow
def test_a_users_architecture_is_an_axis_of_a_search():
    search = GridSearchCV(
        AutoencoderTransformer(**CHEAP, architecture=Wide()),
        [
            {"architecture": [Undercomplete(), "sparse"]},
            {"architecture__width": [2, 6]},
        ],
        cv=2,
    ).fit(make_numbers())
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks_have_the_promised_shapes(name):
    spec = NetworkSpec(n_encoded=7, latent_dim=3, hidden_layer_sizes=(6, 5))
    encoder, decoder = resolve(name).build(spec)
    assert encoder.output_shape[-1] >= 3
    assert decoder.output_shape == (None, 7)
    assert encoder.input_shape[-1] - 7 == decoder.input_shape[-1] - 3
