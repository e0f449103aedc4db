"""*Audit*: the log that cannot be changed unseen; listed, verified, exported."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import Final

from starlette.responses import Response, StreamingResponse

from tertib.ledger import Record, write_csv
from tertib.ledger.store import SqlLedger
from tertib.web.digits import whole
from tertib.web.site import Visit

_PAGE: Final = 50
_AT_ONCE: Final = 500


def listed(visit: Visit) -> Response:
    """List the newest records, or those before a number."""
    return _page(visit)


def _page(visit: Visit, verdict: object = None) -> Response:
    ledger, account = visit.desk.ledger, visit.desk.account
    end = ledger.checkpoint(account)
    newest = 0 if end is None else end.seq
    asked = whole(visit.query.get("before", ""))
    last = newest if asked is None else min(newest, asked - 1)
    first = max(0, last - _PAGE)
    found = list(islice(ledger.audit_records(account, after=first), last - first)) if last > 0 else []
    return visit.page(
        "audit.html",
        records=found[::-1],
        newest=newest,
        older=first + 1 if first > 0 else None,
        verdict=verdict,
    )


def verify(visit: Visit) -> Response:
    """Verify the chain, and that it is still the one that every checkpoint outside saw."""
    verdict = visit.desk.verify()
    if visit.is_part:
        return visit.page("parts/verdict.html", verdict=verdict)
    return _page(visit, verdict)


def export(visit: Visit) -> Response:
    """Export every record, as JSON lines or CSV, a piece at a time."""
    as_csv = visit.query.get("format") == "csv"
    ending, kind = ("csv", "text/csv; charset=utf-8") if as_csv else ("jsonl", "application/jsonl")
    name = f"audit-{visit.desk.account}.{ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    pieces = _pieces(visit.desk.ledger, visit.desk.account, as_csv=as_csv)
    return StreamingResponse(pieces, media_type=kind, headers=headers)


def _pieces(ledger: SqlLedger, account: str, *, as_csv: bool) -> Iterator[str]:
    """Yield the records in pieces, each read in a transaction of its own: a slow reader keeps no connection."""
    after = 0
    while found := list(islice(ledger.audit_records(account, after=after), _AT_ONCE)):
        yield _csv(found, with_head=after == 0) if as_csv else "".join(map(_json, found))
        after = found[-1].seq


def _csv(found: list[Record], *, with_head: bool) -> str:
    out = io.StringIO(newline="")
    write_csv(found, out)
    text = out.getvalue()
    return text if with_head else text.partition("\r\n")[2]


def _json(one: Record) -> str:
    written = {name: getattr(one, name) for name in ("account", "seq", "at", "kind", "body", "prev", "mac")}
    return json.dumps(written) + "\n"
