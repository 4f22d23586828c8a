"""The help of each command of the command line, as sections of a page."""

import os

from docutils import nodes
from docutils.parsers.rst import Directive


def _parsers():
    from aeanomaly.cli.arguments import _build_parser, _commands_of

    return _commands_of(_build_parser())


class Commands(Directive):
    """A section for each command, with what ``--help`` prints."""

    def run(self):
        """Return the sections."""
        os.environ["COLUMNS"] = "80"
        sections = []
        for name, parser in _parsers().items():
            section = nodes.section(ids=[f"command-{name}"], names=[f"command-{name}"])
            section += nodes.title(text=f"aeanomaly {name}")
            text = parser.format_help()
            section += nodes.literal_block(text, text, language="text")
            sections.append(section)
        return sections


def setup(app):
    """Register the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
