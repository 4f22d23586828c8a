"""Run the code of a page, and compare what it prints and draws with what stands there.

    python docs/run_page.py docs/tutorials/fraud.md            # says what differs
    python docs/run_page.py docs/tutorials/fraud.md --write    # puts it into the page

Blocks of ``python`` share their names, and lines of ``bash`` blocks are commands of
``aeanomaly``; all of them run one after another in an empty folder. A ``text`` block
that follows shows what was printed, and a picture that follows the last figure that was
drawn. Code of another project stands behind ``<!-- needs NAME -->``, and is run where
NAME can be imported; code that lacks something behind ``<!-- not run -->``.
"""

import argparse
import contextlib
import importlib.util
import io
import os
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# Seconds differ from run to run, and numbers from processor to processor; where rows
# stand near each other, a few lines may say something else.
_SECONDS = re.compile(r"\d[\d.,]*( ?)(s|ms|seconds)\b")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
# Where a range ends is steeper in what a network learnt than a score is.
_RANGE = re.compile(r"(expected) \S+ to \S+")
_RELATIVE, _ABSOLUTE, _LINES_THAT_AGREE = 0.1, 0.05, 0.7
_BLOCK = re.compile(
    r"(?:<!-- (?:needs (?P<needs>\w+)|(?P<never>not run)) -->\n)?"
    r"^```(?P<language>python|bash)\n(?P<code>.*?)^```\n"
    r"(?:\n```text\n(?P<output>.*?)^```\n)?"
    r"(?:\n!\[[^\]]*\]\((?P<picture>[^)]+)\)\n)?",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code, and what follows it."""

    code: str
    language: str
    output: str | None
    picture: str | None
    span: tuple[int, int]  # of the output in the page

    @classmethod
    def of(cls, match):
        """Return the block of a match."""
        return cls(
            match["code"],
            match["language"],
            match["output"],
            match["picture"],
            match.span("output"),
        )


def _can_run(match):
    needs = match["needs"]
    return not match["never"] and (not needs or importlib.util.find_spec(needs))


def blocks_of(text):
    """Return the blocks that can be run here."""
    return [Block.of(match) for match in _BLOCK.finditer(text) if _can_run(match)]


def _run_commands(code):
    from aeanomaly import cli

    for line in code.replace("\\\n", " ").splitlines():
        name, *words = shlex.split(line, comments=True)
        if name != "aeanomaly":
            raise ValueError(f"{line!r} is not a command of aeanomaly.")
        try:
            status = cli.main(words)
        except SystemExit as stop:
            status = stop.code
        if status:
            raise RuntimeError(f"{line!r} ended with {status}.")


def run(block, names, where):
    """Run a block; return what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if block.language == "bash":
            _run_commands(block.code)
        else:
            exec(compile(block.code, where, "exec"), names)
    return re.sub(r"[ \t]+$", "", printed.getvalue(), flags=re.MULTILINE)


def _numbers_and_words(line):
    line = _RANGE.sub(r"\1 a range", line)
    numbers = [float(n.replace(",", "")) for n in _NUMBER.findall(line)]
    return numbers, re.sub(r"\s+", " ", _NUMBER.sub("#", line)).strip()


def _agree(shown, printed):
    (shown, words), (printed, now) = map(_numbers_and_words, (shown, printed))
    return words == now and all(
        abs(a - b) <= max(_ABSOLUTE, _RELATIVE * abs(a))
        for a, b in zip(shown, printed, strict=True)
    )


def differs(shown, printed):
    """Whether a text is another one than what was printed, but for what may vary."""
    shown, printed = (
        _SECONDS.sub("- s", text).rstrip().splitlines() for text in (shown, printed)
    )
    if len(shown) != len(printed):
        return True
    agree = sum(map(_agree, shown, printed))
    return agree < _LINES_THAT_AGREE * len(shown)


def _save_figure(path):
    import matplotlib.pyplot as plt

    plt.gcf().savefig(path, dpi=100, bbox_inches="tight")


def _figures():
    pyplot = sys.modules.get("matplotlib.pyplot")
    return pyplot.get_fignums() if pyplot else []


def _close_figures():
    if _figures():
        sys.modules["matplotlib.pyplot"].close("all")


def run_page(path, *, write=False):
    """Run all blocks of a page in the working folder; return what differs.

    Parameters
    ----------
    path : Path
        The page.
    write : bool, default=False
        Whether to put what was printed and drawn into the page and its pictures.
    """
    text = path.read_text(encoding="utf-8")
    names, problems, new = {"__name__": "__main__"}, [], []
    # What was drawn before is not the page's.
    _close_figures()
    for block in blocks_of(text):
        printed = run(block, names, str(path))
        if block.output is not None:
            new.append((block.span, printed))
            if differs(block.output, printed):
                problems.append(f"{path.name} shows:\n{block.output}but:\n{printed}")
        if block.picture and not _figures():
            problems.append(f"{path.name}: nothing is drawn for {block.picture}")
        elif block.picture and write:
            _save_figure(path.parent / block.picture)
        _close_figures()
    if write:
        for (start, end), printed in reversed(new):
            text = text[:start] + printed.rstrip() + "\n" + text[end:]
        path.write_text(text, encoding="utf-8")
    return problems


def main():
    """Run the pages that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true", help="change the pages")
    arguments = parser.parse_args()
    os.environ.setdefault("MPLBACKEND", "Agg")
    problems = []
    for page in arguments.pages:
        page = page.resolve()
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            problems += run_page(page, write=arguments.write)
    if problems and not arguments.write:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
