"""The options and arguments that several commands share."""

from __future__ import annotations

import click

json_output = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else."
)
"""`--json`, as the parameter `as_json`."""

rules_argument = click.argument("rules", nargs=-1, metavar="[RULES]...")
"""Rule files, directories, globs or names; all of the project's rules where none is given."""
