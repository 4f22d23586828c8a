"""The options that several commands share, in the groups that ``--help`` shows."""

from __future__ import annotations

import argparse
from collections.abc import Container, Iterator

from ..fitting.reservoir import DEFAULT_SAMPLE
from . import argument_types as types

TABLE_HELP = (
    "tables to read as one: text (.csv, .tsv, .txt, .data, also .gz, .zip, .zst), "
    ".jsonl, .parquet or .xlsx; patterns; folders of parts; - for standard input"
)


class Architectures(Container[str]):
    """Names of the architectures, looked up only when somebody asks for them."""

    def __iter__(self) -> Iterator[str]:
        from ..architectures import ARCHITECTURES

        return iter(ARCHITECTURES)

    def __contains__(self, name: object) -> bool:
        return name in list(self)


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add the tables, and what says how they are read."""
    parser.add_argument("table", nargs="*", metavar="TABLE", help=TABLE_HELP)
    parser.add_argument(
        "--config",
        metavar="FILE.toml",
        help="options by their names, as in drop = ['id']; those given on the command "
        "line go before; a table [fit] holds those of that command only",
    )
    group = parser.add_argument_group(
        "reading text", "All of it is recognised from the file, unless it is said."
    )
    _add_dialect(group)
    _add_cells(group)


def _add_dialect(group: argparse._ActionsContainer) -> None:
    """Add what makes rows and fields of a text file."""
    group.add_argument(
        "--sep",
        type=types.separator,
        metavar="CHAR",
        help="what separates fields: a character, or tab, space (runs of them), bar",
    )
    group.add_argument(
        "--decimal", type=types.mark, metavar="CHAR", help="decimal mark: . or ,"
    )
    group.add_argument(
        "--thousands",
        type=types.grouping,
        metavar="CHAR",
        help="what groups digits, or none",
    )
    group.add_argument(
        "--encoding", metavar="NAME", help="such as utf-8, utf-16, cp1252 or latin-1"
    )
    group.add_argument(
        "--skip-rows",
        type=types.whole_number,
        metavar="N",
        help="lines before the header, or before the first row",
    )
    group.add_argument(
        "--no-header",
        action="store_const",
        const=False,
        dest="header",
        help="the first line holds values: columns are column_1, column_2, ...",
    )


def _add_cells(group: argparse._ActionsContainer) -> None:
    """Add what makes values of fields."""
    add_names(group, "--na-values", "TEXT", "texts that stand for missing values")
    add_names(group, "--dates", "COLUMN", "columns that hold dates and times")
    add_names(
        group,
        "--categories",
        "COLUMN",
        "columns whose numbers are levels, such as postcodes",
    )
    group.add_argument(
        "--day-first",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="02/03/2026 is a day of March; default: told by each column as a whole",
    )
    group.add_argument(
        "--strict",
        action="store_true",
        help="stop where a row would be dropped or a cell not be read",
    )


def add_names(group: argparse._ActionsContainer, *args: str) -> None:
    """Add an option that takes one or more names, any number of times."""
    option, metavar, text = args
    group.add_argument(
        option, nargs="+", action="extend", default=[], metavar=metavar, help=text
    )


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Add what says which columns the detector sees."""
    group = parser.add_argument_group("columns")
    add_names(
        group,
        "--drop",
        "COLUMN",
        "columns that the detector must not see, such as identifiers; separated by "
        "spaces or commas; * stands for any characters",
    )
    add_names(group, "--keep", "COLUMN", "the only columns that it sees; as --drop")
    add_id(group)
    group.add_argument(
        "--label",
        metavar="COLUMN",
        help="column that says which rows are anomalies: not a feature; detect "
        "measures its scores with it, fit learns from it with --learn",
    )


def add_normal(group: argparse._ActionsContainer, default: str = "0 or False") -> None:
    """Add the label of normal rows."""
    group.add_argument(
        "--normal",
        metavar="VALUE",
        help=f"the label of normal rows; default: {default}",
    )


def add_id(group: argparse._ActionsContainer) -> None:
    """Add the column that names rows."""
    group.add_argument(
        "--id", metavar="COLUMN", help="column that names rows in lists; not a feature"
    )


def add_rows(parser: argparse.ArgumentParser) -> None:
    """Add what says which rows are trained on."""
    group = parser.add_argument_group(
        "rows to train on", "All rows, unless it is said. detect scores all of them."
    )
    group.add_argument(
        "--train-on",
        metavar="VALUE",
        help="only rows whose --label is VALUE, such as those known to be normal",
    )
    group.add_argument(
        "--where",
        metavar="CONDITION",
        help='only rows for which it holds, as in "amount > 0 and country in '
        "['DE', 'FR']\"; names with blanks in `backticks`",
    )
    group.add_argument(
        "--since", metavar="DATE", help="only rows from that date on, as in 2026-01-31"
    )
    group.add_argument(
        "--time",
        metavar="COLUMN",
        help="column that --since looks at; default: the only one of dates",
    )
    group.add_argument(
        "--sample",
        type=types.sample_size,
        default=DEFAULT_SAMPLE,
        metavar="N",
        help="train on so many of these rows, at random; ranges and levels are those "
        f"of all of them; all for every row; default: {DEFAULT_SAMPLE:,}",
    )


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the parameters of the detector."""
    group = parser.add_argument_group("detector")
    group.add_argument(
        "--contamination",
        type=types.contamination,
        default="auto",
        metavar="SHARE",
        help="share of the rows to flag, up to 0.5; default: auto, a threshold that "
        "flags about 1 %% of new normal rows",
    )
    group.add_argument(
        "--architecture",
        choices=Architectures(),
        default="denoising",
        metavar="NAME",
        help="kind of autoencoder: %(choices)s; default: denoising",
    )
    group.add_argument(
        "--latent-dim",
        type=types.latent_dim,
        default="auto",
        metavar="N",
        help="size of the code; default: auto",
    )
    group.add_argument(
        "--random-state",
        type=types.random_state,
        default=0,
        metavar="SEED",
        help="seed of all random numbers; default: 0",
    )


def add_output(parser: argparse.ArgumentParser, n_shown: int) -> None:
    """Add the table to write, and what is listed of it."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output",
        required=True,
        metavar="OUT",
        help="table to write: all columns of TABLE, then score (the lower, the more "
        "abnormal) and is_outlier; the ending says the format, one of those of TABLE "
        "or .json; - for standard output",
    )
    group.add_argument(
        "--reasons",
        type=types.whole_number,
        default=0,
        metavar="N",
        help="columns reason_1 to reason_N to add: the columns of TABLE that make up "
        "the score, with what was observed and expected; default: 0",
    )
    group.add_argument(
        "--escape-formulas",
        action="store_true",
        help="put an apostrophe before copied cells of a text file that a spreadsheet "
        "would take for formulas; cells that are added never are",
    )
    group.add_argument(
        "--only-flagged", action="store_true", help="write only rows that are flagged"
    )
    group.add_argument(
        "--top",
        type=types.whole_number,
        default=n_shown,
        metavar="N",
        help=f"list the N most abnormal rows with their reasons; default: {n_shown}",
    )
    group.add_argument(
        "--json",
        action="store_true",
        help="print the summary and the list as JSON, not as text",
    )


def add_parts(parser: argparse.ArgumentParser) -> None:
    """Add what a run over a folder needs."""
    group = parser.add_argument_group(
        "parts",
        "Where --output is a folder, each file becomes a file of the same name in it, "
        "and a run that was ended goes on where it was.",
    )
    group.add_argument(
        "--workers",
        type=types.positive_number,
        default=1,
        metavar="N",
        help="processes that score parts; default: 1",
    )
    group.add_argument(
        "--log-json",
        action="store_true",
        help="print events as they happen, not a summary: a JSON object a line",
    )


def add_model(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add the model file."""
    parser.add_argument(
        "--model", required=True, metavar="MODEL.aea", help=f"model file to {purpose}"
    )


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add the file that remembers earlier tables."""
    parser.add_argument(
        "--state",
        metavar="FILE.json",
        help="file that remembers the tables so far, for a watch every night; it is "
        "made where there is none",
    )


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add what silences a command."""
    parser.add_argument(
        "--quiet", action="store_true", help="print nothing but warnings and errors"
    )
