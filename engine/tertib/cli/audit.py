"""`tertib audit`: the log that cannot be changed unseen."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click

from tertib.cli import context, files, options, screen, speech
from tertib.errors import SettingsError
from tertib.ledger import AuditVerdict, Checkpoint, Record, export, kept, write_csv
from tertib.sayings import N_


@click.group("audit")
def command() -> None:
    """List, verify and export the audit log: what was planned, sent and answered, sealed record by record."""


@command.command("list")
@options.json_output
@click.option("--kind", help="Only records of this kind.")
@click.option(
    "--after", type=click.IntRange(min=0), default=0, metavar="N", help="Only records after number N."
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many."
)
def listing(*, as_json: bool, kind: str | None, after: int, limit: int) -> int:
    """List the newest records."""
    opened = context.session()
    newest = list(opened.ledger.audit_records(opened.settings.account, after=after, kind=kind))[-limit:]
    if as_json:
        screen.emit({"records": [_record(one) for one in newest]})
        return 0
    listed = screen.table(N_("no"), N_("when"), N_("what"), N_("facts"), right=["no"])
    for one in newest:
        when = screen.moment(datetime.fromisoformat(one.at), opened.settings.timezone)
        listed.add_row(str(one.seq), when, one.kind, screen.clean(screen.shorten(one.body, 200)))
    opened.console().print(listed if newest else speech.gettext("no records yet"))
    return 0


@command.command("verify")
@options.json_output
@click.option(
    "--checkpoint",
    "place",
    metavar="FILE|URL",
    help="A checkpoint that was kept elsewhere, instead of those of the project.",
)
def verify(*, as_json: bool, place: str | None) -> int:
    """Verify the chain: any record edited, dropped, swapped, added or cut off is found. Exit code 1 where it is broken.

    That its end was cut off, or that all of it was made anew with the key, shows against a checkpoint only.
    """
    opened = context.session()
    verdict = _verified(opened, None if place is None else _checkpoint(place, opened))
    if as_json:
        screen.emit(
            {"ok": verdict.ok, "records": verdict.records, "first_bad": verdict.first_bad, "why": verdict.why}
        )
    elif verdict.ok:
        click.echo(
            speech.ngettext(
                "the audit log is whole: %(count)s record",
                "the audit log is whole: %(count)s records",
                verdict.records,
            )
        )
    else:
        said = speech.gettext("the audit log is broken: %(why)s", why=speech.say(verdict.why))
        click.echo(screen.clean(said))
    return 0 if verdict.ok else 1


def _verified(opened: context.Session, given: Checkpoint | None) -> AuditVerdict:
    """Verify the account's chain against the checkpoint that was given, or else against each of the project."""
    if given is None:
        return opened.verified()
    return opened.ledger.verify_audit(opened.settings.account, given)


@command.command("export")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; else stdout."
)
def export_records(*, form: str, out: Path | None) -> int:
    """Export every record, as JSON lines or CSV."""
    opened = context.session()
    records = opened.ledger.audit_records(opened.settings.account)
    with _writing(out) as target:
        if form == "csv":
            write_csv((replace(one, body=screen.escaped(one.body)) for one in records), target)
        else:
            for one in records:
                target.write(screen.as_json(_record(one)) + "\n")
    return 0


@command.command("checkpoint")
@options.json_output
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; else stdout."
)
def checkpoint(*, as_json: bool, out: Path | None) -> int:  # noqa: ARG001 - a checkpoint is JSON either way
    """Print how far the log goes; kept elsewhere, it shows later whether the log's end was cut off."""
    opened = context.session()
    found = opened.ledger.checkpoint(opened.settings.account)
    if found is None:
        raise SettingsError("the audit log has no records yet")
    with _writing(out) as target:
        target.write(json.dumps(found.document()) + "\n")
    return 0


@contextmanager
def _writing(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    with files.writing(out) as opened:
        yield opened


def _record(one: Record) -> dict[str, Any]:
    return {
        "account": one.account,
        "seq": one.seq,
        "at": one.at,
        "kind": one.kind,
        "body": _body(one),
        "prev": one.prev,
        "mac": one.mac,
    }


def _body(one: Record) -> Any:
    """Return a record's facts; a body that is no JSON any more, as its text."""
    try:
        return one.facts
    except ValueError:
        return one.body


def _checkpoint(place: str, opened: context.Session) -> Checkpoint:
    """Read the account's checkpoint from a file or an address; raises `SettingsError` where there is none."""
    account = opened.settings.account
    try:
        found = kept.of_account(_document(place, opened), account)
    except ValueError as error:
        raise SettingsError(
            f"`{export.shown(place)}` is no checkpoint of `tertib audit checkpoint`"
        ) from error
    if found is None:
        raise SettingsError(f"`{export.shown(place)}` holds no checkpoint of account `{account}`")
    return found


def _document(place: str, opened: context.Session) -> Any:
    if export.is_url(place):
        return export.fetch(place, loopback=opened.settings.checkpoints_loopback)
    try:
        return json.loads(files.read(Path(place), export.LARGEST) or b"")
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise SettingsError(f"the checkpoint `{place}` cannot be read: {reason}") from error
