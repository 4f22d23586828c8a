"""The command line, ``aeanomaly``.

Commands: detect, fit, score, report, threshold, feedback, watch, compare, describe,
inspect, export.

Each command is a module with a function ``run(arguments)``, imported only when it is
asked for: ``score`` starts without scikit-learn and TensorFlow.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import warnings

from ..dependencies import in_words
from ..exceptions import AeanomalyError, UnreadCellsWarning
from .arguments import parse_arguments
from .errors import in_a_sentence
from .terminal import UNHEARD, complain, everything_was_heard
from .threads import use_one_thread
from .warned import WarningLines

_FAILED = 1
# What a shell reports for a program that SIGINT ended.
_INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        0; 1 after an error, which is one sentence on standard error; 3 where the work
        is done and its file is written, but standard output or error was closed or
        full; 10 where the work is done and the table has drifted; 130 after Ctrl+C.
        Wrong usage exits with 2. SIGTERM and SIGHUP end the
        process as they do any other; whatever ends it, no half-written file stays.

    Examples
    --------
    >>> from aeanomaly.cli import main
    >>> main(["inspect", "nowhere.aea"])
    1
    """
    try:
        arguments = parse_arguments(argv)
    except (AeanomalyError, OSError) as error:
        complain(f"aeanomaly: error: {in_a_sentence(error)}")
        return _FAILED
    name = f"aeanomaly {arguments.command}"
    if arguments.command in ("score", "compare"):
        use_one_thread()
    try:
        command = importlib.import_module(f".{arguments.module}", __name__)
        lines = WarningLines(name)
        with warnings.catch_warnings(), contextlib.closing(lines):
            warnings.showwarning = lines.show
            # All of them are counted, unless the first is an error.
            strict = getattr(arguments, "strict", False)
            warnings.simplefilter("error" if strict else "always", UnreadCellsWarning)
            # A command with more to say than that it went well returns a code.
            code = command.run(arguments) or 0
    except KeyboardInterrupt:
        # A terminal shows ^C in the line.
        complain(f"{name}: interrupted", before="\n")
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read rows from standard output, such as `head`, has seen enough.
        everything_was_heard()
        return _FAILED
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        if isinstance(error, ImportError):
            error = in_words(error, f"The command {arguments.command}")
        complain(f"{name}: error: {in_a_sentence(error)}")
        everything_was_heard()
        return _FAILED
    return code if everything_was_heard() else UNHEARD
