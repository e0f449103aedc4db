"""What leaves the program: no personal value and no token in any byte of it, and nothing that a terminal would obey.

One journey runs every command that shows or writes anything, in every format, over orders in which each personal
field holds a value of its own (a canary). Everything that was said and every file that was made is then searched.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

import pytest

from tertib import session
from tertib.cli.serve import logger
from tertib.clock import SystemClock
from tertib.model import Kind
from tertib.plan.propose import personal
from tertib.scalev import contract

# --- canaries -------------------------------------------------------------------------------------------

TOKEN: Final = "kenari-token-7f3a9c52e1d84b06"
CUSTOMER_TOKEN: Final = "kenari-customer-token-2b8e6d91"
AUDIT_KEY: Final = "kenari audit key 58c1d0e7a94b"
SECRETS: Final = (TOKEN, CUSTOMER_TOKEN, AUDIT_KEY)

OWN_HOLDER: Final = "Toko Kami Sendiri"
"""A personal value that the rule itself spells out: it stands in a file of the shop's own, and is no secret."""

PERSONAL: Final = tuple(
    path
    for path, field in contract.FIELDS["orders"].items()
    if field.personal and field.kind in {Kind.TEXT, Kind.OPEN} and not path.startswith("message_history")
)
"""The fields that hold a personal text; those of message histories are planted by hand."""


def canary(path: str) -> str:
    """Return a value for one field that stands nowhere else, in the form that such a field has."""
    number = sum(ord(letter) * place for place, letter in enumerate(path, 7)) % 100_000
    if "phone" in path or "number" in path:
        return f"62899{number:05d}{len(path):02d}"
    if "email" in path:
        return f"kenari.{number:05d}@surel.example"
    if "url" in path or "avatar" in path or "slug" in path:
        return f"kenari-slug-{number:05d}"
    return f"Kenari{number:05d} bin Perkutut"


CANARIES: Final[Mapping[str, str]] = {
    **{path: canary(path) for path in PERSONAL},
    "message_history.message": "Kenari bicara 00001",
    "message_history.sender_phone": "6289912345601",
    "message_history.sender_name": "Kenari Pengirim",
    "buyer of the server's words": "Kenari Pembeli",
    "phone of the server's words": "628991112223",
}


def planted(**given: Any) -> dict[str, Any]:
    """Return an order in which every personal field holds its canary."""
    order: dict[str, Any] = {}
    for path in PERSONAL:
        field = contract.FIELDS["orders"][path]
        *above, name = path.split(".")
        part = order
        for step in above:
            part = part.setdefault(step, {})
        part[name] = (
            {"said": CANARIES[path], CANARIES[path]: 1} if field.kind is Kind.OPEN else CANARIES[path]
        )
    message = {
        name.partition(".")[2]: text for name, text in CANARIES.items() if name.startswith("message_history")
    }
    return {**order, "message_history": [{"id": 1, **message}], **given}


@lru_cache(maxsize=1000)
def spelled(text: str) -> set[bytes]:
    """Return the ways in which a value could have been written down."""
    plain = {text, text.lower(), text.upper(), text.replace(" ", ""), text.replace(" ", "_"), text[::-1]}
    plain |= {quote(text), quote_plus(text), json.dumps(text)[1:-1], repr(text)[1:-1]}
    if text.startswith("62"):
        plain |= {f"0{text[2:]}", f"+{text[:2]} {text[2:]}", f"{text[:4]}-{text[4:8]}-{text[8:]}"}
    raw = {one.encode() for one in plain}
    for padding in range(3):  # base64 of a longer text that holds this one, wherever it begins
        whole = base64.b64encode(b" " * padding + text.encode()).rstrip(b"=")
        raw.add(whole[(padding * 8 + 5) // 6 : -1])
    return raw | {text.encode().hex().encode(), text.encode("utf-16-le")}


def found_in(content: bytes) -> Iterator[str]:
    """Yield what stands in bytes and must not."""
    for what, text in (*CANARIES.items(), *((f"secret {number}", one) for number, one in enumerate(SECRETS))):
        for way in spelled(text):
            at = content.find(way)
            if at >= 0:
                yield f"{what} in {content[max(0, at - 150) : at + 100]!r}"


# --- the journey ----------------------------------------------------------------------------------------

EVERY_FIELD: Final = "\n".join(
    f"      - {path}: {{eq: nobody}}"
    for path in PERSONAL
    if contract.FIELDS["orders"][path].kind is Kind.TEXT
)
RULES: Final[Mapping[str, str]] = {
    "reads-everything": f"""\
query: {{}}
conditions:
  - tags: {{any_of: [baca]}}
  - any:
{EVERY_FIELD}
      - customer.phone: {{in: {{table: blocked}}}}
      - orderlines: {{any: {{product_name: {{contains: Madu}}}}}}
  - customer.name: {{matches: Kenari}}
  - expr: order.customer.name != order.customer.phone
data: {{blocked: {{file: blocked.csv, key: phone}}}}
action: {{status: canceled}}
mode: approve
""",
    "pays": """\
query: {status: pending}
conditions: [{tags: {any_of: [bayar]}}]
action:
  payment_status: paid
  payment_account_holder: "{{ order.customer.name }}"
  payment_account_number: "{{ order.payment_account_number }}"
  transferproof_url: "https://cdn.example/{{ order.customer.phone }}.jpg"
  by: "tertib for {{ order.customer.email }}"
mode: apply
schedule: "* * * * *"
""",
    "says-its-own": f"""\
query: {{status: pending}}
conditions: [{{tags: {{any_of: [sendiri]}}}}]
action: {{payment_status: paid, payment_account_holder: {OWN_HOLDER}}}
mode: apply
""",
    **{
        f"cannot-{number}": f"""\
query: {{}}
conditions: [{{tags: {{any_of: [gagal]}}}}]
action: {{payment_status: paid, {action}}}
mode: preview
priority: {number}
"""
        for number, action in enumerate(
            (
                "transfer_time: '{{ order.customer.name }}'",
                "financial_entity_id: '{{ order.customer.phone }}'",
                "payment_method: '{{ order.customer.name }}'",
                "transferproof_url: '{{ order.notes }}'",
                "by: '{{ order.metadata[order.customer.name] }}'",
                "payment_account_number: '{{ order.customer.name | int }}'",
            )
        )
    },
}
TEST: Final = """\
now: 2026-11-21T10:00:00+07:00
order: {status: pending, tags: [bayar]}
cases:
  - name: it is not cancelled
    planned: {status: canceled}
"""


class Hurried(SystemClock):
    """A clock that never waits: a sleep moves it, and after three minutes of them it asks for a stop."""

    skipped = 0.0

    def now(self) -> datetime:
        """Return the present instant and what was slept."""
        return super().now() + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        """Return the same in seconds."""
        return time.monotonic() + self.skipped

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.skipped += seconds
        if self.skipped > 180:
            self.stop()


def lay_out(place: Any) -> None:
    """Write the rules, and an order for each of them."""
    place.write(
        "tertib.yaml", "rules: rules/\nledger: sqlite:///tertib.db\nlimits: {orders: 500, value: 900000000}\n"
    )
    place.write("rules/blocked.csv", f"phone,why\n{CANARIES['customer.phone']},{CANARIES['customer.name']}\n")
    for name, text in RULES.items():
        place.write(f"rules/{name}.yaml", f"name: {name}\n{text}")
    place.write("rules/pays.test.yaml", TEST)
    for tag in ("baca", "bayar", "sendiri", "gagal"):
        place.add(**planted(tags=[tag], order_id=f"PESANAN{tag.upper()}"))
    order = place.served.shop.order("PESANANBACA")
    place.write("given/order.json", json.dumps(order, default=str))
    place.write("given/bad.json", json.dumps({**order, "order_id": "LAIN"}, default=str)[:-9])


def sources(place: Any) -> set[Path]:
    """Return the files that a person wrote."""
    return {file for file in place.root.rglob("*") if file.is_file()}


READING: Final = (
    ("test",),
    ("doctor",),
    ("plan", "--all", "--explain-query"),
    ("plan", "pays", "--out", "plan.json"),
    ("plan", "--html", "plan.html"),
    ("plan", "cannot-4"),
    ("explain", "reads-everything", "PESANANBACA"),
    ("explain", "pays", "PESANANBAYAR"),
    ("explain", "cannot-4", "PESANANGAGAL"),
    ("explain", "reads-everything", "PESANANBACA", "--from", "given/order.json"),
    ("explain", "reads-everything", "PESANANBACA", "--from", "given/bad.json"),
    ("why", "PESANANBACA"),
    ("why", "PESANANGAGAL"),
    ("why", "PESANANBACA", "--from", "given/order.json"),
    ("schedule",),
)
ACTING: Final = (
    ("apply", "plan.json", "--yes"),
    ("apply", "plan.json", "--yes"),
    ("run",),
    ("run",),
    ("approvals",),
    ("hold", "PESANANBACA", "--why", "menunggu"),
    ("release", "PESANANBACA"),
    ("settle",),
    ("runs",),
    ("audit", "list", "--limit", "1000"),
    ("audit", "verify"),
    ("audit", "checkpoint"),
    ("ledger", "status"),
)
WRITING: Final = (
    ("audit", "export", "--out", "out/log.jsonl"),
    ("audit", "export", "--format", "csv", "--out", "out/log.csv"),
    ("audit", "checkpoint", "--out", "out/point.json"),
    ("test", "--junit", "out/report.xml"),
    ("ledger", "backup", "out/copy.db"),
    ("check", "--show-code"),
    ("check", "--format", "sarif"),
)


def shown(place: Any, *words: str) -> None:
    """Run a command for a pipe, for a script and for a terminal."""
    place.run(*words)
    place.run(*words, terminal=True)
    done = place.run(*words, "--json")
    assert isinstance(json.loads(done.out), dict | list), words


def journey(place: Any) -> None:
    """Run everything that shows or writes anything, where all is laid out."""
    (place.root / "out").mkdir()
    everything: tuple[tuple[str, ...], ...] = (*READING, *ACTING)
    for words in everything:
        shown(place, *words)
    runs = place.json("runs")["runs"]
    for run in (runs[0], runs[-1]):
        shown(place, "runs", "show", run["run_id"], "--html", "run.html")
        shown(place, "undo", run["run_id"])
        shown(place, "explain", "pays", "PESANANBAYAR", "--run", run["run_id"])
    for waiting in place.json("approvals").get("approvals", []):
        place.run("reject", waiting["plan_id"], "--note", "tidak")
    files: tuple[tuple[str, ...], ...] = WRITING
    for words in files:
        place.run(*words)


@pytest.fixture
def guarded(place: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the project secrets that can be searched for; the shop takes the token for its own."""
    place.served.sandbox.tokens[TOKEN] = place.served.sandbox.tokens[place.served.business_token]
    monkeypatch.setenv("SCALEV_TOKEN", TOKEN)
    monkeypatch.setenv("SCALEV_CUSTOMER_TOKEN", CUSTOMER_TOKEN)
    monkeypatch.setenv("TERTIB_AUDIT_KEY", AUDIT_KEY)
    yield place
    place.served.sandbox.tokens.pop(TOKEN)


def search(place: Any, written: set[Path]) -> None:
    """Search all that was said, and every file but those that a person wrote, byte by byte."""
    for done in place.said:
        assert list(found_in(done.said.encode())) == []
    made = {file for file in place.root.rglob("*") if file.is_file()} - written
    for file in made:
        assert list(found_in(file.read_bytes())) == [], file.name


def test_no_command_shows_or_writes_a_personal_value_or_a_secret(guarded: Any) -> None:
    """Every command, in every format, over orders full of canaries: none of them is in any byte."""
    lay_out(guarded)
    written = sources(guarded)
    journey(guarded)
    search(guarded, written)
    told = "".join(done.said for done in guarded.said)
    assert "PESANANBAYAR" in told  # the order's own number is how people find it
    assert OWN_HOLDER in (guarded.root / "plan.json").read_text(encoding="utf-8") or OWN_HOLDER in told
    assert guarded.served.shop.order("PESANANBAYAR")["payment_account_holder"] == CANARIES["customer.name"]
    assert {"plan.json", "plan.html", "log.jsonl", "log.csv", "point.json", "copy.db", "tertib.db"} <= {
        file.name for file in sources(guarded) - written
    }


def test_no_log_of_serve_holds_a_personal_value_or_a_secret(
    guarded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the log for people nor that for machines, through slots that act and slots that fail."""
    monkeypatch.setattr(session, "SystemClock", Hurried)
    lay_out(guarded)
    written = sources(guarded)
    guarded.run("serve")
    guarded.served.faults.add("error_after_apply", target="change")
    guarded.served.shop.edit("PESANANBAYAR", {"payment_status": "unpaid"})
    guarded.run("serve", terminal=True)
    assert "pays" in guarded.said[0].out
    search(guarded, written)


# --- what a server says ---------------------------------------------------------------------------------

QUOTING: Final = " ".join(CANARIES.values())
BODIES: Final[tuple[bytes, ...]] = (
    json.dumps({"error": f"Order of {QUOTING} failed", "error_code": "x"}).encode(),
    json.dumps({"error": {"message": QUOTING}, "details": {QUOTING: [QUOTING]}}).encode(),
    json.dumps({"error": "Validation failed", "details": {"payment_account_holder": [QUOTING]}}).encode(),
    json.dumps({"error": QUOTING, "error_code": CANARIES["customer.phone"]}).encode(),
    json.dumps({"data": [{"id": QUOTING, "status": QUOTING}], "is_paginated": QUOTING}).encode(),
    json.dumps(
        {"data": [planted(id=1)], "is_paginated": True, "next_cursor": None, "has_next": True}
    ).encode(),
    json.dumps({"data": [planted(id=1)]}).encode()[:-20],
    f"<html><h1>{QUOTING}</h1></html>".encode(),
    f"{QUOTING}\r\n{TOKEN}".encode(),
    json.dumps({"error": f"Bearer {TOKEN} is not valid for {QUOTING}"}).encode(),
)
"""Answers that quote buyers and the token itself."""

STATUSES: Final = (200, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503)


@pytest.mark.parametrize("debug", [False, True])
def test_no_error_repeats_what_a_server_quotes(
    guarded: Any, stranger: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, *, debug: bool
) -> None:
    """Whatever status, whatever body, when reading and when changing: the message and the record hold none of it."""
    monkeypatch.setattr(session, "SystemClock", Hurried)
    lay_out(guarded)
    written = sources(guarded)
    orders = {tag: guarded.served.shop.order(f"PESANAN{tag}") for tag in ("BAYAR",)}
    page = json.dumps({"data": list(orders.values()), "is_paginated": False}, default=str).encode()
    quoting = stranger()
    monkeypatch.setenv("SCALEV_BASE_URL", quoting.url)
    if debug:
        monkeypatch.setenv("TERTIB_DEBUG", "1")
    for number, status in enumerate(STATUSES):
        body = BODIES[(number + 5 * debug) % len(BODIES)]
        headers = {"Location": f"/{quote(QUOTING)}", "X-Request-Id": quote(QUOTING), "Retry-After": "1"}
        quoting.answer = lambda _method, _path, status=status, headers=headers, body=body: (
            status,
            headers,
            body,
        )
        guarded.run("plan", "pays")
        if number % 4 == 0:
            guarded.run("doctor", "--json")
            guarded.run("explain", "pays", "PESANANBAYAR")
        quoting.answer = lambda method, _path, status=status, headers=headers, body=body: (
            (status, headers, body) if method == "POST" else (200, {}, page)
        )
        guarded.run("run", "pays", "--json")
        if number % 4 == 0:
            guarded.run("settle")
    guarded.run("runs")
    assert len(quoting.asked) > 2 * len(STATUSES)
    search(guarded, written)


def test_a_fault_of_our_own_repeats_no_value(guarded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw may quote an order: what is shown is its kind and its place."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"invalid literal for int(): {QUOTING} {TOKEN}")

    lay_out(guarded)
    written = sources(guarded)
    monkeypatch.setattr("tertib.pipeline.plan", fail)
    with pytest.raises(AssertionError, match="internal error: ValueError"):
        guarded.run("plan")
    with pytest.raises(AssertionError, match="internal error: ValueError"):
        guarded.run("plan", "--json")
    search(guarded, written)


@pytest.mark.parametrize(
    ("source", "is_personal"),
    [
        ("https://cdn.example/{{ order.customer.phone }}.jpg", True),
        ("https://cdn.example/{{ order['customer']['phone'] }}.jpg", True),
        ("https://cdn.example/{{ order.metadata.anything.at.all }}.jpg", True),
        ("https://cdn.example/{{ order.message_history[0].sender_name }}.jpg", True),
        ("https://cdn.example/{% if order.notes %}a{% endif %}.jpg", True),
        ("https://cdn.example/{{ order.order_id }}.jpg", False),
        ("https://cdn.example/own.jpg", False),
    ],
)
def test_what_a_template_takes_of_a_buyer_is_personal_in_any_field(source: str, *, is_personal: bool) -> None:
    """A phone number in an address is kept as a mask, like one in the field made for it."""
    found = personal({"status": "canceled", "transferproof_url": source}, contract.FIELDS["orders"])
    assert found == (frozenset({"transferproof_url"}) if is_personal else frozenset())


def test_the_search_finds_what_it_looks_for() -> None:
    """Every way of writing a canary down is found, so a search that finds nothing means something."""
    name, phone = CANARIES["customer.name"], CANARIES["customer.phone"]
    for content in (
        f"buyer {name}!",
        f"buyer {name.upper()}!",
        f"?name={quote(name)}&x",
        f"?name={quote_plus(name)}&x",
        base64.b64encode(f"x{name}y".encode()).decode(),
        base64.b64encode(f"xx{name}yy".encode()).decode(),
        base64.b64encode(f"xxx{name}".encode()).decode(),
        name.replace(" ", ""),
        f"0{phone[2:]}",
        f"+62 {phone[2:]}",
        f"Bearer {TOKEN}",
        name.encode().hex(),
    ):
        assert list(found_in(content.encode())), content
    assert not list(found_in(b"PESANANBAYAR 628\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa289 K.B."))
    assert len(set(CANARIES.values())) == len(CANARIES) > 30


# --- what a terminal would obey ---------------------------------------------------------------------------

POISON: Final = (
    "\x1b]0;K\x07\x1b[8;31mX\x9b31m\u202eabc\u2066\u200b\u200e\r\n\x08\x00\x7f\u2028\ufeff\U000e0041"
)
NAMED: Final = POISON.replace("\0", "")
"""The same as a word of a command line or a file's name, where the system allows no NUL."""

OBEYED: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
    r"|\x1b(?!\[[0-9;]*m|\[\?25[lh]|\[[0-9]*[KA])|\x1b\[8;31m"
)
"""What may never reach a screen; colours, and what a progress bar moves, are the program's own."""


def poisoned(tag: str) -> dict[str, Any]:
    """Return an order of which every text is made to be obeyed."""
    return {
        "order_id": f"R{tag}{POISON}",
        "tags": [tag, POISON],
        "notes": POISON,
        "customer": {"name": f"A{POISON} B{POISON}", "phone": POISON},
        "store": {"name": POISON},
        "orderlines": [{"product_name": POISON, "quantity": 1}],
        "transfer_time": POISON,
        "handler_phone": POISON,
        "platform": POISON,
    }


POISONED_RULES: Final = """\
name: takes
query: {status: pending}
conditions:
  - tags: {any_of: [ambil]}
  - any: [{platform: {ne: x}}, {store.name: {ne: x}}, {notes: {ne: x}}, {transfer_time: {older_than: 1d}}]
action: {status: canceled}
mode: apply
---
name: moves
query: {}
conditions: [{tags: {any_of: [pindah]}}, {platform: {ne: x}}]
action: {payment_status: paid, by: "{{ order.platform }}"}
mode: apply
"""


def test_nothing_of_an_order_reaches_a_screen_raw(place: Any) -> None:
    """Control characters, escapes, overrides and hidden letters in orders, reasons and names, through every command."""
    place.write("rules/rules.yaml", POISONED_RULES)
    ids = [place.add(**poisoned("ambil"))["id"], place.add(**poisoned("pindah"), status="pending")["id"]]
    place.add(**{**poisoned("pindah"), "status": POISON, "payment_status": POISON, "order_id": f"S{POISON}"})
    place.write("given/order.json", json.dumps(place.served.shop.order(ids[0]), default=str))
    place.write(f"rules/{NAMED}.yaml", "name: takes\nquery: {}\naction: {status: canceled}\n")
    for form in ("text", "json", "github", "sarif"):
        place.run("check", "--format", form)
    (place.root / "rules" / f"{NAMED}.yaml").unlink()
    given: tuple[tuple[str, ...], ...] = (
        ("plan", "--all", "--explain-query"),
        ("plan", "--out", "plan.json"),
        ("explain", "takes", str(ids[0])),
        ("explain", "moves", f"R{NAMED}"),
        ("explain", "takes", str(ids[0]), "--from", "given/order.json"),
        ("why", str(ids[0])),
        ("why", f"R{NAMED}"),
        ("hold", f"H{NAMED}", "--why", NAMED),
        ("hold", str(ids[1]), "--why", NAMED),
        ("plan",),
        ("release", f"H{NAMED}"),
        ("release", str(ids[1])),
        ("apply", "plan.json", "--yes", "--only", NAMED),
        ("apply", NAMED, "--yes"),
        ("apply", "plan.json", "--yes"),
        ("run",),
        ("runs",),
        ("runs", "show", NAMED),
        ("pause", "takes", "--why", NAMED),
        ("run",),
        ("schedule",),
        ("resume", "takes"),
        ("audit", "list"),
        ("settle",),
        ("plan", NAMED),
        ("plan", "--config", NAMED),
        ("check", NAMED),
        ("fields", NAMED),
        ("undo", NAMED),
        ("nothing", NAMED),
    )
    for words in given:
        place.run(*words)
        place.run(*words, terminal=True)
        place.run(*words, "--json")
    place.run("audit", "export")
    place.run("audit", "export", "--format", "csv")
    for run in place.json("runs")["runs"][:3]:
        shown(place, "runs", "show", run["run_id"], "--html", "run.html")
    for done in place.said:
        for stream in (
            done.out,
            done.err.replace("\r", ""),
        ):  # a progress bar goes back to its line's beginning
            obeyed = OBEYED.search(stream)
            assert obeyed is None, (repr(obeyed), stream[max(0, obeyed.start() - 200) :][:400])


def test_a_server_cannot_make_the_screen_obey(
    place: Any, stranger: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages, codes, headers and content types of a server are words by the time that they are shown."""
    place.write("rules/rules.yaml", POISONED_RULES)
    hostile = stranger()
    monkeypatch.setenv("SCALEV_BASE_URL", hostile.url)
    monkeypatch.setattr(session, "SystemClock", Hurried)
    body = json.dumps({"error": f"status {POISON} invalid", "error_code": POISON}).encode()
    for status in (400, 403, 422, 429, 500):
        for content, kind in ((body, "application/json"), (POISON.encode(), "text/\x1b]0;K\x07html\x9b")):
            hostile.answer = lambda _m, _p, status=status, content=content, kind=kind: (
                status,
                {"Content-Type": kind, "Retry-After": "\x1b[8;31m1"},
                content,
            )
            place.run("plan")
            place.run("plan", terminal=True)
            json.loads(place.run("doctor", "--json").out)
    for done in place.said:
        assert OBEYED.search(done.out) is None
        assert OBEYED.search(done.err.replace("\r", "")) is None


@pytest.mark.parametrize("terminal", [False, True])
def test_a_log_line_holds_nothing_that_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    """The log of `serve` escapes what it is told, on a terminal and in a file; a secret in it is hidden."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setenv("SCALEV_TOKEN", TOKEN)
    log = logger(color=False)
    event = f"what {POISON}"
    log.warning(event, why=POISON, order=f"R{POISON}", rules=[POISON], quoted=f"Bearer {TOKEN}")
    said = capsys.readouterr().out
    assert OBEYED.search(said.removesuffix("\n")) is None
    assert TOKEN not in said
    assert said.count("\n") == 1
