"""The arguments of all commands."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Container, Iterator
from typing import TypeVar

from .. import __version__


class _Architectures(Container[str]):
    """Names of the architectures, looked up only when somebody asks for them."""

    def __iter__(self) -> Iterator[str]:
        from ..architectures import ARCHITECTURES

        return iter(ARCHITECTURES)

    def __contains__(self, name: object) -> bool:
        return name in list(self)


Number = TypeVar("Number", int, float)

_TABLE = "table in CSV (.csv, .csv.gz) or Parquet (.parquet)"


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Return the parsed arguments; wrong usage exits with 2.

    Parameters
    ----------
    argv : list of str or None
        Arguments without the program's name; None for those of the process.
    """
    parser = _build_parser()
    arguments = parser.parse_args(argv)
    if getattr(arguments, "normal", None) is not None and arguments.label is None:
        parser.error("--normal says how to read --label, which is missing")
    return arguments


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="aeanomaly", description="Find anomalous rows in tables with autoencoders."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_detect(commands)
    _add_fit(commands)
    _add_score(commands)
    _add_inspect(commands)
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
    parser.add_argument("table", metavar="TABLE", help=_TABLE)
    _add_output(parser)
    _add_columns(parser)
    _add_network(parser)
    parser.add_argument(
        "--normal",
        metavar="VALUE",
        help="the label of normal rows; default: 0 or False",
    )
    _add_quiet(parser)


def _add_fit(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(commands, "fit", "fit", "Fit a detector and save it")
    parser.add_argument("table", metavar="TABLE", help=_TABLE)
    parser.add_argument(
        "--model", required=True, metavar="MODEL.aea", help="model file to write"
    )
    _add_columns(parser)
    _add_network(parser)
    _add_quiet(parser)


def _add_score(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(
        commands, "score", "score", "Score a table of any size with a saved detector"
    )
    parser.add_argument("table", metavar="TABLE", help=_TABLE)
    parser.add_argument(
        "--model", required=True, metavar="MODEL.aea", help="model file to read"
    )
    _add_output(parser)
    _add_quiet(parser)


def _add_inspect(commands: argparse._SubParsersAction) -> None:
    parser = _add_command(commands, "inspect", "inspection", "Show what a model holds")
    parser.add_argument("model", metavar="MODEL.aea", help="model file to read")


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        required=True,
        metavar="OUT",
        help="table to write: all columns of TABLE, then score (the lower, the more "
        "abnormal) and is_outlier; the suffix says the format",
    )
    parser.add_argument(
        "--reasons",
        type=_n_reasons,
        default=0,
        metavar="N",
        help="columns reason_1 to reason_N to add: the columns of TABLE that make up "
        "the score, with what was observed and expected; default: 0",
    )


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--drop",
        nargs="+",
        action="extend",
        default=[],
        metavar="COLUMN",
        help="columns that the detector must not see, such as identifiers; separated "
        "by spaces or commas",
    )
    parser.add_argument(
        "--label",
        metavar="COLUMN",
        help="column that says which rows are anomalies: never used in training; "
        "detect measures its scores with it",
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--contamination",
        type=_contamination,
        default="auto",
        metavar="SHARE",
        help="share of the rows to flag, up to 0.5; default: auto, a threshold that "
        "flags about 1 %% of new normal rows",
    )
    parser.add_argument(
        "--architecture",
        choices=_Architectures(),
        default="denoising",
        metavar="NAME",
        help="kind of autoencoder: %(choices)s; default: denoising",
    )
    parser.add_argument(
        "--latent-dim",
        type=_latent_dim,
        default="auto",
        metavar="N",
        help="size of the code; default: auto",
    )
    parser.add_argument(
        "--random-state",
        type=_random_state,
        default=0,
        metavar="SEED",
        help="seed of all random numbers; default: 0",
    )


def _add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quiet", action="store_true", help="print nothing but warnings and errors"
    )


def _n_reasons(text: str) -> int:
    number = _number(int, text, "a whole number from 0")
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def _contamination(text: str) -> float | str:
    if text == "auto":
        return text
    share = _number(float, text, "'auto' or a number in (0, 0.5]")
    if not 0 < share <= 0.5:
        raise argparse.ArgumentTypeError(f"{text} is not in (0, 0.5]")
    return share


def _latent_dim(text: str) -> int | str:
    if text == "auto":
        return text
    size = _number(int, text, "'auto' or a positive whole number")
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return size


def _random_state(text: str) -> int:
    seed = _number(int, text, "a whole number from 0 on")
    if seed < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return seed


def _number(kind: Callable[[str], Number], text: str, allowed: str) -> Number:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {allowed}") from None
