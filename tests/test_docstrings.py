"""Tests of the docstrings: every parameter said, and said in the same words."""

import inspect
import re

import pytest
from cases import CHEAP, make_numbers
from sklearn.base import BaseEstimator

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer
from aeanomaly.architectures import ARCHITECTURES
from aeanomaly.scoring.encoding.columns import COLUMN_KINDS
from aeanomaly.scoring.parts import PARTS
from aeanomaly.thresholds import THRESHOLDS

PUBLIC = [
    getattr(aeanomaly, name)
    for name in aeanomaly.__all__
    if callable(getattr(aeanomaly, name))
]
CLASSES = [item for item in PUBLIC if inspect.isclass(item)]
ESTIMATORS = (AutoencoderOutlierDetector, AutoencoderTransformer)


def sections(documented):
    """Split a docstring into its numpydoc sections, by title."""
    text = inspect.getdoc(documented) or ""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", text, flags=re.MULTILINE)
    return dict(zip(["Summary", *parts[1::2]], parts[::2], strict=True))


def entries(documented, title):
    """Return type line and text of each entry of a section, by name."""
    found = {}
    text = sections(documented).get(title, "")
    for entry in re.split(r"^(?=\S)", text, flags=re.MULTILINE):
        head, _, body = entry.partition("\n")
        names, _, kind = head.partition(" : ")
        for name in names.split(", "):
            if name.strip():
                found[name.strip()] = (kind.strip(), inspect.cleandoc(body))
    return found


def methods_of(owner):
    return [
        (name, method)
        for name, method in inspect.getmembers(owner, inspect.isfunction)
        if not name.startswith("_") and method.__module__.startswith("aeanomaly")
    ]


METHODS = [
    pytest.param(method, id=f"{owner.__name__}.{name}")
    for owner in ESTIMATORS
    for name, method in methods_of(owner)
]


def arguments_of(callable_):
    return [
        name for name in inspect.signature(callable_).parameters if name not in {"self"}
    ]


def test_the_reader_of_docstrings_sees_what_it_should():
    def example(x, y):
        """Do it.

        Parameters
        ----------
        x, y : float, default=1
            What is
            done.
        """

    expected = ("float, default=1", "What is\ndone.")
    assert entries(example, "Parameters") == {"x": expected, "y": expected}


@pytest.mark.parametrize("item", PUBLIC)
def test_every_public_name_begins_with_one_sentence(item):
    summary = sections(item)["Summary"].strip().split("\n\n")[0]
    assert summary.endswith(".")
    assert "@" not in summary


@pytest.mark.parametrize("owner", [c for c in CLASSES if issubclass(c, BaseEstimator)])
def test_every_constructor_parameter_is_documented_in_order(owner):
    documented = entries(owner, "Parameters")
    assert (
        list(documented) == list(inspect.signature(owner.__init__).parameters)[1:]
        or not owner().get_params()
    )
    assert all(kind and text for kind, text in documented.values())


@pytest.mark.parametrize("owner", [c for c in CLASSES if issubclass(c, BaseEstimator)])
def test_documented_defaults_are_the_real_ones(owner):
    for name, (kind, _) in entries(owner, "Parameters").items():
        default = inspect.signature(owner.__init__).parameters[name].default
        stated = re.search(r"default=(.+)$", kind)
        assert stated, f"{name} : {kind} states no default"
        shown = stated.group(1).replace("'", '"')
        assert eval(shown) == default, f"{name} : {kind}"  # our own docstring


@pytest.mark.parametrize(
    ("estimator", "parameter", "registry"),
    [
        *((estimator, "architecture", ARCHITECTURES) for estimator in ESTIMATORS),
        (AutoencoderOutlierDetector, "threshold", THRESHOLDS),
        (AutoencoderOutlierDetector, "score_type", PARTS),
        *((estimator, "column_kinds", COLUMN_KINDS) for estimator in ESTIMATORS),
    ],
)
def test_every_registered_name_is_documented(estimator, parameter, registry):
    kind, text = entries(estimator, "Parameters")[parameter]
    # A constant column is recognised by its values: nobody asks for one.
    for name in set(registry) - {"constant"}:
        assert f'"{name}"' in kind + text


def test_the_estimators_share_their_words():
    first, second = (entries(estimator, "Parameters") for estimator in ESTIMATORS)
    shared = first.keys() & second.keys()
    assert len(shared) > 20
    defaults = [inspect.signature(e.__init__).parameters for e in ESTIMATORS]
    for name in shared:
        assert first[name][1] == second[name][1], name
        if defaults[0][name].default == defaults[1][name].default:
            assert first[name][0] == second[name][0], name


@pytest.mark.parametrize("method", METHODS)
def test_every_argument_of_a_public_method_is_documented(method):
    assert list(entries(method, "Parameters")) == arguments_of(method)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_gives_something_says_what(method):
    source = inspect.getsource(inspect.unwrap(method))
    gives = re.search(r"^ {8}return \S", source, flags=re.MULTILINE)
    assert bool(gives) == bool(sections(method).get("Returns"))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_fitted_attribute_is_documented(estimator):
    fitted = estimator(**CHEAP).fit(make_numbers())
    own = {name for name in vars(fitted) if name.endswith("_") and name[0] != "_"}
    documented = set(entries(estimator, "Attributes"))
    assert own <= documented
    # Computed from fitted attributes when they are asked for.
    computed = {"columns_", "left_out_"}
    assert documented - own <= {"feature_names_in_"} | computed
    assert all(isinstance(getattr(estimator, name), property) for name in computed)


@pytest.mark.parametrize("item", CLASSES)
def test_every_public_class_shows_an_example(item):
    if item.__name__ in {"Architecture", "Column", "NetworkSpec", "PartRows"}:
        return
    if item.__name__ in {"ScorePart", "Threshold"}:
        return
    assert ">>>" in sections(item).get("Examples", "")
