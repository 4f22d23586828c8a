"""The arguments that say where to cut: of ``aeanomaly threshold`` and ``score``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from . import argument_types as types

# The rules of `aeanomaly threshold`: option, what it takes, name of the rule, name of
# its parameter, help.
_RULES: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "--false-alarm-rate",
        "SHARE",
        "quantile",
        "quantile",
        "at most this share of new normal rows, such as 0.01; with --confidence 0.9 "
        "that surely",
    ),
    ("--share", "SHARE", "share", "share", "at most this share of the rows of TABLE"),
    (
        "--budget",
        "N",
        "budget",
        "budget",
        "at most so many rows of TABLE, or of each period of it with --per and --time",
    ),
    (
        "--precision",
        "SHARE",
        "precision",
        "precision",
        "as many rows as it can while this share of them are anomalies, by --label",
    ),
    (
        "--recall",
        "SHARE",
        "recall",
        "recall",
        "as few rows as it can while this share of the anomalies is found, by --label",
    ),
    ("--f-beta", "BETA", "f_beta", "beta", "the greatest F-beta, by --label"),
    (
        "--missed-cost",
        "COST",
        "cost",
        "missed",
        "the least cost, where a missed anomaly costs this and a false alarm "
        "--false-alarm-cost; by --label, or with --anomaly-rate without labels",
    ),
    (
        "--tail",
        "SHARE",
        "tail",
        "quantile",
        "about this share of new normal rows, by a tail fitted to the lowest scores",
    ),
    (
        "--deviations",
        "N",
        "deviation",
        "n_deviations",
        "what lies so many robust deviations below the median score",
    ),
)
_WHOLE = {"--budget"}
# Options that belong to a rule, by its name.
_DETAILS = {
    "confidence": ("quantile", "precision"),
    "false_alarm_cost": ("cost",),
    "anomaly_rate": ("cost",),
    "per": ("budget",),
}
_RENAMED = {"false_alarm_cost": "false_alarm", "per": "period"}


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Add the options of `aeanomaly threshold`, exactly one of which names a rule."""
    group = parser.add_argument_group("rules, one of")
    rules = group.add_mutually_exclusive_group(required=True)
    for option, metavar, _, _, text in _RULES:
        kind: Callable[[str], Any] = int if option in _WHOLE else float
        rules.add_argument(option, type=kind, metavar=metavar, help=text)
    rules.add_argument(
        "--estimated-share",
        action="store_true",
        help="as many rows of TABLE as seem to be anomalies by their p-values",
    )
    rules.add_argument(
        "--offset", type=float, metavar="SCORE", help="this score, as it is"
    )
    add_confidence(parser)
    parser.add_argument("--false-alarm-cost", type=float, metavar="COST")
    parser.add_argument(
        "--anomaly-rate",
        type=float,
        metavar="SHARE",
        help="share of anomalies among the rows to come, for costs",
    )
    add_periods(parser)


def add_confidence(parser: argparse.ArgumentParser) -> None:
    """Add ``--confidence``."""
    parser.add_argument(
        "--confidence",
        type=float,
        metavar="SHARE",
        help="how sure the promise is to be, such as 0.9; default: on average",
    )


def add_periods(parser: argparse.ArgumentParser) -> None:
    """Add what a budget per period needs."""
    parser.add_argument(
        "--per",
        metavar="PERIOD",
        help="period of a budget: h, D, W or M; needs --time",
    )
    parser.add_argument("--time", metavar="COLUMN", help="time column of TABLE")


def add_selection(parser: argparse.ArgumentParser, choices: Any) -> None:
    """Add what `aeanomaly score` may flag by, in place of the model's threshold.

    Parameters
    ----------
    parser : ArgumentParser
    choices : group
        Of what else it may flag by.
    """
    choices.add_argument(
        "--fdr",
        type=types.share,
        metavar="SHARE",
        help="flag rows so abnormal that at most this share of them is normal, on "
        "average",
    )
    choices.add_argument(
        "--budget",
        type=types.whole_number,
        metavar="N",
        help="flag the N most abnormal rows, of each period with --per and --time",
    )
    add_confidence(parser)
    add_periods(parser)
    parser.add_argument(
        "--p-values",
        action="store_true",
        help="add the column p_value: how rare so low a score is among normal rows",
    )
    parser.add_argument(
        "--severity",
        action="store_true",
        help="add the column severity, from 0 to 99.9999: the percentage of normal "
        "rows that score higher, the same unit in every model",
    )


def check_rules(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """End with wrong usage where options do not go together."""
    if not hasattr(arguments, "per"):
        return
    if (arguments.per is None) != (arguments.time is None):
        parser.error("--per and --time go together: a period, and the column of times")
    if arguments.per is not None and arguments.budget is None:
        parser.error("--per and --time divide a --budget, which is missing")
    if arguments.command == "score" and arguments.confidence and not arguments.fdr:
        parser.error("--confidence says how sure --fdr is, which is missing")
    if arguments.command != "threshold":
        return
    name = rule_of(arguments)[0]
    for option, rules in _DETAILS.items():
        if getattr(arguments, option) is not None and name not in rules:
            shown = option.replace("_", "-")
            parser.error(f"--{shown} does not belong to the rule {name!r}")


def rule_of(arguments: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Return the name of the rule that the options ask for, and its parameters.

    The name is "offset" where the threshold itself is given.
    """
    if arguments.offset is not None:
        return "offset", {}
    if arguments.estimated_share:
        return "estimated_share", {}
    for option, _, name, parameter, _ in _RULES:
        value = getattr(arguments, option[2:].replace("-", "_"))
        if value is not None:
            details = {
                _RENAMED.get(detail, detail): getattr(arguments, detail)
                for detail, rules in _DETAILS.items()
                if name in rules and getattr(arguments, detail) is not None
            }
            return name, {parameter: value, **details}
    raise AssertionError("the parser asks for exactly one rule")
