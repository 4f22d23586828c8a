"""The documentation site: ``sphinx-build -W -n -c docs . build/site`` builds it.

The source is the whole repository, so that each document keeps its place, and its links
work on the site as they do where the files are read as they are. The pages ask nothing
of a network: fonts, scripts and formulas are all in them.
"""

import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

import aeanomaly  # noqa: E402

project = "aeanomaly"
author = "The aeanomaly founders"
release = version = aeanomaly.__version__
language = "en"

root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "*.md",
    "benchmarks/README.md",
    "datasets/README.md",
    "examples/mnist/README.md",
]
# Folders that are not walked. A hidden one may be an environment of many files.
exclude_patterns = ["**/.*", ".*", "*venv*", "aeanomaly", "tests", "build", "dist"]

extensions = [
    "_site.commands",
    "_site.mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
]

myst_enable_extensions = ["colon_fence", "dollarmath"]
# Links to headings, as they are made where Markdown is shown.
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
# Names in single backticks are links where the site has them.
default_role = "py:obj"
# Docstrings name classes of other projects, and private ones.
nitpicky = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"aeanomaly {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_root"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
smartquotes = False
html_math_renderer = "mathml"
templates_path: list[str] = []
pygments_style = "friendly"

copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True


def _skip_foreign(app, what, name, member, skip, options):
    """Leave out what scikit-learn's own pages describe."""
    owner = getattr(member, "fget", member)
    module = getattr(owner, "__module__", None)
    if callable(owner) and module and not module.startswith("aeanomaly"):
        return True
    return None


def _shapes_are_no_links(app, what, name, obj, options, lines):
    """Quote an attribute in a shape, whose underscore would be read as a link."""
    lines[:] = [re.sub(r"\((\w+_),\)", r"(`\1`,)", line) for line in lines]


def _complete_guides(app, docname, source):
    """Put pages that the index does not name at the end of the guides."""
    if docname == root_doc:
        pages = {page.stem for page in DOCS.glob("*.md")}
        lines = source[0].splitlines()
        rest = sorted(pages - set(lines) - {"index"})
        end = lines.index("```", lines.index(":caption: Guides"))
        source[0] = "\n".join([*lines[:end], *rest, *lines[end:]])


def setup(app):
    """Connect the functions above."""
    app.connect("autodoc-skip-member", _skip_foreign)
    # Before numpydoc, which reads them.
    app.connect("autodoc-process-docstring", _shapes_are_no_links, priority=400)
    app.connect("source-read", _complete_guides)
