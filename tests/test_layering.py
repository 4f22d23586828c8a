"""Tests of the layering rule: which part of the package may import what, and when."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from cases import make_table

PACKAGE = Path(__file__).resolve().parents[1] / "aeanomaly"
STANDARD = set(sys.stdlib_module_names) | {"__future__"}
HEAVY = {"keras", "tensorflow"}
# Present only where the user asked for an extra: always inside functions.
OPTIONAL = {"matplotlib", "polars", "pyarrow", "dask", "skrub", "jinja2", "markupsafe"}
OPTIONAL |= {"onnx", "onnxruntime", "mlflow", "skops"}

# The floors of the package, from the ground up. What a module imports, at its head or
# in a function, lies on a floor below its own or belongs to the same part.
FLOORS = (
    {"dependencies", "exceptions", "files", "notices", "printable", "registry"},
    {"scoring", "datasets", "periods"},
    {"thresholds", "architectures", "labels"},
    {"training"},
    {"fitting"},
    {
        "classifier",
        "fit_tasks",
        "images",
        "tables",
        "comparison",
        "validation",
        "selection",
        "metrics",
        "counterfactuals",
        "drift",
        "versions",
    },
    {"saving", "latent_size", "notebook", "onnx", "report", "streams"},
    {"base", "decisions", "feedback", "watching"},
    {"detector", "transformer"},
    {"loading", "references", "displays", "distributed"},
    {"cli", "mlflow"},
    {"__main__"},
)
FLOOR = {part: height for height, parts in enumerate(FLOORS) for part in parts}


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


def modules_named(found):
    """The modules of the package that an import may stand for, without the name."""
    names = found.module.split(".")
    return [".".join(names[:n]) for n in range(len(names), 0, -1)]


def files_imported(found):
    """The file of the package that an import reads, if it is one of the package."""
    if found.package != PACKAGE.name:
        return []
    for module in modules_named(found):
        path = PACKAGE.parent.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.exists():
                return [file]
    return []


def test_optional_packages_are_imported_inside_functions_only():
    assert not offending(lambda i: i.package in OPTIONAL, lambda i: not i.lazy)


def test_every_part_of_the_package_stands_on_a_floor():
    parts = {part_of(file) for file in PACKAGE.rglob("*.py")} - {"__init__"}
    assert parts - {"_data"} == set(FLOOR)


def test_no_import_leads_upwards_or_sideways():
    assert not offending(
        lambda i: i.package == PACKAGE.name and i.part,
        lambda i: i.part in FLOOR and part_of(i.file) in FLOOR,
        lambda i: i.part != part_of(i.file),
        lambda i: FLOOR[i.part] >= FLOOR[part_of(i.file)],
    )


def test_the_ground_floor_imports_the_standard_library_only():
    assert not offending(
        lambda i: FLOOR.get(part_of(i.file)) == 0,
        lambda i: i.package not in STANDARD,
        lambda i: FLOOR.get(i.part) != 0,
    )


def test_no_modules_import_each_other_in_a_circle():
    graph = {}
    for found in ALL:
        targets = graph.setdefault(found.file, set())
        # A package's __init__ that lists its modules is no circle with them.
        targets |= {
            f for f in files_imported(found) if f != found.file.parent / "__init__.py"
        }
    done, path = set(), []

    def visit(file):
        assert file not in path, [str(f) for f in path[path.index(file) :]]
        if file in done:
            return
        path.append(file)
        for target in graph.get(file, ()):
            visit(target)
        done.add(path.pop())

    for file in graph:
        visit(file)


def test_scoring_imports_numpy_and_the_standard_library():
    allowed = STANDARD | {"numpy", PACKAGE.name}
    # threadpoolctl, which scikit-learn brings, is done without where it is missing.
    in_functions = {"pandas", "threadpoolctl"} | HEAVY
    assert not offending(
        lambda i: part_of(i.file) == "scoring",
        lambda i: i.package not in allowed | (in_functions if i.lazy else set()),
    )


def test_the_drift_watch_imports_numpy_and_the_standard_library():
    """It runs every night, where a model scores: without scikit-learn and SciPy."""
    allowed = STANDARD | {"numpy", PACKAGE.name}
    assert not offending(
        lambda i: part_of(i.file) == "drift",
        lambda i: i.package not in allowed | ({"pandas"} if i.lazy else set()),
    )


def test_training_imports_no_scikit_learn():
    assert not offending(
        lambda i: part_of(i.file) == "training", lambda i: i.package == "sklearn"
    )


def test_training_is_imported_inside_functions_only():
    assert not offending(
        lambda i: i.part == "training" and i.package == PACKAGE.name,
        lambda i: part_of(i.file) != "training",
        lambda i: not i.lazy,
    )


def run(code, cwd=None):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2_000:]
    return result.stdout.strip()


def test_the_package_imports_quickly_nothing_but_itself():
    heavy = ("tensorflow", "keras", "sklearn", "pandas", "numpy", "scipy", "joblib")
    code = f"import sys, aeanomaly; print([m for m in {heavy} if m in sys.modules])"
    assert run(code) == "[]"


WITHOUT_TENSORFLOW = """
import json, sys
sys.modules.update({"tensorflow": None, "keras": None})
import joblib, numpy
import aeanomaly

n_names = len([getattr(aeanomaly, name) for name in aeanomaly.__all__])
table, expected = joblib.load("expected")
equal = {}
for name, (method, result) in expected.items():
    for estimator in (joblib.load(name), aeanomaly.load(name + ".aea")):
        same = numpy.array_equal(getattr(estimator, method)(table), result)
        equal.setdefault(name, []).append(same)
try:
    aeanomaly.AutoencoderOutlierDetector().fit(numpy.eye(6))
except ImportError as error:
    print(json.dumps({"n_names": n_names, "equal": equal, "error": str(error)}))
"""


@pytest.fixture(scope="module")
def without_tensorflow(detector, transformer, tmp_path_factory):
    """What is found in a process, which takes seconds, that cannot import it."""
    import joblib

    folder, table, expected = tmp_path_factory.mktemp("models"), make_table(), {}
    for name, estimator, method in (
        ("detector", detector, "predict"),
        ("transformer", transformer, "transform"),
    ):
        joblib.dump(estimator, folder / name)
        estimator.save(folder / f"{name}.aea")
        expected[name] = method, getattr(estimator, method)(table)
    joblib.dump((table, expected), folder / "expected")
    return json.loads(run(WITHOUT_TENSORFLOW, cwd=folder))


@pytest.mark.slow
def test_every_public_name_can_be_had_without_tensorflow(without_tensorflow):
    assert without_tensorflow["n_names"] > 10


def test_an_unknown_name_is_an_attribute_error():
    import aeanomaly

    with pytest.raises(AttributeError, match="has no attribute 'Autoencoder'"):
        aeanomaly.Autoencoder  # noqa: B018 - looking it up is what is tested


@pytest.mark.slow
@pytest.mark.parametrize("name", ["detector", "transformer"])
def test_a_pickled_or_saved_model_scores_without_tensorflow(name, without_tensorflow):
    assert without_tensorflow["equal"][name] == [True, True]


@pytest.mark.slow
def test_training_without_tensorflow_says_what_is_missing(without_tensorflow):
    said = without_tensorflow["error"].lower()
    assert "tensorflow" in said or "keras" in said
