"""The documentation site: it builds, its links resolve, and its code runs."""

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES_THAT_RUN = [
    "start.md",
    *(f"tutorials/{name}.md" for name in ("fraud", "machine", "ledger", "codes")),
    *("tutorials/mnist.md", "score.md", "promises.md"),
    *("deployment.md", "recipes.md", "scale.md", "drift.md", "gallery.md"),
    *("comparison.md", "architectures.md", "missing_values.md", "own_model.md"),
]
# Their code is run by other tests, which have what it needs.
PAGES_OF_OTHER_TESTS = {
    "thresholds.md",  # test_documents.py
    "onnx.md",  # test_onnx.py
    "mlflow.md",  # test_mlflow.py does the same
}
PAGES_LOOKED_AT = [
    *("index.html", "thresholds.html", "comparison.html", "score.html"),
    *("tutorials/fraud.html", "reference/detector.html", "model_file.html"),
]
PUBLIC = [
    *("aeanomaly", "aeanomaly.displays", "aeanomaly.metrics", "aeanomaly.datasets"),
    *("aeanomaly.images", "aeanomaly.references", "aeanomaly.exceptions"),
    *("aeanomaly.scoring", "aeanomaly.distributed", "aeanomaly.mlflow"),
]
# What a constant or a registry would say is on the page of what it belongs to.
NOT_IN_REFERENCE = {"__version__", "IMAGE_ARCHITECTURES", "PUBLISHED"}


def run_page_module():
    spec = importlib.util.spec_from_file_location("run_page", DOCS / "run_page.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_page"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


run_page = run_page_module()


class Targets(HTMLParser):
    """What a page asks for, where it leads, and where one can be led to."""

    def __init__(self):
        super().__init__()
        self.loads, self.links, self.ids = set(), set(), set()

    def handle_starttag(self, tag, attributes):
        values = {name: value for name, value in attributes if value}
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        leads = tag == "a" or values.get("rel") in ("index", "search", "next", "prev")
        asked = {values[n] for n in ("href", "src", "srcset") if n in values}
        if leads:
            self.links |= asked
        else:
            self.loads |= asked


def read(page):
    targets = Targets()
    targets.feed(page.read_text(encoding="utf-8"))
    return targets


def is_broken(link, page, pages):
    """Whether a link of a page leads to no file of the site, or to no heading of it."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    path = unquote(parts.path)
    target = (page.parent / path).resolve() if path else page
    if parts.fragment and target in pages:
        return unquote(parts.fragment) not in pages[target].ids
    return not target.exists()


def asks_of_a_network(site, pages):
    for page, targets in pages.items():
        for load in targets.loads:
            if urlsplit(load).netloc:
                yield f"{page.name}: {load}"
    for style in site.rglob("*.css"):
        pattern = r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^)\"']*)"
        for load in re.findall(pattern, style.read_text("utf-8")):
            yield f"{style.name}: {load}"


def missing_from_the_reference(pages):
    described = set().union(
        *(targets.ids for page, targets in pages.items() if "reference" in page.parts)
    )
    names = {name.rpartition(".")[2] for name in described}
    for module in PUBLIC:
        for name in importlib.import_module(module).__all__:
            if name[0] != "_" and name not in names | NOT_IN_REFERENCE:
                yield f"{module}.{name}"


def too_wide(site):
    """Yield pages that scroll sideways, at two widths, where there is a browser."""
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None or importlib.util.find_spec("playwright") is None:
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        for width in (390, 1280):
            page = browser.new_page(viewport={"width": width, "height": 900})
            for name in PAGES_LOOKED_AT:
                page.goto((site / "docs" / name).as_uri())
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    yield f"{name} at {width} pixels"
        browser.close()


# One test, so that no two processes build at once.


@pytest.mark.slow
def test_the_site_is_built_whole_and_works_without_a_network(tmp_path):
    pytest.importorskip("sphinx", reason="Sphinx is absent: the extra docs has it")
    site = tmp_path / "site"
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d"]
    run = subprocess.run(
        [*build, tmp_path / "cache", "-c", DOCS, ROOT, site],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    pages = {path: read(path) for path in sorted(site.rglob("*.html"))}
    assert len(pages) > 20
    assert not [
        f"{page.name}: {link}"
        for page, targets in pages.items()
        for link in sorted(targets.links | targets.loads)
        if is_broken(link, page, pages)
    ]
    assert not list(asks_of_a_network(site, pages))
    assert not list(missing_from_the_reference(pages))
    assert not list(too_wide(site))


def let_mnist_be_found(folder, monkeypatch):
    shared = ROOT.parent / "shared/data/mnist.npz"
    if shared.exists():
        (folder / "datasets").mkdir()
        (folder / "datasets/mnist.npz").symlink_to(shared)
        monkeypatch.setenv("KERAS_HOME", str(folder))
    elif not Path("~/.keras/datasets/mnist.npz").expanduser().exists():
        pytest.skip("There is no MNIST archive, and nothing is downloaded")


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES_THAT_RUN)
def test_a_page_says_what_its_code_prints_and_draws(
    name, tmp_path, tmp_path_factory, monkeypatch
):
    if "mnist" in name:
        let_mnist_be_found(tmp_path_factory.mktemp("keras"), monkeypatch)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    assert not run_page.run_page(DOCS / name)


def test_the_code_of_every_page_is_run():
    pages = {
        str(page.relative_to(DOCS))
        for page in DOCS.glob("**/*.md")
        for block in run_page.blocks_of(page.read_text(encoding="utf-8"))
        if block.language == "python"
    }
    assert pages - set(PAGES_THAT_RUN) == PAGES_OF_OTHER_TESTS


# The reader of pages.


PAGE = """Text.

```python
print("one", 2)
```

```text
one 2
```

![A picture](pictures/one.png)

<!-- needs a_package_that_is_absent -->
```python
import a_package_that_is_absent
```

<!-- not run -->
```python
detector.fit(X_of_yours)
```
"""


def test_a_page_is_read_as_blocks_with_what_they_print_and_draw():
    (block,) = run_page.blocks_of(PAGE)
    assert block.code == 'print("one", 2)\n'
    assert (block.output, block.picture) == ("one 2\n", "pictures/one.png")


def test_a_page_that_says_something_else_is_noticed_and_can_be_written(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE.replace("one 2\n```\n\n!", "two 2\n```\n\n!"))
    first, second = run_page.run_page(path)
    assert first == "page.md shows:\ntwo 2\nbut:\none 2\n"
    assert second == "page.md: nothing is drawn for pictures/one.png"
    run_page.run_page(path, write=True)
    assert path.read_text() == PAGE


@pytest.mark.parametrize(
    ("shown", "printed", "wrong"),
    [
        ("Trained in 9.4 s.", "Trained in 31 s.", False),
        ("score -8.25", "score -8.31", False),
        ("score -8.25", "score -4.1", True),
        ("country JP", "country MX", True),
        ("a\nb", "a", True),
    ],
)
def test_seconds_may_differ_and_numbers_a_little(shown, printed, wrong):
    assert run_page.differs(shown, printed) is wrong


def test_a_command_that_fails_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = run_page.blocks_of("```bash\naeanomaly describe absent.csv\n```\n")
    with pytest.raises(RuntimeError, match="ended with 1"):
        run_page.run(block, {}, "page")
