"""`tertib init`: lay out a project, without touching what is there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from tertib import shipped
from tertib.cli import options, screen, speech
from tertib.errors import SettingsError
from tertib.ledger import audit_key
from tertib.sayings import N_
from tertib.telling.text import many

_OTHERS_WRITE: Final = 0o022

SETTINGS: Final = """\
# Settings of this project. Every key is optional; the values shown are the defaults.
# Tokens never stand here: they come from SCALEV_TOKEN, or from a file that SCALEV_TOKEN_FILE names.
# yaml-language-server: $schema=schemas/settings.schema.json

# api: {base_url: https://api.scalev.com, contract: auto, timeout: 30s}
rules: rules/
ledger: sqlite:///tertib.db
timezone: Asia/Jakarta

# apply: {batch_size: 50, max_read_age: 60s, settle: 15m, plan_ttl: 24h, lease_ttl: 2m}

# What one run of a rule may change where the rule sets no limit of its own; money in rupiah.
# limits: {orders: 500, value: 250000000, per_day: {orders: 2000}}

# What all rules together may change.
# caps: {per_day: {orders: 5000}}

# Values for the rules' variables, and several shops in one project, each with a token of its own.
# vars: {cancel_after: 3d}
# accounts:
#   toko-melati: {token: {env: MELATI_TOKEN}, vars: {cancel_after: 5d}}
#   toko-mawar: {token: {file: secrets/mawar}, timezone: Asia/Makassar}

# Orders that no rule ever touches: tag an order `hold` at Scalev, and it is left alone.
protect:
  - tags: {any_of: [hold]}
"""

IGNORED: Final = """\
# the ledger and the key of its audit log; back both up, apart from each other
tertib.db*
*.key
.env
"""

ENVIRONMENT: Final = """\
# Copy to .env, fill in, and load it into the environment; .env stays out of version control.
SCALEV_TOKEN=
# SCALEV_BASE_URL=https://api.scalev.com
# SCALEV_CUSTOMER_TOKEN=
"""

EDITOR: Final = {
    "yaml.schemas": {
        # two plain patterns: `!(…)` inside one is not understood by every release of the language server
        "./schemas/rule.schema.json": ["rules/**/*.yaml", "!rules/**/*.test.yaml"],
        "./schemas/rule-test.schema.json": "rules/**/*.test.yaml",
        "./schemas/settings.schema.json": "tertib.yaml",
    }
}

LEFT_ALONE: Final = frozenset({".gitignore", ".vscode/settings.json"})
"""Files that other tools own as well: where one exists it stays, and what it should hold is said."""

NEXT: Final = (
    N_("export SCALEV_TOKEN=…   (or: `tertib sandbox` in another terminal, to practise first)"),
    N_("tertib doctor           says whether all is in place"),
    N_("tertib plan             shows what the rules would change; nothing is sent"),
)


@click.command("init")
@click.argument("directory", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Copy every starter rule, which is also the default.")
@click.option(
    "--rule", "chosen", multiple=True, metavar="NAME", help="Copy this starter rule only; may be repeated."
)
@options.json_output
def command(directory: Path, *, everything: bool, chosen: tuple[str, ...], as_json: bool) -> int:
    """Lay out a project in DIRECTORY: settings, starter rules with tests, editor hints, a key. Overwrites nothing."""
    if everything and chosen:
        raise click.UsageError("`--all` and `--rule` exclude each other")
    copied = dict(_copied(chosen))
    written = _written()
    wanted = [*copied, *written, "tertib.key", "tertib.db"]
    present = [name for name in wanted if name not in LEFT_ALONE and (directory / name).exists()]
    if present:
        raise SettingsError(
            f"`{directory}` holds {many(len(present), 'file')} already that would be written: {_listed(present)}",
            hint="nothing was written; choose another directory, or move these away",
        )
    left = [name for name in written if (directory / name).exists()]
    with _nobody_else_writes():
        _lay_out(directory, copied, {name: text for name, text in written.items() if name not in left})
    _tell(
        directory,
        [*copied, *(name for name in written if name not in left), "tertib.key"],
        left,
        as_json=as_json,
    )
    return 0


def _copied(chosen: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield what is copied, by its place in the project: starter rules with their tests, and the schemas."""
    library = shipped.rules()
    rules = {
        file.stem: file for file in sorted(library.rglob("*.yaml")) if not file.name.endswith(".test.yaml")
    }
    strange = [name for name in chosen if name not in rules]
    if strange:
        raise SettingsError(f"there is no starter rule `{strange[0]}`", hint=f"there are {', '.join(rules)}")
    for name in chosen or rules:
        for file in (rules[name], rules[name].with_suffix(".test.yaml")):
            if file.exists():
                yield f"rules/{file.relative_to(library).as_posix()}", file
    for file in sorted(shipped.schemas().glob("*.json")):
        yield f"schemas/{file.name}", file


def _written() -> dict[str, str]:
    return {
        "tertib.yaml": SETTINGS,
        ".gitignore": IGNORED,
        ".env.example": ENVIRONMENT,
        ".vscode/settings.json": json.dumps(EDITOR, indent=2) + "\n",
    }


def _listed(names: Sequence[str]) -> str:
    most = 8
    return ", ".join(f"`{name}`" for name in names[:most]) + (", …" if len(names) > most else "")


@contextmanager
def _nobody_else_writes() -> Iterator[None]:
    """Keep others from writing to what is made, also where the machine's own mask would let them."""
    before = os.umask(_OTHERS_WRITE)
    os.umask(before | _OTHERS_WRITE)
    try:
        yield
    finally:
        os.umask(before)


def _lay_out(directory: Path, copied: Mapping[str, Path], written: Mapping[str, str]) -> None:
    for name, source in copied.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for name, text in written.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as opened:
            opened.write(text)
    audit_key({}, directory / "tertib.db")


def _tell(directory: Path, made: Sequence[str], left: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        screen.emit(
            {"directory": str(directory), "files": list(made), "left": list(left), "next": list(NEXT)}
        )
        return
    rules = sum(name.startswith("rules/") and not name.endswith(".test.yaml") for name in made)
    click.echo(
        speech.ngettext(
            "%(directory)s: tertib.yaml, %(count)s starter rule with tests, all in mode preview",
            "%(directory)s: tertib.yaml, %(count)s starter rules with tests, all in mode preview",
            rules,
            directory=directory,
        )
    )
    for name in left:
        click.echo(
            speech.gettext("%(file)s is there already and stays as it is; it should also hold:", file=name)
        )
        click.echo("".join(f"    {line}\n" for line in _written()[name].splitlines()), nl=False)
    click.echo(
        speech.gettext(
            "back up tertib.key apart from the ledger: without it the audit log cannot be verified"
        )
    )
    click.echo(speech.gettext("next:"))
    for step in ([f"cd {directory}"] if str(directory) != "." else []) + [*map(speech.gettext, NEXT)]:
        click.echo(f"  {step}")
