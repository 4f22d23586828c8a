"""The arguments of all commands."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .. import __version__
from .argument_types import finite_number, share, whole_number
from .config import with_config
from .options import (
    add_columns,
    add_id,
    add_model,
    add_names,
    add_network,
    add_normal,
    add_output,
    add_parts,
    add_quiet,
    add_rows,
    add_state,
    add_table,
)
from .rule_arguments import add_rules, add_selection, check_rules
from .terminal import Parser

_SHOWN_ROWS = 10


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Return the parsed arguments; wrong usage exits with 2.

    Parameters
    ----------
    argv : list of str or None
        Arguments without the program's name; None for those of the process.

    Raises
    ------
    TableError
        If a ``--config`` file cannot be used.
    """
    parser = _build_parser()
    given = sys.argv[1:] if argv is None else argv
    arguments = parser.parse_args(with_config(given, _commands_of(parser)))
    for option, needed, why in (
        ("normal", "label", "--normal says how to read --label, which is missing"),
        ("learn", "label", "--learn learns from --label, which is missing"),
        ("train_on", "label", "--train-on is a value of --label, which is missing"),
        ("time", "since", "--time says what --since looks at, which is missing"),
        ("state", "watch", "--state is what --watch remembers, which is missing"),
    ):
        if getattr(arguments, option, None) is not None and (
            getattr(arguments, needed, "not an option") is None
        ):
            parser.error(why)
    if getattr(arguments, "log_json", False) and arguments.json:
        parser.error("--log-json prints what --json would, as its last line")
    check_rules(parser, arguments)
    if arguments.command == "feedback":
        _check_feedback(parser, arguments)
    elif getattr(arguments, "table", None) == [] and arguments.command != "threshold":
        parser.error("the following arguments are required: TABLE")
    return arguments


def _check_feedback(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace
) -> None:
    if arguments.forget and (arguments.table or arguments.label):
        parser.error("--forget takes no TABLE and no --label")
    if not arguments.forget and not (arguments.table and arguments.label):
        parser.error("feedback needs a TABLE, and --label to say what its rows were")


def _commands_of(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Return the parser of each command."""
    return next(
        dict(action.choices)
        for action in parser._actions
        if isinstance(action.choices, dict)
    )


def _build_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="aeanomaly", description="Find anomalous rows in tables with autoencoders."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_detect(commands)
    _add_fit(commands)
    _add_score(commands)
    _add_report(commands)
    _add_threshold(commands)
    _add_feedback(commands)
    _add_watch(commands)
    _add_compare(commands)
    _add_describe(commands)
    _add_inspect(commands)
    _add_export(commands)
    return parser


def _add_command(
    commands: argparse._SubParsersAction, name: str, module: str, summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=f"{summary}.")
    parser.set_defaults(module=module)
    return parser


def _add_detect(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands,
        "detect",
        "detect",
        "Fit a detector on a table and score the same rows",
    )
    add_table(parser)
    add_output(parser, _SHOWN_ROWS)
    add_columns(parser)
    add_normal(parser, "that of --train-on, or 0 or False")
    parser.add_argument(
        "--report",
        metavar="FILE.html",
        help="page to write as well, as aeanomaly report does",
    )
    add_rows(parser)
    add_network(parser)
    add_quiet(parser)


def _add_fit(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands, "fit", "fit", "Fit a detector to a table of any size and save it"
    )
    add_table(parser)
    add_model(parser, "write")
    add_columns(parser)
    add_rows(parser)
    add_network(parser)
    parser.add_argument(
        "--learn",
        action="store_true",
        default=None,
        help="learn from the anomalies that --label knows; rows without a label are "
        "unknown",
    )
    add_normal(parser)
    parser.add_argument(
        "--private",
        action="store_true",
        help="save no training rows, and levels of categories as salted hashes only",
    )
    add_quiet(parser)


def _add_score(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands, "score", "score", "Score a table of any size with a saved detector"
    )
    add_table(parser)
    add_model(parser, "read")
    add_output(parser, 0)
    add_id(parser)
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument(
        "--threshold",
        type=finite_number,
        metavar="SCORE",
        help="flag rows that score below it, not below the model's threshold",
    )
    cut.add_argument(
        "--share",
        type=share,
        metavar="SHARE",
        help="flag at most this share of new normal rows, by the scores of rows kept "
        "in the model",
    )
    add_selection(parser, cut)
    parser.add_argument(
        "--watch",
        action="store_true",
        default=None,
        help="say as well whether the table has drifted, as aeanomaly watch does, and "
        "exit with 10 if it has",
    )
    add_state(parser)
    add_parts(parser)
    add_quiet(parser)


def _add_report(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands, "report", "report", "Write a page about a table, by a saved detector"
    )
    parser.add_argument("model", metavar="MODEL.aea", help="model file to read")
    add_table(parser)
    parser.add_argument(
        "--output",
        metavar="FILE.html",
        help="page to write: one file that holds all it needs",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print what the page says as JSON on standard output",
    )
    parser.add_argument("--title", metavar="TEXT", help="title of the page")
    parser.add_argument(
        "--top",
        type=whole_number,
        default=100,
        metavar="N",
        help="list the N most abnormal rows; default: 100",
    )
    add_id(parser)
    parser.add_argument(
        "--label",
        metavar="COLUMN",
        help="column of TABLE that says which rows are anomalies",
    )
    add_normal(parser)
    add_quiet(parser)


def _add_feedback(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands,
        "feedback",
        "feedback",
        "Take closed alerts into a saved detector, without training",
    )
    parser.add_argument("model", metavar="MODEL.aea", help="model file to read")
    add_table(parser)
    parser.add_argument(
        "--label",
        metavar="COLUMN",
        help="column of TABLE that says which rows are anomalies; rows without a label "
        "are left out",
    )
    add_normal(parser)
    parser.add_argument(
        "--forget",
        action="store_true",
        help="return to the score and the threshold without any feedback",
    )
    parser.add_argument(
        "--output",
        metavar="NEW.aea",
        help="model file to write; default: MODEL.aea, which is replaced",
    )
    add_quiet(parser)


def _add_watch(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands,
        "watch",
        "watch",
        "Say whether a table still is what a saved detector knows; exit with 10 if not",
    )
    parser.add_argument("model", metavar="MODEL.aea", help="model file to read")
    add_table(parser)
    add_state(parser)
    parser.add_argument(
        "--accept",
        action="store_true",
        help="take TABLE for a stable one, whatever it looks like, for --state",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print all sizes and p-values as JSON, not as text",
    )
    add_quiet(parser)


def _add_threshold(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands,
        "threshold",
        "threshold",
        "Set the threshold of a saved detector again, without training",
    )
    parser.add_argument("model", metavar="MODEL.aea", help="model file to read")
    add_table(parser)
    add_rules(parser)
    parser.add_argument(
        "--label",
        metavar="COLUMN",
        help="column of TABLE that says which rows are anomalies",
    )
    add_normal(parser)
    parser.add_argument(
        "--output",
        metavar="NEW.aea",
        help="model file to write; default: MODEL.aea, which is replaced",
    )
    add_quiet(parser)


def _add_compare(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands,
        "compare",
        "compare",
        "Say which alerts appear and disappear between two saved detectors",
    )
    parser.add_argument("old", metavar="OLD.aea", help="model file to read")
    parser.add_argument("new", metavar="NEW.aea", help="model file to read")
    add_table(parser)
    parser.add_argument(
        "--output",
        metavar="OUT",
        help="table to write: the rows of TABLE that one model alone flags, with "
        "change (appears or disappears), old_score, new_score and reasons",
    )
    parser.add_argument(
        "--reasons",
        type=whole_number,
        default=2,
        metavar="N",
        help="reasons to give for each of them, by the model that flags it; default: 2",
    )
    parser.add_argument(
        "--top",
        type=whole_number,
        default=_SHOWN_ROWS,
        metavar="N",
        help=f"list so many that appear, and that disappear; default: {_SHOWN_ROWS}",
    )
    add_id(parser)
    parser.add_argument(
        "--json", action="store_true", help="print all of it as JSON, not as text"
    )
    add_quiet(parser)


def _add_describe(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands, "describe", "describe", "Show how a table is read, and train nothing"
    )
    add_table(parser)
    add_columns(parser)
    add_rows(parser)


def _add_inspect(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(commands, "inspect", "inspection", "Show what a model holds")
    parser.add_argument("model", metavar="MODEL.aea", help="model file to read")


def _add_export(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands,
        "export",
        "export",
        "Write a model as a file that runs without Python",
    )
    parser.add_argument("model", metavar="MODEL.aea", help="model file to read")
    parser.add_argument(
        "--onnx",
        metavar="FILE.onnx",
        required=True,
        help="graph to write, from raw columns to score, label and p-value",
    )
    add_names(
        parser,
        "--typed",
        "COLUMN",
        "columns that stood as texts and that the graph takes as numbers or times",
    )
    add_quiet(parser)
