"""Estimators of images, and the references of the literature."""

import copy
import inspect

import numpy as np
import pandas as pd
import pytest
from cases import first_fast_others_slow, parametrize_with_checks

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer, references
from aeanomaly.architectures import NetworkSpec
from aeanomaly.exceptions import ColumnError, InfiniteValueError
from aeanomaly.fitting.unseen_values import UnseenValues
from aeanomaly.images import (
    ConvolutionalArchitecture,
    ConvolutionalDenoising,
    ErrorMapDisplay,
    ImageLinear,
    ImageSparse,
    ImageUndercomplete,
    ImageVariational,
    plot_image_rows,
)
from aeanomaly.scoring.networks.dense import Network
from aeanomaly.scoring.networks.keras import KerasNetwork

ARCHITECTURES = (
    ImageUndercomplete(),
    ImageLinear(),
    ImageSparse(),
    ImageVariational(),
    ConvolutionalArchitecture(filters=(3, 2)),
    ConvolutionalDenoising(filters=(2,)),
)
DENSE_THEN_OTHERS = first_fast_others_slow(ARCHITECTURES)
# From 300 rows, 1 % of alarms may be none at all, and the checks ask for one.
FLAGS_SOME = {"n_estimators": 1, "contamination": 0.1}
CHEAP = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0}
SHAPE = (6, 8)


def make_images(n_images=60, seed=0):
    """Bright squares at random places on black, the outermost pixels never lit."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n_images, *SHAPE), dtype=np.uint8)
    rows, columns = rng.integers(1, 4, n_images), rng.integers(1, 6, n_images)
    for image, row, column in zip(images, rows, columns, strict=True):
        image[row : row + 2, column : column + 2] = rng.integers(100, 256)
    return images


@pytest.fixture(scope="module")
def images():
    return make_images()


def transformer(architecture=None, **parameters):
    architecture = architecture or ImageUndercomplete()
    return AutoencoderTransformer(architecture=architecture, **CHEAP, **parameters)


def long_trained_detector(images):
    """Return a detector of one network, whose graph most fits of these tests have."""
    return AutoencoderOutlierDetector(
        architecture=ImageUndercomplete(),
        score_type="reconstruction",
        n_estimators=1,
        **CHEAP | {"max_iter": 200},
    ).fit(images)


@pytest.mark.slow
@parametrize_with_checks(
    [
        estimator(architecture=a, hidden_layer_sizes=(8,), max_iter=3, **parameters)
        for estimator, parameters, architectures in (
            (AutoencoderTransformer, {}, ARCHITECTURES),
            (AutoencoderOutlierDetector, FLAGS_SOME, ARCHITECTURES[:5:4]),
        )
        for a in architectures
    ]
)
def test_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "architecture", DENSE_THEN_OTHERS, ids=lambda a: type(a).__name__
)
def test_all_shapes_of_the_same_images_are_the_same(architecture, images):
    results = []
    for shape in ((6, 8), (6, 8, 1), (48,)):
        X = images.reshape(-1, *shape)
        given = copy.deepcopy(architecture).set_params(image_shape=(6, 8))
        model = transformer(given).fit(X)
        codes = model.transform(X)
        assert model.inverse_transform(codes).shape == X.shape
        assert model.architecture_.image_shape == (6, 8, 1)
        results.append(codes)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_a_model_takes_the_images_in_any_shape_afterwards(images):
    model = transformer().fit(images)
    flat = model.transform(images.reshape(len(images), -1))
    np.testing.assert_array_equal(flat, model.transform(images))
    np.testing.assert_array_equal(flat, model.transform(images[..., None]))


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x / 255.0,
        lambda x: (x / 255.0).astype("float32"),
        lambda x: x.astype("int64"),
        lambda x: x * 2.0 - 100.0,
    ],
    ids=["unit", "float32", "integers", "shifted"],
)
def test_pixels_are_scaled_to_the_unit_range(images, convert):
    images = images.copy()
    images[0, 0, 0] = 255  # So that the range of all is that of uint8.
    encoding = transformer().fit(convert(images)).model_.encoding
    Z = encoding.encode(convert(images).reshape(len(images), -1)).Z
    expected = images.reshape(len(images), -1) / 255
    np.testing.assert_allclose(Z, expected, atol=1e-6)


def test_dark_uint8_images_stay_dark():
    dark = make_images() // 4
    encoding = transformer().fit(dark).model_.encoding
    assert encoding.encode(dark.reshape(len(dark), -1)).Z.max() <= 0.26


def test_images_are_trained_with_binary_crossentropy(images):
    model = transformer().fit(images)
    assert model.model_.output_activation == "sigmoid"
    restored = model.inverse_transform(model.transform(images))
    assert restored.min() >= 0
    assert restored.max() <= 255


def test_no_shape_means_the_most_nearly_square_one(images):
    model = transformer().fit(images.reshape(len(images), -1))
    assert model.architecture_.image_shape == (6, 8, 1)
    assert model.architecture.image_shape is None


@pytest.mark.parametrize(
    "architecture", DENSE_THEN_OTHERS, ids=lambda a: type(a).__name__
)
def test_constant_pixels_stay_in_the_picture(images, architecture):
    model = transformer(architecture).fit(images)
    assert model.model_.encoding.n_encoded == 48


def test_a_pixel_lit_for_the_first_time_and_a_missing_one_are_unusual(images):
    detector = long_trained_detector(images / 255.0)
    changed = images[:20] / 255.0
    ordinary = detector.score_samples(changed)
    changed[:, 0, 0] = np.nan
    missing = detector.score_samples(changed)
    changed[:, 0, 0] = 1.0
    assert (missing < ordinary).all()
    assert (detector.score_samples(changed) < ordinary).all()


@pytest.mark.filterwarnings("ignore:.* rows are few for 48 encoded columns")
def test_a_pixel_that_one_image_lights_calibrates_as_it_is(images, monkeypatch):
    # Pixels are encoded whatever they hold: in a new image, too.
    lit = images.copy()
    lit[7, 0, 0] = 255

    def no_table(*arguments, **options):
        raise AssertionError("an image has no columns that are left out")

    for name in ("of_held_out", "of_single_rows"):
        monkeypatch.setattr(UnseenValues, name, no_table)
    detector = AutoencoderOutlierDetector(
        architecture=ImageUndercomplete(), score_type="hybrid", **CHEAP
    ).fit(lit)
    assert detector.scorer_.encoding.encode(lit[[7]].reshape(1, -1)).novelty is None


@pytest.mark.parametrize("n_channels", [1, 3])
def test_networks_of_convolutions_mirror_any_shape(n_channels):
    architecture = ConvolutionalArchitecture(
        filters=(3, 2, 2), image_shape=(5, 7, n_channels)
    )
    encoder, decoder = architecture.build(NetworkSpec(35 * n_channels, 2, ()))
    assert architecture.stages() == [(5, 7), (3, 4), (2, 2), (1, 1)]
    assert encoder.input_shape == decoder.output_shape == (None, 35 * n_channels)
    assert encoder.output_shape == decoder.input_shape == (None, 2)


@pytest.mark.slow
@pytest.mark.parametrize("n_channels", [1, 3])
def test_convolutions_mirror_shapes_that_two_does_not_divide(n_channels):
    rng = np.random.default_rng(0)
    images = rng.random((20, 5, 7, n_channels))
    architecture = ConvolutionalArchitecture(filters=(3, 2, 2))
    model = transformer(architecture).fit(images)
    codes = model.transform(images)
    assert model.architecture_.stages() == [(5, 7), (3, 4), (2, 2), (1, 1)]
    assert codes.shape == (20, 2)
    assert model.inverse_transform(codes).shape == images.shape


@pytest.mark.parametrize("latent_dim", [3, 24])
def test_a_code_of_another_size_gets_dense_layers(latent_dim):
    # The picture of the code has 3 times 4 pixels of two filters.
    architecture = ConvolutionalArchitecture(filters=(2,), image_shape=(6, 8, 1))
    models = architecture.build(NetworkSpec(48, latent_dim, ()))
    for model in models:
        has_dense = "Dense" in {type(layer).__name__ for layer in model.layers}
        assert has_dense is (latent_dim == 3)
    assert models[0].output_shape == models[1].input_shape == (None, latent_dim)


@pytest.mark.slow
def test_images_have_a_code_of_another_size(images):
    architecture = ConvolutionalArchitecture(filters=(2,))
    model = transformer(architecture, latent_dim=3).fit(images)
    assert model.transform(images).shape == (60, 3)


REGULARISED = {
    "Dropout": {"dropout": 0.2},
    "BatchNormalization": {"batch_normalization": True},
}


@pytest.mark.parametrize("layer", REGULARISED)
def test_convolutions_are_built_with_the_regularisation(layer):
    architecture = ConvolutionalArchitecture(filters=(2,), image_shape=(6, 8, 1))
    encoder, _ = architecture.build(NetworkSpec(48, 24, (), **REGULARISED[layer]))
    built = {type(layer).__name__ for layer in encoder.layers}
    assert built & set(REGULARISED) == {layer}


@pytest.mark.slow
@pytest.mark.parametrize("layer", REGULARISED)
def test_convolutions_take_the_estimators_regularisation(images, layer):
    architecture = ConvolutionalArchitecture(filters=(2,))
    model = transformer(architecture, **REGULARISED[layer]).fit(images)
    encoder = model.model_.network.encoder
    assert {name for name in REGULARISED if f'"{name}"' in encoder} == {layer}


@pytest.mark.filterwarnings("ignore:.* rows are few for 48 encoded columns")
@pytest.mark.parametrize(
    "architecture", DENSE_THEN_OTHERS, ids=lambda a: type(a).__name__
)
def test_models_of_images_are_saved_and_loaded(architecture, images, tmp_path):
    detector = AutoencoderOutlierDetector(
        architecture=architecture, n_estimators=1, **CHEAP
    ).fit(images)
    detector.save(tmp_path / "model.aea")
    loaded = aeanomaly.load(tmp_path / "model.aea")
    scores = detector.score_samples(images)
    np.testing.assert_array_equal(loaded.score_samples(images), scores)
    assert loaded.architecture_.get_params() == detector.architecture_.get_params()


def test_a_frame_of_pixels_is_taken_by_name(images):
    pixels = images.reshape(len(images), -1)
    frame = pd.DataFrame(pixels, columns=[f"pixel{i}" for i in range(48)])
    model = transformer().fit(frame)
    codes = model.transform(frame)
    np.testing.assert_allclose(model.transform(frame.iloc[:, ::-1]), codes, rtol=1e-5)
    np.testing.assert_allclose(transformer().fit(pixels).transform(pixels), codes)
    assert list(model.inverse_transform(codes)) == list(frame)


ERRORS = {
    "another shape": (
        ImageUndercomplete(image_shape=(8, 6)),
        make_images(),
        ValueError,
        r"X must hold images of shape \(8, 6\).*shape \(60, 6, 8\)",
    ),
    "another number of pixels": (
        ImageUndercomplete(image_shape=(7, 7)),
        make_images().reshape(60, -1),
        ValueError,
        r"image_shape=\(7, 7, 1\) have 49 pixels. Got X with 48 columns",
    ),
    "no shape": (
        ImageUndercomplete(image_shape=(48,)),
        make_images(),
        ValueError,
        r"must hold images of shape \(48,\)|'image_shape' parameter",
    ),
    "negative shape": (
        ImageUndercomplete(image_shape=(-6, 8)),
        make_images().reshape(60, -1),
        ValueError,
        r"'image_shape' parameter of ImageUndercomplete.*Got \(-6, 8\)",
    ),
    "no filters": (
        ConvolutionalArchitecture(filters=()),
        make_images(),
        ValueError,
        r"'filters' parameter of ConvolutionalArchitecture.*Got \(\)",
    ),
    "one grey": (
        ImageUndercomplete(),
        np.zeros((60, 6, 8)),
        ColumnError,
        "Every pixel of X is 0.0",
    ),
    "infinite": (
        ImageUndercomplete(),
        np.where(make_images() == 0, np.inf, make_images()),
        InfiniteValueError,
        "infinite values",
    ),
    "strings": (
        ImageUndercomplete(),
        pd.DataFrame({"a": ["x", "y"] * 30, "b": 1.0}),
        ColumnError,
        "Column 'a'",
    ),
}


@pytest.mark.parametrize(
    ("architecture", "X", "error", "message"), ERRORS.values(), ids=ERRORS.keys()
)
def test_errors_name_the_shape_and_the_remedy(architecture, X, error, message):
    with pytest.raises(error, match=message):
        transformer(architecture).fit(X)


FACTORIES = [getattr(references, n) for n in references.__all__ if n != "PUBLISHED"]


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda f: f.__name__)
def test_references_document_their_layers(factory):
    assert "784" in inspect.getdoc(factory) or "28×28" in inspect.getdoc(factory)
    assert "===" in inspect.getdoc(factory)


@pytest.mark.parametrize(
    "factory",
    first_fast_others_slow(sorted(FACTORIES, key=lambda f: f is not references.simple)),
    ids=lambda f: f.__name__,
)
def test_references_reconstruct(factory, images):
    model = factory().set_params(max_iter=1, batch_size=32).fit(images)
    assert model.inverse_transform(model.transform(images)).shape == images.shape
    convolutional = isinstance(model.architecture_, ConvolutionalArchitecture)
    kind = KerasNetwork if convolutional else Network
    assert type(model.model_.network) is kind


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda f: f.__name__)
def test_references_are_detectors_on_request(factory):
    plain, detector = factory(), factory(detector=True)
    assert isinstance(detector, AutoencoderOutlierDetector)
    shared = ("hidden_layer_sizes", "latent_dim", "activation", "loss", "max_iter")
    for name in shared:
        assert getattr(plain, name) == getattr(detector, name)
    assert repr(plain.architecture) == repr(detector.architecture)


def test_the_convolutional_reference_has_two_or_three_stages():
    assert references.convolutional(n_stages=2).architecture.filters == (16, 8)
    with pytest.raises(ValueError, match="'n_stages' parameter .* Got 4 instead"):
        references.convolutional(n_stages=4)


def test_the_error_map_is_what_the_scores_are_made_of(images):
    model = transformer().fit(images)
    display = ErrorMapDisplay.from_estimator(model, images)
    assert display.errors.shape == display.reconstructions.shape == images.shape
    np.testing.assert_allclose(display.errors.mean(), -model.score(images), rtol=1e-5)
    restored = model.inverse_transform(model.transform(images))
    np.testing.assert_allclose(display.reconstructions, restored, atol=1e-3)


def test_a_corrupted_pixel_is_the_brightest_of_its_error_map(images):
    model = transformer().set_params(max_iter=200).fit(images)
    changed = images[:10].copy()
    changed[:, 0, 7] = 255
    errors = ErrorMapDisplay.from_estimator(model, changed).errors
    brightest = errors.reshape(10, -1).argmax(axis=1)
    assert (brightest == 7).mean() >= 0.9


def test_an_error_map_needs_an_architecture_for_images(number_detector):
    with pytest.raises(TypeError, match="needs an estimator with an ImageArchitecture"):
        ErrorMapDisplay.from_estimator(number_detector, make_images())


def test_the_first_reason_is_the_corrupted_pixel(images):
    detector = long_trained_detector(images)
    changed = images[:10].copy()
    changed[:, 0, 7] = 255
    reasons = detector.explain(changed, top=1)
    assert (reasons["column"] == 7).mean() >= 0.9
    assert (reasons["observed"] == 255).mean() >= 0.9


def test_pictures_show_every_image_upright(images):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    model = transformer().fit(images)
    figure = ErrorMapDisplay.from_estimator(model, images[:4]).plot().figure_
    drawn = [ax for ax in figure.axes if ax.images]
    assert len(drawn) == 12
    np.testing.assert_array_equal(drawn[0].images[0].get_array(), images[0])
    assert drawn[0].images[0].origin == "upper"
    assert [ax.get_ylabel() for ax in drawn[::4]] == [
        "original",
        "reconstruction",
        "squared error",
    ]
    matplotlib.pyplot.close(figure)


def test_rows_of_unequal_length_are_drawn(images):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    figure = plot_image_rows({"few": images[:2], "many": images[:5, ..., None]})
    assert sum(bool(ax.images) for ax in figure.axes) == 7
    matplotlib.pyplot.close(figure)
