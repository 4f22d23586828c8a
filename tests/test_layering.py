"""Tests of the layering rule: which part of the package may import what, and when."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from cases import CHEAP, make_table

PACKAGE = Path(__file__).resolve().parents[1] / "aeanomaly"
STANDARD = set(sys.stdlib_module_names) | {"__future__"}
HEAVY = {"keras", "tensorflow"}
# Present only where the user asked for an extra: always inside functions.
OPTIONAL = {"matplotlib", "polars", "pyarrow", "dask", "skrub"}

FOUNDATION = {
    "_distinct_rows",
    "_validation",
    "architectures",
    "datasets",
    "exceptions",
    "explanations",
    "hybrid",
    "scoring",
    "table_encoder",
    "thresholds",
    "training",
}
ESTIMATORS = {"_base", "detector", "transformer"}


class Import(NamedTuple):
    """One imported module: where, what, and whether a function does it."""

    file: Path
    line: int
    module: str
    lazy: bool

    @property
    def package(self):
        return self.module.split(".")[0]

    @property
    def part(self):
        """First name below aeanomaly, or an empty string."""
        return (self.module.split(".") + [""])[1]

    def __str__(self):
        where = self.file.relative_to(PACKAGE.parent).as_posix()
        return f"{where}:{self.line} imports {self.module}"


def part_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def absolute(file, node):
    """Names of the modules that an import statement asks for."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not node.level:
        return [node.module]
    folder = [PACKAGE.name, *file.relative_to(PACKAGE).parts[:-1]]
    base = folder[: len(folder) - node.level + 1]
    if node.module:
        return [".".join([*base, node.module])]
    return [".".join([*base, alias.name]) for alias in node.names]


def is_type_checking(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imports_in(file, node, lazy=False):
    for child in ast.iter_child_nodes(node):
        if is_type_checking(child):
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            for module in absolute(file, child):
                yield Import(file, child.lineno, module, lazy)
        function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from imports_in(file, child, lazy or function)


ALL = [
    found
    for file in sorted(PACKAGE.rglob("*.py"))
    for found in imports_in(file, ast.parse(file.read_text(encoding="utf-8")))
]


def offending(*rules):
    return [str(found) for found in ALL if all(rule(found) for rule in rules)]


def test_the_reader_of_imports_sees_what_it_should():
    source = (
        "import os, keras\n"
        "from ..exceptions import ColumnError\n"
        "from . import table\n"
        "if TYPE_CHECKING:\n    import pandas\n"
        "def f():\n    if True:\n        from tensorflow.data import Dataset\n"
    )
    file = PACKAGE / "scoring" / "example.py"
    found = list(imports_in(file, ast.parse(source)))
    assert [(i.module, i.lazy) for i in found] == [
        ("os", False),
        ("keras", False),
        ("aeanomaly.exceptions", False),
        ("aeanomaly.scoring.table", False),
        ("tensorflow.data", True),
    ]
    assert len(ALL) > 50


def test_keras_and_tensorflow_are_imported_inside_functions_only():
    assert not offending(lambda i: i.package in HEAVY, lambda i: not i.lazy)


def test_keras_and_tensorflow_are_imported_where_networks_are_built_only():
    builders = {"architectures", "images", "training"}
    assert not offending(
        lambda i: i.package in HEAVY, lambda i: part_of(i.file) not in builders
    )


def test_optional_packages_are_imported_inside_functions_only():
    assert not offending(lambda i: i.package in OPTIONAL, lambda i: not i.lazy)


def test_scoring_imports_numpy_and_the_standard_library():
    allowed = STANDARD | {"numpy", "aeanomaly"}
    assert not offending(
        lambda i: part_of(i.file) == "scoring",
        lambda i: i.package not in allowed | ({"pandas"} if i.lazy else set()),
    )


def test_scoring_imports_nothing_of_the_package_but_its_errors():
    assert not offending(
        lambda i: part_of(i.file) == "scoring",
        lambda i: i.package == "aeanomaly",
        lambda i: i.part not in {"scoring", "exceptions"},
        # Networks that NumPy cannot run are rebuilt by Keras, when there is one.
        lambda i: not (i.lazy and i.part == "training"),
    )


def test_training_imports_no_scikit_learn():
    assert not offending(
        lambda i: part_of(i.file) == "training", lambda i: i.package == "sklearn"
    )


def test_the_foundation_imports_nothing_that_stands_on_it():
    assert not offending(
        lambda i: part_of(i.file) in FOUNDATION,
        lambda i: i.package == "aeanomaly",
        lambda i: i.part not in FOUNDATION,
    )


def test_estimators_import_at_their_head_only_what_they_stand_on():
    assert not offending(
        lambda i: part_of(i.file) in ESTIMATORS,
        lambda i: i.package == "aeanomaly",
        lambda i: not i.lazy,
        lambda i: i.part not in FOUNDATION | ESTIMATORS,
    )


def test_training_and_its_users_are_imported_inside_functions_only():
    assert not offending(
        lambda i: i.part == "training" and i.package == "aeanomaly",
        lambda i: part_of(i.file) != "training",
        lambda i: not i.lazy,
    )


def run(code, *arguments):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2_000:]
    return result.stdout.strip()


BLOCKED = "import sys; sys.modules.update({'tensorflow': None, 'keras': None})\n"


def test_the_package_imports_quickly_nothing_but_itself():
    heavy = ("tensorflow", "keras", "sklearn", "pandas", "numpy", "scipy", "joblib")
    code = f"import sys, aeanomaly; print([m for m in {heavy} if m in sys.modules])"
    assert run(code) == "[]"


def test_every_public_name_can_be_had_without_tensorflow():
    code = BLOCKED + (
        "import aeanomaly\n"
        "for name in aeanomaly.__all__:\n    getattr(aeanomaly, name)\n"
        "print(len(aeanomaly.__all__))"
    )
    assert int(run(code)) > 10


def test_an_unknown_name_is_an_attribute_error():
    import aeanomaly

    with pytest.raises(AttributeError, match="has no attribute 'Autoencoder'"):
        aeanomaly.Autoencoder  # noqa: B018 - looking it up is what is tested


@pytest.mark.parametrize("name", ["detector", "transformer"])
def test_a_pickled_model_scores_without_tensorflow(name, request, tmp_path):
    import joblib
    import numpy as np

    estimator = request.getfixturevalue(name)
    table = make_table()
    method = "predict" if name == "detector" else "transform"
    joblib.dump((estimator, table), tmp_path / "model")
    np.save(tmp_path / "expected.npy", getattr(estimator, method)(table))
    code = BLOCKED + (
        "import joblib, numpy\n"
        "folder, method = sys.argv[1:]\n"
        "estimator, table = joblib.load(folder + '/model')\n"
        "result = getattr(estimator, method)(table)\n"
        "print(numpy.array_equal(result, numpy.load(folder + '/expected.npy')))"
    )
    assert run(code, tmp_path, method) == "True"


def test_training_without_tensorflow_says_what_is_missing():
    code = BLOCKED + (
        "import numpy, aeanomaly\n"
        f"detector = aeanomaly.AutoencoderOutlierDetector(**{CHEAP})\n"
        "try:\n    detector.fit(numpy.eye(6))\n"
        "except ImportError as error:\n    print(error)"
    )
    said = run(code).lower()
    assert "tensorflow" in said or "keras" in said
