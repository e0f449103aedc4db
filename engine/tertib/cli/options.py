"""The options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import click

_Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

json_output = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else."
)
"""`--json`, as the parameter `as_json`."""

rules_argument = click.argument("rules", nargs=-1, metavar="[RULES]...")
"""Rule files, directories, globs or names; all of the project's rules where none is given."""

report = click.option(
    "--html",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write a report to this file, to send on, to read on a phone, or to print.",
)
"""`--html FILE`, as the parameter `html`."""

yes = click.option("--yes", is_flag=True, help="Do not ask. Needed where nobody sits at a terminal.")
"""`--yes`, as the parameter `yes`."""


def first(verb: str) -> _Decorator:
    """Return `--first N`, as the parameter `first`; `verb` is what the command does: `Apply`."""
    return click.option(
        "--first", type=click.IntRange(min=1), metavar="N", help=f"{verb} the first N changes only."
    )


def orders(verb: str) -> _Decorator:
    """Return `--only` and `--except`, as the parameters `only` and `but`: orders by number or id."""
    only = click.option(
        "--only", multiple=True, metavar="ORDER", help=f"{verb} this order only; may be repeated."
    )
    but = click.option(
        "--except", "but", multiple=True, metavar="ORDER", help="Leave this order out; may be repeated."
    )
    return lambda command: only(but(command))
