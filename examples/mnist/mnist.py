"""The MNIST autoencoders of the literature: train them, measure them, draw them.

    python examples/mnist/mnist.py --quick
    python examples/mnist/mnist.py --data mnist.npz --only simple deep --pictures out

Prints a table of the references beside their published figures, PCA and JPEG, a table
of one-digit detection, and writes the pictures. Nothing is downloaded: without
``--data`` the file is taken from Keras's cache.
"""

from __future__ import annotations

import argparse
import functools
import io
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from keras_peers import keras_seconds
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import Normalizer

from aeanomaly import references
from aeanomaly.datasets import load_mnist
from aeanomaly.images import ErrorMapDisplay, plot_image_rows

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)

REFERENCES = {
    "simple": references.simple,
    "sparse": references.sparse,
    "deep": references.deep,
    "map": references.digit_map,
    "narrow": references.narrow,
    "regularized": references.regularized,
    "convolutional, 2 stages": functools.partial(references.convolutional, n_stages=2),
    "convolutional, 3 stages": references.convolutional,
    "denoising": references.denoising,
    "variational, 2": references.variational,
    "variational, 16": functools.partial(references.variational, latent_dim=16),
    "linear": references.linear,
}
PUBLISHED = {
    "simple": references.PUBLISHED["simple"],
    "deep": references.PUBLISHED["deep"],
    "convolutional, 3 stages": references.PUBLISHED["convolutional"],
}
DETECTORS = ("narrow", "simple", "deep", "convolutional, 3 stages")
N_COMPONENTS = 32
NOISE = 0.5
FLOAT_BITS = 32
# Norm to which images are scaled for detection: their pixels still span [0, 1].
NORM = 4.0
N_SHOWN = 10


class Data(NamedTuple):
    """Training and test images, uint8, and their digits."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Quality(NamedTuple):
    """One line of the table."""

    name: str
    cross_entropy: float
    squared_error: float
    bits: float
    n_parameters: int | None = None
    seconds: float | None = None
    keras_seconds: float | None = None


def main(arguments=None):
    options = parse(arguments)
    options.pictures.mkdir(parents=True, exist_ok=True)
    (x_train, y_train), (x_test, y_test) = load_mnist(options.data)
    data = Data(x_train, y_train, x_test, y_test)
    if options.quick:
        data = Data(x_train[:5_000], y_train[:5_000], x_test[:1_000], y_test[:1_000])
    names = options.only or list(REFERENCES)
    fitted, lines = {}, []
    for name in names:
        estimator, line = measure(name, data, options)
        fitted[name] = estimator
        lines.append(line)
        print(as_text([line], header=len(lines) == 1), flush=True)
    print(as_text([pca_line(data), *jpeg_lines(data)], header=False), flush=True)
    draw_all(fitted, data, options)
    if "detection" not in options.skip:
        print_detection(data, options)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data", type=Path, help="mnist.npz; default: the one in Keras's cache")
    add("--quick", action="store_true", help="2 epochs on 5,000 images")
    add("--epochs", type=int, help="default: 50, or 2 with --quick")
    add("--only", nargs="+", choices=REFERENCES, metavar="NAME", help="references")
    add("--skip", nargs="+", default=[], choices=["detection", "keras", "epochs"])
    add("--digits", nargs="+", type=int, default=list(range(10)), help="to detect")
    add("--pictures", type=Path, default=Path(__file__).parent / "pictures")
    add("--tensorboard", type=Path, help="folder for logs (pip install tensorboard)")
    options = parser.parse_args(arguments)
    options.epochs = options.epochs or (2 if options.quick else 50)
    return options


def measure(name, data, options):
    estimator = REFERENCES[name]()
    estimator.set_params(max_iter=options.epochs, random_state=0)
    start = time.perf_counter()
    estimator.fit(data.x_train)
    seconds = (time.perf_counter() - start) / options.epochs
    given = noisy(data.x_test) if name == "denoising" else data.x_test
    codes = estimator.transform(given)
    restored = estimator.inverse_transform(codes)
    line = Quality(
        name,
        *errors(data.x_test, restored),
        bits=codes.shape[1] * FLOAT_BITS,
        n_parameters=estimator.to_keras().count_params(),
        seconds=seconds,
        keras_seconds=None
        if "keras" in options.skip
        else keras_seconds(estimator, data.x_train),
    )
    if name == "denoising":
        gain = psnr(line.squared_error) - psnr(errors(data.x_test, given)[1])
        print(f"denoising gains {gain:.1f} dB over the noisy images")
    if options.tensorboard:
        log_history(options.tensorboard / name.replace(", ", "-"), estimator.history_)
    return estimator, line


def errors(images, restored):
    """Return binary cross-entropy and squared error a pixel, both on [0, 1]."""
    X = images.reshape(len(images), -1) / 255
    Y = np.clip(restored.reshape(len(images), -1) / 255, 1e-7, 1 - 1e-7)
    cross_entropy = -(X * np.log(Y) + (1 - X) * np.log1p(-Y)).mean()
    return float(cross_entropy), float(np.square(X - Y).mean())


def psnr(squared_error):
    """Return the peak signal-to-noise ratio in decibels, for a peak of one."""
    return -10 * np.log10(squared_error)


def noisy(images):
    noise = np.random.default_rng(0).normal(0, NOISE, images.shape)
    return (255 * np.clip(images / 255 + noise, 0, 1)).astype(np.uint8)


def pca_line(data):
    flat = data.x_train.reshape(len(data.x_train), -1) / np.float32(255)
    test = data.x_test.reshape(len(data.x_test), -1) / np.float32(255)
    pca = PCA(N_COMPONENTS, svd_solver="covariance_eigh").fit(flat)
    restored = 255 * pca.inverse_transform(pca.transform(test))
    bits, n_parameters = N_COMPONENTS * FLOAT_BITS, pca.components_.size + flat.shape[1]
    return Quality(
        f"PCA, {N_COMPONENTS}", *errors(data.x_test, restored), bits, n_parameters
    )


def jpeg_lines(data):
    """Return JPEG at the quality whose scan is as long as a code of 32 numbers.

    A file of so small an image is mostly headers, which are the same for all images:
    only the compressed scan is counted.
    """
    target, best = N_COMPONENTS * FLOAT_BITS, None
    for quality in range(5, 100, 5):
        bits, restored = jpeg(data.x_test[:500], quality)
        if best is None or abs(bits - target) < abs(best[0] - target):
            best = bits, quality
    bits, restored = jpeg(data.x_test, best[1])
    return [Quality(f"JPEG, quality {best[1]}", *errors(data.x_test, restored), bits)]


def jpeg(images, quality):
    restored, n_bytes = np.empty(images.shape), 0
    for i, image in enumerate(images):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=quality, optimize=True)
        content = buffer.getvalue()
        scan = content.index(b"\xff\xda")  # the marker of the start of the scan
        n_bytes += len(content) - scan
        restored[i] = np.asarray(Image.open(buffer))
    return 8 * n_bytes / len(images), restored


def as_text(lines, header):
    titles = ("cross-entropy", "published", "MSE", "PSNR dB", "parameters")
    titles += ("s/epoch", "Keras s/epoch", "bits")
    text = []
    if header:
        text.append(f"{'reference':24}" + "".join(f"{t:>14}" for t in titles))
    for line in lines:
        values = (
            f"{line.cross_entropy:.4f}",
            f"{PUBLISHED[line.name]:.4f}" if line.name in PUBLISHED else "",
            f"{line.squared_error:.5f}",
            f"{psnr(line.squared_error):.2f}",
            f"{line.n_parameters:,}" if line.n_parameters else "",
            f"{line.seconds:.2f}" if line.seconds else "",
            f"{line.keras_seconds:.2f}" if line.keras_seconds else "",
            f"{line.bits:.0f}",
        )
        text.append(f"{line.name:24}" + "".join(f"{v:>14}" for v in values))
    return "\n".join(text)


def log_history(folder, history):
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default():
        for name, losses in history.items():
            for epoch, loss in enumerate(losses):
                tf.summary.scalar(name, loss, step=epoch)


def print_detection(data, options):
    """Train on one digit's images and tell the other digits from it."""
    areas, test = {}, of_equal_norm(data.x_test)
    for digit in options.digits:
        own = of_equal_norm(data.x_train[data.y_train == digit])
        normal = data.y_test == digit
        for name, scores in detector_scores(own, test, options):
            areas.setdefault(name, []).append(roc_auc_score(normal, scores))
        print(f"digit {digit}", {n: round(a[-1], 4) for n, a in areas.items()})
    print(f"\n{'detector':24}{'mean AUROC':>14}{'lowest':>14}")
    for name, values in areas.items():
        print(f"{name:24}{np.mean(values):14.4f}{min(values):14.4f}")


def of_equal_norm(images):
    """Return images that differ in form, not in how bold they are."""
    return NORM * Normalizer().transform(images.reshape(len(images), -1) / 255)


def detector_scores(images, test_images, options):
    for name in DETECTORS:
        if options.only and name not in options.only:
            continue
        detector = REFERENCES[name](detector=True)
        detector.set_params(max_iter=options.epochs, random_state=0)
        yield name, detector.fit(images).score_samples(test_images)
    forest = IsolationForest(random_state=0).fit(images)
    yield "IsolationForest", forest.score_samples(test_images)
    pca = PCA(N_COMPONENTS, svd_solver="covariance_eigh").fit(images)
    restored = pca.inverse_transform(pca.transform(test_images))
    yield "PCA reconstruction", -np.square(test_images - restored).mean(axis=1)


def draw_all(fitted, data, options):
    shown = data.x_test[:N_SHOWN]
    for name, estimator in fitted.items():
        rows = {"original": shown}
        given = noisy(shown) if name == "denoising" else shown
        if name == "denoising":
            rows["noisy"] = given
        rows["reconstruction"] = reconstruct(estimator, given)
        save(plot_image_rows(rows), options, name)
    if any(comparable(estimator) for estimator in fitted.values()):
        save(loss_curves(fitted), options, "loss curves")
    if "map" in fitted:
        codes = fitted["map"].transform(data.x_test)
        save(scatter(codes, data.y_test, "code"), options, "map of the digits")
    if "deep" in fitted:
        save(tsne(fitted["deep"], data), options, "t-SNE")
        display = ErrorMapDisplay.from_estimator(fitted["deep"], spoiled(shown))
        save(display.plot().figure_, options, "error map")
    if "variational, 2" in fitted:
        save(generated(fitted["variational, 2"]), options, "generated digits")
    if "simple" in fitted and "epochs" not in options.skip:
        save(after_epochs(data, options), options, "after each epoch")


def reconstruct(estimator, images):
    return estimator.inverse_transform(estimator.transform(images))


def save(figure, options, name):
    file_name = name.replace(", ", "-").replace(" ", "-").lower() + ".png"
    figure.savefig(options.pictures / file_name, dpi=80)
    plt.close(figure)
    # A palette of 256 colours halves the file.
    with Image.open(options.pictures / file_name) as picture:
        small = picture.convert("RGB").quantize(256)
    small.save(options.pictures / file_name, optimize=True)


def spoiled(images):
    """Return images with a small bright square, in another corner of each."""
    images = images.copy()
    for i, image in enumerate(images):
        row, column = (3, 21)[i % 2], (3, 21)[i // 2 % 2]
        image[row : row + 4, column : column + 4] = 255
    return images


def comparable(estimator):
    """Return whether an estimator's loss is a cross-entropy."""
    return estimator.loss != "squared_error"


def loss_curves(fitted):
    figure, ax = plt.subplots(figsize=(8.5, 4), layout="constrained")
    for name, estimator in fitted.items():
        if not comparable(estimator):
            continue
        losses = estimator.history_["val_loss"]
        ax.plot(np.arange(1, len(losses) + 1), losses, label=name)
    ax.set(xlabel="epoch", ylabel="validation loss in nats a pixel", yscale="log")
    ax.yaxis.set_major_formatter("{x:.2f}")
    ax.yaxis.set_minor_formatter("{x:.2f}")
    ax.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    return figure


def scatter(points, digits, what):
    figure, ax = plt.subplots(figsize=(6.2, 5.4), layout="constrained")
    drawn = ax.scatter(*points.T, c=digits, cmap="tab10", vmin=-0.5, vmax=9.5, s=3)
    figure.colorbar(drawn, ticks=range(10), label="digit")
    ax.set(xlabel=f"{what} 0", ylabel=f"{what} 1")
    return figure


def tsne(estimator, data, n_images=2_000):
    from sklearn.manifold import TSNE

    codes = estimator.transform(data.x_test[:n_images])
    points = TSNE(init="pca", random_state=0).fit_transform(codes)
    return scatter(points, data.y_test[:n_images], "t-SNE")


def generated(estimator, side=12):
    """Draw the images of codes on a grid of the normal distribution's quantiles."""
    from scipy.stats import norm

    quantiles = norm.ppf(np.linspace(0.03, 0.97, side))
    grid = np.array([(x, y) for y in quantiles[::-1] for x in quantiles])
    images = estimator.inverse_transform(grid).reshape(side, side, 28, 28)
    figure, ax = plt.subplots(figsize=(5.5, 5.5), layout="constrained")
    ax.imshow(images.swapaxes(1, 2).reshape(side * 28, side * 28), cmap="gray")
    ticks = np.arange(0, side, 2)
    ax.set_xticks(14 + 28 * ticks, [f"{quantiles[i]:.1f}" for i in ticks])
    ax.set_yticks(14 + 28 * ticks, [f"{quantiles[::-1][i]:.1f}" for i in ticks])
    ax.set(xlabel="code 0", ylabel="code 1")
    return figure


def after_epochs(data, options):
    """Draw reconstructions after more and more epochs of the same training."""
    rows = {"original": data.x_test[:N_SHOWN]}
    for n_epochs in (n for n in (1, 2, 3, 5, 10, 20) if n <= options.epochs):
        # With a constant rate the first epochs of a fit do not depend on the last.
        estimator = references.simple()
        estimator.set_params(
            max_iter=n_epochs, learning_rate="constant", random_state=0
        )
        estimator.fit(data.x_train)
        rows[f"epoch {n_epochs}"] = reconstruct(estimator, rows["original"])
    return plot_image_rows(rows)


if __name__ == "__main__":
    main()
