"""Read rule tests: `NAME.test.yaml` beside `NAME.yaml`, an explicit clock and orders written in short.

now: 2026-11-21T10:00:00+07:00
settings: {contract: seeds, timezone: Asia/Jakarta, protect: [...]}     # all optional
order: {payment_method: bank_transfer}                                  # what every case starts from
cases:
- name: four days old and unpaid
order: {pending_time: 4d ago}
planned: {status: canceled}
- name: the buyer sent a proof
order: {pending_time: 4d ago, transferproof_url: "https://cdn.example/1.jpg"}
not_matched: true
because: transferproof_url
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from tertib import shipped
from tertib.language import conditions, document, durations, places, structure
from tertib.language.document import Document
from tertib.model import Complaint, Problem, Sent, Settings
from tertib.model import Path as Place
from tertib.scalev import contract

SUFFIXES: Final = {".test.yaml": ".yaml", ".test.yml": ".yml"}
"""How a test file's name ends, and how its rule file's name ends instead."""

EXPECTATIONS: Final = ("planned", "held", "not_matched", "unchanged")
_ONE_OF_THEM: Final = "one of `planned`, `held`, `not_matched`, `unchanged`"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a case says must come of its order: values for `planned`, a code for `held`, and a part of the reason."""

    what: Literal["planned", "held", "not_matched", "unchanged"]
    values: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """What the record is to know of a case's order: a hold, an open outcome, earlier changes, what was sent today.

    `confirmed` pairs a rule's name, None for the case's own, with the values that it set; the oldest stands first.
    """

    hold: str = ""
    unsettled: bool = False
    confirmed: tuple[tuple[str | None, Mapping[str, Any]], ...] = ()
    sent_today: Sent = field(default_factory=Sent)


@dataclass(frozen=True, slots=True)
class Case:
    """One case as written; `place` is its path in the file."""

    name: str
    place: Place
    line: int
    rule: str | None
    order: Mapping[str, Any]
    missing: tuple[str, ...]
    past: Past
    expected: Expected


@dataclass(frozen=True, slots=True)
class Sheet:
    """One test file: the rules it is about, the moment and settings it plays at, and its cases."""

    file: str
    rules: str
    now: datetime
    settings: Settings
    cases: tuple[Case, ...]
    document: Document = field(repr=False)

    def problem(self, complaint: Complaint) -> Problem:
        """Give a complaint about a value of this file its place."""
        return places.of_complaint(complaint, self.document, self.file, None)


def read(file: Path, settings: Settings) -> tuple[Sheet | None, tuple[Problem, ...]]:
    """Read one test file; the sheet is None where its problems leave nothing that could be played."""
    try:
        parsed = document.parse(file.read_bytes())
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        return None, (places.of_file(str(file), "T101", f"the file cannot be read: {reason}"),)
    if parsed.flaws:
        return None, tuple(places.of_flaw(flaw, parsed.lines, str(file)) for flaw in parsed.flaws)
    if len(parsed.documents) > 1:
        second = parsed.documents[1][1]
        hint = "a rule test is one document: delete the `---` and join the cases"
        complaint = Complaint((), "T117", "a second document stands here", hint)
        return None, (places.of_complaint(complaint, second, str(file), None),)
    return _sheet(file, parsed.documents[0][1], settings)


def _sheet(file: Path, source: Document, settings: Settings) -> tuple[Sheet | None, tuple[Problem, ...]]:
    complaints = list(_misfits(source.data))
    sheet = None
    if not complaints:
        playing = _settings(source.data.get("settings", {}), settings, complaints)
        base = source.data.get("order", {})
        sheet = Sheet(
            file=str(file),
            rules=str(rules_of(file)),
            now=_now(source.data["now"], playing, complaints),
            settings=playing,
            cases=tuple(_case(one, n, base, source) for n, one in enumerate(source.data["cases"])),
            document=source,
        )
    broken = any(one.severity == "error" for one in complaints)
    return None if broken else sheet, tuple(
        places.of_complaint(one, source, str(file), None) for one in complaints
    )


def rules_of(test: Path) -> Path:
    """Return the rule file that a test file is about."""
    suffix = next(one for one in SUFFIXES if test.name.endswith(one))
    return test.with_name(test.name.removesuffix(suffix) + SUFFIXES[suffix])


def test_of(rules: Path) -> Path:
    """Return the test file that stands beside a rule file, whether it is there or not."""
    return rules.with_name(f"{rules.stem}.test{rules.suffix}")


def is_test(file: Path) -> bool:
    """Tell a test file by its name."""
    return file.name.endswith(tuple(SUFFIXES))


# --- what does not fit ----------------------------------------------------------------------------------


def _misfits(data: Any) -> Iterator[Complaint]:
    """Yield what the schema has against the file, with what a case expects said in words of our own."""
    schema = (shipped.schemas() / "rule-test.schema.json").read_text("utf-8")
    for one in structure.complaints(data, schema):
        # a case as a whole only fails the schema's choice between the expectations, which `_expectations` words
        if not (one.code == "T125" and len(one.path) == _CASE_DEPTH):
            yield one
    cases = data.get("cases") if isinstance(data, Mapping) else None
    for number, case in enumerate(cases if isinstance(cases, list) else ()):
        if isinstance(case, Mapping):
            yield from _expectations(case, ("cases", number))


_CASE_DEPTH: Final = 2


def _expectations(case: Mapping[str, Any], path: Place) -> Iterator[Complaint]:
    named = [key for key in case if key in EXPECTATIONS]
    if not named:
        yield Complaint(path, "T118", "the case expects nothing", _ONE_OF_THEM)
    for key in named[1:]:
        message = f"a case expects one thing, and this one expects `{named[0]}` already"
        yield Complaint((*path, key), "T116", message, "make two cases of it", on_key=True)
    if "because" in case and named and named[0] not in {"held", "not_matched"}:
        message = f"`because` says nothing about `{named[0]}`"
        yield Complaint((*path, "because"), "T116", message, "delete it", on_key=True)


# --- what fits ------------------------------------------------------------------------------------------


def _now(written: str, settings: Settings, complaints: list[Complaint]) -> datetime:
    try:
        return durations.parse_instant(written, ZoneInfo(settings.timezone))
    except ValueError as error:
        hint = "for example `2026-11-21T10:00:00+07:00`"
        complaints.append(Complaint(("now",), "T209", str(error), hint))
        return datetime.min  # noqa: DTZ901 - never read: the complaint keeps the file from being played


def _settings(said: Mapping[str, Any], settings: Settings, complaints: list[Complaint]) -> Settings:
    """Return the project's settings with what this file says instead."""
    zone = said.get("timezone", settings.timezone)
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        complaints.append(
            Complaint(
                ("settings", "timezone"), "T119", f"`{zone}` is no time zone", "for example `Asia/Jakarta`"
            )
        )
        zone = settings.timezone
    playing = replace(settings, contract=said.get("contract", settings.contract), timezone=zone)
    if "protect" not in said:
        return playing
    path: Place = ("settings", "protect")
    parsed = conditions.parse(said["protect"], contract.FIELDS["orders"], ZoneInfo(zone), complaints, path)
    return replace(playing, protect=tuple(parsed), protect_definition=tuple(said["protect"]))


def _case(said: Mapping[str, Any], number: int, base: Mapping[str, Any], source: Document) -> Case:
    path: Place = ("cases", number)
    return Case(
        name=said["name"],
        place=path,
        line=source.spot(path).line,
        rule=said.get("rule"),
        order={**base, **said.get("order", {})},
        missing=tuple(said.get("missing", ())),
        past=_past(said.get("history", {})),
        expected=_expected(said),
    )


def _past(said: Mapping[str, Any]) -> Past:
    sent = said.get("sent_today", {})
    return Past(
        hold=said.get("hold", ""),
        unsettled=said.get("unsettled", False),
        confirmed=tuple((one.get("rule"), one.get("set", {})) for one in said.get("confirmed", ())),
        sent_today=Sent(sent.get("orders", 0), Decimal(sent.get("value", 0))),
    )


def _expected(said: Mapping[str, Any]) -> Expected:
    because = said.get("because", "")
    if "planned" in said:
        return Expected("planned", values=said["planned"])
    if "held" in said:
        return Expected("held", code=said["held"], because=because)
    return Expected("not_matched" if "not_matched" in said else "unchanged", because=because)
