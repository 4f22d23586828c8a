"""Packages that are missing, in words: scoring needs fewer than training."""

from __future__ import annotations

# Dependencies that an installation for scoring does not have: what they are imported
# as, and what they are called.
_PACKAGES = {
    "joblib": "joblib",
    "keras": "Keras",
    "scipy": "SciPy",
    "sklearn": "scikit-learn",
    "tensorflow": "TensorFlow",
}


def in_words(error: ImportError, what: str) -> ImportError:
    """Return an error that says what needs a missing dependency, and what does not.

    Parameters
    ----------
    error : ImportError
    what : str
        What cannot be had or done without it.

    Returns
    -------
    ImportError
        The same where it is about anything else.

    Examples
    --------
    >>> in_words(ModuleNotFoundError(name="sklearn.base"), "aeanomaly.load")
    ModuleNotFoundError('aeanomaly.load needs scikit-learn, which is not installed. \
Install it with: pip install aeanomaly. The commands score and inspect, and \
aeanomaly.scoring.load, work without it.')
    """
    package = _PACKAGES.get((error.name or "").partition(".")[0])
    if package is None or not isinstance(error, ModuleNotFoundError):
        return error
    return ModuleNotFoundError(
        f"{what} needs {package}, which is not installed. Install it with: pip install "
        f"aeanomaly. The commands score and inspect, and aeanomaly.scoring.load, work "
        f"without it.",
        name=error.name,
    )
