"""`tertib audit`: the log that cannot be changed unseen."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click

from tertib.cli import context, options, screen
from tertib.errors import SettingsError
from tertib.ledger import Checkpoint, Record, write_csv
from tertib.ledger.kept import kept


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
    listed = screen.table("no", "when", "what", "facts", right=["no"])
    for one in newest:
        when = screen.moment(datetime.fromisoformat(one.at), opened.settings.timezone)
        listed.add_row(str(one.seq), when, one.kind, screen.clean(screen.shorten(one.body, 200)))
    opened.console().print(listed if newest else "no records yet")
    return 0


@command.command("verify")
@options.json_output
@click.option(
    "--checkpoint",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that was kept elsewhere, instead of the one beside the ledger.",
)
def verify(*, as_json: bool, file: Path | None) -> int:
    """Verify the chain: any record edited, dropped, swapped, added or cut off is found. Exit code 1 where it is broken."""
    opened = context.session()
    beside = opened.checkpoints
    known = None if beside is None else kept(beside, opened.settings.account)
    verdict = opened.ledger.verify_audit(
        opened.settings.account, known if file is None else _checkpoint(file)
    )
    if as_json:
        screen.emit(
            {"ok": verdict.ok, "records": verdict.records, "first_bad": verdict.first_bad, "why": verdict.why}
        )
    elif verdict.ok:
        click.echo(f"the audit log is whole: {screen.many(verdict.records, 'record')}")
    else:
        click.echo(f"the audit log is broken: {screen.clean(verdict.why)}")
    return 0 if verdict.ok else 1


@command.command("export")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; else stdout."
)
def export(*, form: str, out: Path | None) -> int:
    """Export every record, as JSON lines or CSV."""
    opened = context.session()
    records = opened.ledger.audit_records(opened.settings.account)
    with _writing(out) as target:
        if form == "csv":
            write_csv(records, target)
        else:
            for one in records:
                target.write(json.dumps(_record(one), ensure_ascii=False) + "\n")
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
    with out.open("w", encoding="utf-8", newline="") as opened:
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


def _checkpoint(file: Path) -> Checkpoint:
    try:
        return Checkpoint.restore(json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise SettingsError(f"`{file}` is no checkpoint of `tertib audit checkpoint`") from error
