"""The documents say what is true: names, links, lists, recipes and printed output."""

import importlib.util
import inspect
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from test_layering import FLOORS

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector, cli
from aeanomaly.architectures import ARCHITECTURES
from aeanomaly.cli import arguments
from aeanomaly.scoring.archive import PROTOCOL
from aeanomaly.scoring.encoding.columns import COLUMN_KINDS
from aeanomaly.scoring.parts import PARTS
from aeanomaly.thresholds import THRESHOLDS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
    *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/**/*.md")),
    "benchmarks/README.md",
]
# What the recipes would add.
INVENTED = {
    "aeanomaly/architectures/wide.py",
    "aeanomaly/thresholds/gap.py",
    "aeanomaly/scoring/parts/excess.py",
    "aeanomaly/scoring/encoding/columns/log.py",
    "aeanomaly/cli/names.py",
}
REGISTRIES = {
    "ARCHITECTURES": ARCHITECTURES,
    "THRESHOLDS": THRESHOLDS,
    "PARTS": PARTS,
    "COLUMN_KINDS": COLUMN_KINDS,
}


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks_of(name, language):
    """Return the code blocks of a document, and what its first comments call them."""
    found = re.findall(
        rf"^```{language}\n(.*?)^```", text_of(name), flags=re.DOTALL | re.MULTILINE
    )
    return {code.splitlines()[0].removeprefix("# "): code for code in found}


def rows_of(name, head):
    """Return the cells of the table of a document whose head begins so."""
    lines = text_of(name).split(f"\n| {head} |")[1].splitlines()[2:]
    table = lines[: next((i for i, s in enumerate(lines) if s[:1] != "|"), None)]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]


RECIPES = blocks_of("CONTRIBUTING.md", "python")
RUNNABLE = [name for name in RECIPES if "/" not in name]


@pytest.fixture
def import_file(tmp_path, monkeypatch):
    """A function that writes code to a file and imports it there, as users do."""

    def run(name, code):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
        path = tmp_path / name
        path.write_text(code, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        return module

    return run


# Names and links.


@pytest.mark.parametrize("document", DOCUMENTS)
def test_relative_links_resolve(document):
    for link in re.findall(r"\]\(([^)#\s]+)", text_of(document)):
        assert "://" not in link, link
        assert ((ROOT / document).parent / link).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_a_document_names_exist(document):
    folders = "aeanomaly|tests|docs|examples|benchmarks"
    for name in re.findall(rf"`((?:{folders})/[^`\s]*)`", text_of(document)):
        assert (ROOT / name).exists() != (name in INVENTED), name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_scripts_that_a_document_runs_exist(document):
    for name in re.findall(r"\bpython ([\w/]+\.py)", text_of(document)):
        assert (ROOT / name).exists(), name


def test_what_the_table_of_places_names_is_there():
    rows = rows_of("docs/architecture.md", "question | file")
    assert len(rows) > 10
    for function in ("_fit_offset", "fit_threshold"):
        assert hasattr(AutoencoderOutlierDetector, function)


# Lists.


def test_the_table_of_floors_is_that_of_the_layering_test():
    rows = rows_of("docs/architecture.md", "floor | parts")
    assert [int(number) for number, *_ in rows] == list(range(len(FLOORS)))
    assert [set(re.findall(r"`(\w+)`", parts)) for _, parts, _ in rows] == list(FLOORS)


def test_the_table_of_registries_is_true():
    rows = rows_of("docs/architecture.md", "registry | where")
    assert [name for name, *_ in rows] == [f"`{name}`" for name in REGISTRIES]
    for name, where, names, base in rows:
        registry = REGISTRIES[name.strip("`")]
        assert list(registry) == names.split(", ")
        assert name.strip("`") in text_of(where.strip("`"))
        classes = [inspect.getmro(cls) for cls in registry.values()]
        assert all(base.strip("`") in {c.__name__ for c in mro} for mro in classes)


@pytest.mark.parametrize("registry", [ARCHITECTURES, THRESHOLDS])
def test_what_a_user_passes_as_an_object_is_public(registry):
    for cls in registry.values():
        assert issubclass(cls, BaseEstimator)
        assert getattr(aeanomaly, cls.__name__) is cls


def test_the_manifest_has_the_keys_that_are_documented(detector, tmp_path):
    detector.save(tmp_path / "model.aea")
    with zipfile.ZipFile(tmp_path / "model.aea") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = archive.namelist()
    rows = rows_of("docs/model_file.md", "key of the manifest")
    assert [key.strip("`") for key, _ in rows] == list(manifest)
    assert f"now {PROTOCOL}" in rows[0][1]
    assert "arrays/model.network.encoder.0.kernel.npy" in names
    assert {"manifest.json", "manifest.sha256"} < set(names)


def commands():
    """Return the names of the subcommands and their modules."""
    (action,) = (
        action
        for action in arguments._build_parser()._actions
        if isinstance(action.choices, dict)
    )
    return {n: p.get_default("module") for n, p in action.choices.items()}


def test_every_command_is_a_module_with_run_and_is_documented():
    head = cli.__doc__.partition(".\n\nEach")[0]
    for name, module in commands().items():
        assert (ROOT / f"aeanomaly/cli/{module}.py").exists()
        assert name in re.findall(r"\w+", head)
        assert f"aeanomaly {name}" in text_of("README.md")


def test_displays_store_and_have_the_three_steps():
    from aeanomaly import displays, images

    found = [
        getattr(room, name)
        for room in (images, displays)
        for name in room.__all__
        if name.endswith("Display")
    ]
    assert found
    for display in found:
        assert callable(display.from_estimator)
        assert callable(display.plot)
        names = list(inspect.signature(display.__init__).parameters)[1:]
        stored = display(**{name: name for name in names})
        assert vars(stored) == {name: name for name in names}


# Recipes.


def test_there_is_a_recipe_of_each_kind():
    assert len(RUNNABLE) == 5
    assert len(RECIPES) == 7


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_a_recipe_runs_as_a_file_outside_the_package(name, import_file, capsys):
    module = import_file(name, RECIPES[name])
    (own,) = (
        value
        for value in vars(module).values()
        if inspect.isclass(value) and value.__module__ == module.__name__
    )
    assert own.__doc__
    if name.startswith("own_"):
        assert own.__name__ in inspect.getsource(module).split("classes=[")[1]
        assert capsys.readouterr().out


def test_the_recipe_of_a_subcommand_works(tmp_path, monkeypatch, capsys):
    module, parser = (code for name, code in RECIPES.items() if "/" in name)
    (tmp_path / "names.py").write_text(module, encoding="utf-8")
    monkeypatch.setattr(cli, "__path__", [*cli.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "aeanomaly.cli.names", raising=False)
    scope = dict(vars(arguments))
    exec(compile(parser, "arguments.py", "exec"), scope)
    before = arguments._add_inspect

    def add_both(commands):
        before(commands)
        scope["_add_names"](commands)

    monkeypatch.setattr(arguments, "_add_inspect", add_both)
    assert "names" in commands()
    assert cli.main(["names", str(ROOT / "datasets/transactions.csv")]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["transaction_id", "timestamp"]
    assert cli.main(["names", str(tmp_path / "none.csv")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.delitem(sys.modules, "aeanomaly.cli.names")


# The citation, and the package.


def test_the_citation_has_the_version_of_the_package():
    pairs = re.findall(r"^([a-z-]+):(?: (.*))?$", text_of("CITATION.cff"), re.MULTILINE)
    citation = dict(pairs)
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == aeanomaly.__version__
    assert citation["license"] == "BSD-3-Clause"
    assert {"message", "title", "authors"} <= citation.keys()
    # One item or one pair a line, and no colon within: YAML reads what stands there.
    for line in text_of("CITATION.cff").splitlines():
        assert re.fullmatch(r"[a-z-]+:( [^:#]+)?|  - (name: )?[^:#]+", line), line


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "aeanomaly/py.typed").exists()


# The picture, and what the command prints.


def test_the_picture_of_reasons_is_drawn_from_rows(tmp_path):
    import matplotlib.image

    sys.path.insert(0, str(ROOT / "examples"))
    try:
        from picture_of_reasons import DOTS, draw
    finally:
        sys.path.pop(0)
    row = {"cells": ["1.00", "FR"], "score": "-8.00", "fraud": "no", "ranks": [0, 1]}
    row["reasons"] = ["amount 1, expected about 9", "country FR, expected DE (0.50)"]
    for n_rows in (2, 3):
        draw([row] * n_rows, ["amount", "country"], tmp_path / f"{n_rows}.png")
    two, three = (matplotlib.image.imread(tmp_path / f"{n}.png") for n in (2, 3))
    assert two.shape[1] == three.shape[1] > 2 * DOTS
    assert three.shape[0] > two.shape[0]


def numbers_and_words(line):
    pattern = r"-?\d[\d,]*(?:\.\d+)?"
    numbers = [float(n.replace(",", "")) for n in re.findall(pattern, line)]
    return numbers, re.sub(rf"\s*{pattern}", " #", line)


@pytest.mark.slow
def test_the_main_command_prints_what_the_readme_shows(tmp_path):
    readme = text_of("README.md")
    shown = readme.split("<!-- printed by the command above -->\n```text\n")[1]
    shown = shown.split("\n```")[0].splitlines()
    (command,) = re.findall(r"bin/(aeanomaly detect .*)", readme)
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    run = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = run.stdout.rstrip().splitlines()
    assert len(printed) == len(shown)
    # Networks differ a little from processor to processor: the rows that stand near
    # each other may change places, and the last digits differ.
    first = next(i for i, line in enumerate(shown) if line.endswith("reasons")) + 1
    rows = [
        {line.split()[0]: line.split("  ", 3) for line in lines[first : first + 10]}
        for lines in (shown, printed)
    ]
    assert len(rows[0].keys() & rows[1].keys()) >= 8
    for i, (told, line) in enumerate(zip(shown, printed, strict=True)):
        if first <= i < first + 10:
            continue
        if line.startswith("Their first reason"):
            # The third is one of 20 rows: it is as likely to be another column.
            told, line = (text.rsplit(",", 1)[0] for text in (told, line))
        (expected, words), (numbers, now) = map(numbers_and_words, (told, line))
        assert now == words
        if line.startswith(("AutoencoderOutlierDetector", "IsolationForest")):
            expected, numbers = expected[:-1], numbers[:-1]  # without the seconds
        if not line.startswith("Trained in"):
            assert numbers == pytest.approx(expected, rel=0.1, abs=0.03)


def test_the_guide_has_every_threshold():
    guide = text_of("docs/thresholds.md")
    for rule in THRESHOLDS.values():
        assert rule.__name__ in guide or f"{rule.name}," in guide, rule


@pytest.mark.slow
def test_the_code_of_the_guide_to_thresholds_runs(capsys):
    names = {}
    for code in blocks_of("docs/thresholds.md", "python").values():
        exec(compile(code, "docs/thresholds.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(
        "At most 1 % of new normal rows are flagged on average"
    )
    assert printed[1].startswith("At most 0.1 % of new")
    assert "labelled rows and finds" in printed[2]
    assert printed[3].startswith("{'trim_fraction': ")
