"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import os
from importlib.resources import files
from typing import Any

from ..files import atomic_file
from .charts import curve_chart, history_chart, score_chart, time_chart


def check_jinja() -> Any:
    """Return the package that fills in the template.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import jinja2
    except ImportError:
        raise ImportError(
            "A report as HTML needs jinja2, which is not installed. Install it with: "
            'pip install "aeanomaly[report]".'
        ) from None
    return jinja2


def render_page(content: dict[str, Any]) -> str:
    """Return the page that shows what `report_content` returned.

    Parameters
    ----------
    content : dict

    Returns
    -------
    str
        HTML. A policy in it forbids all requests, and all scripts but its own.
    """
    jinja2 = check_jinja()
    style, script, source = (
        _source(name) for name in ("page.css", "page.js", "page.html")
    )
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "count": "{:,}".format}
    over_time, curves = content["over_time"], content["forest"]["curves"]
    charts = {
        "scores": score_chart(content["scores"], content["threshold"]),
        "over_time": time_chart(over_time, content["threshold"]) if over_time else [],
        "curves": curve_chart(curves) if curves else None,
        "history": history_chart(content["model"]["history"]),
    }
    return str(
        environment.from_string(source).render(
            content,
            charts=charts,
            style=_trusted(style),
            script=_trusted(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )


def write_report(content: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write the page; the file is complete or not there at all.

    Parameters
    ----------
    content : dict
        What `report_content` returned.
    path : str or path-like
        By convention it ends in ".html".
    """
    page = render_page(content)
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _trusted(text: str) -> Any:
    """Return text of the package's own that is not escaped."""
    from markupsafe import Markup

    return Markup(text)


def _hash(text: str) -> str:
    """Return what a content security policy calls a script or style."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return base64.b64encode(digest).decode("ascii")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
