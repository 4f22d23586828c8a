"""Options in a TOML file, as arguments before those of the command line."""

from __future__ import annotations

import argparse
import tomllib
from typing import Any

from ..exceptions import TableError
from .terminal import Parser

# What the command line itself must say.
_NOT_OPTIONS = ("config", "help")
# A device may be read for ever.
_MOST_BYTES = 1_000_000


def with_config(
    argv: list[str], commands: dict[str, argparse.ArgumentParser]
) -> list[str]:
    """Return arguments with those of their ``--config`` file before them.

    Parameters
    ----------
    argv : list of str
    commands : dict of str to ArgumentParser
        The parser of each command.

    Raises
    ------
    TableError
        If the file is not TOML, or holds what no command knows.
    """
    finder = Parser(add_help=False, allow_abbrev=False)
    finder.add_argument("--config")
    path = finder.parse_known_args(argv)[0].config
    position = next((i for i, text in enumerate(argv) if text in commands), None)
    if path is None or position is None:
        return argv
    command = argv[position]
    added: list[str] = []
    for name, value in _options_of(path, command, commands).items():
        if name == "table":
            given = commands[command].parse_known_args
            added += _tables(value, path) if not _has_table(argv, given) else []
        else:
            added += _as_arguments(path, name, value)
    return [*argv[: position + 1], *added, *argv[position + 1 :]]


def _options_of(
    path: str, command: str, commands: dict[str, argparse.ArgumentParser]
) -> dict[str, Any]:
    """Return the options that a file holds for a command, by their names."""
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise TableError(
                f"--config {path} holds more than {_MOST_BYTES:,} bytes, and is no "
                f"file of options. Pass another."
            )
        content = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TableError(
            f"--config {path} is not TOML ({error}). Correct it."
        ) from None
    known = {name: _names(parser) for name, parser in commands.items()}
    everywhere = set().union(*known.values())
    found: dict[str, Any] = {}
    for key, value in content.items():
        if key in known and isinstance(value, dict):
            for name in value:
                _check_known(path, f"{name} in [{key}]", _plain(name), known[key])
        else:
            _check_known(path, key, _plain(key), everywhere)
            if _plain(key) in known[command]:
                found[_plain(key)] = value
    own = content.get(command, {})
    return found | {_plain(name): value for name, value in own.items()}


def _plain(name: str) -> str:
    return name.replace("_", "-")


def _names(parser: argparse.ArgumentParser) -> set[str]:
    options = {
        option.removeprefix("--")
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }
    tables = {action.dest for action in parser._actions if not action.option_strings}
    return (options | tables) - set(_NOT_OPTIONS)


def _check_known(path: str, shown: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise TableError(
            f"--config {path} holds {shown}, which is not an option. Known are "
            f"{', '.join(sorted(known))}."
        )


def _has_table(argv: list[str], parse: Any) -> bool:
    return bool(parse([*argv[1:], "--output=-", "--model=-"])[0].table)


def _tables(value: Any, path: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise TableError(f"--config {path}: table must be a path or a list of them.")
    return values


def _as_arguments(path: str, name: str, value: Any) -> list[str]:
    """Return an option as the command line has it.

    Examples
    --------
    >>> _as_arguments("c.toml", "drop", ["id", "-x"]), _as_arguments("", "quiet", True)
    (['--drop=id', '--drop=-x'], ['--quiet'])
    """
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict | list | bool) for item in values):
        raise TableError(
            f"--config {path}: {name} must be a text, a number, true, false, or a list "
            f"of texts. Got {value!r} instead."
        )
    return [f"--{name}={item}" for item in values]
