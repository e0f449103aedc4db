"""Read rule tests: `NAME.test.yaml` beside `NAME.yaml`, an explicit clock and orders written in short.

    now: 2026-11-21T10:00:00+07:00
    settings: {contract: seeds, timezone: Asia/Jakarta, protect: [...]}     # all optional
    vars: {cancel_after: 3d}                                                # in place of the rules' defaults
    order: {payment_method: bank_transfer}                                  # what every case starts from
    cases:
      - name: four days old and unpaid
        order: {pending_time: 4d ago}
        planned: {status: canceled}
      - name: the buyer sent a proof
        order: {pending_time: 4d ago, transferproof_url: "https://cdn.example/1.jpg"}
        not_matched: true
        because: transferproof_url

What an order does not say is filled in by `specimen`; a case may bring a `now:` of its own. What the project gives to
variables is not used, so that a rule that accounts share is tested the same way in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, cast
from zoneinfo import ZoneInfo

from tertib import shipped
from tertib.language import document, durations, places, structure
from tertib.language.document import Document
from tertib.language.nearest import did_you_mean, nearest
from tertib.language.wording import one_of, quote
from tertib.model import Complaint, Given, Problem, Sent, Settings
from tertib.model import Path as Place
from tertib.plan.holds import HOLDS
from tertib.settings import protections

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
    """One case as written; `place` is its path in the file, `own` the part of `order` that it says itself.

    A case that is not `sound` cannot be played, and is kept for what else there is to say about it.
    """

    name: str
    place: Place
    line: int
    rule: str | None
    now: datetime
    order: Mapping[str, Any]
    own: frozenset[str]
    missing: tuple[str, ...]
    past: Past
    expected: Expected
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """One test file: the rules it is about, the settings it plays with, and its cases.

    A sheet that is not `sound` plays nothing: what holds for all its cases does not fit.
    """

    file: str
    rules: str
    settings: Settings
    cases: tuple[Case, ...]
    document: Document = field(repr=False)
    sound: bool = True

    def problem(self, complaint: Complaint) -> Problem:
        """Give a complaint about a value of this file its place."""
        return places.of_complaint(complaint, self.document, self.file, None)


def read(file: Path, settings: Settings) -> tuple[Sheet | None, tuple[Problem, ...]]:
    """Read one test file with everything that is wrong with it; the sheet is None where there is nothing to read."""
    try:
        with file.open("rb") as opened:
            parsed = document.parse(opened.read(document.LARGEST + 1))
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        return None, (places.of_file(str(file), "T101", f"the file cannot be read: {reason}"),)
    problems = [places.of_flaw(flaw, parsed.lines, str(file)) for flaw in parsed.flaws]
    for _, further in parsed.documents[1:2]:
        hint = "a rule test is one document: delete the `---` and join the cases"
        complaint = Complaint((), "T117", "a second document stands here", hint)
        problems.append(places.of_complaint(complaint, further, str(file), None))
    if not parsed.documents or parsed.documents[0][1].data is None:
        if not problems:
            problems.append(_empty(str(file)))
        return None, tuple(problems)
    sheet, complaints = _sheet(file, parsed.documents[0][1], settings, sound=not problems)
    problems += [places.of_complaint(one, parsed.documents[0][1], str(file), None) for one in complaints]
    return sheet, tuple(problems)


def _empty(file: str) -> Problem:
    return places.of_file(file, "T114", "the file holds no test", "it begins with `now:` and `cases:`")


def _sheet(
    file: Path, source: Document, settings: Settings, *, sound: bool
) -> tuple[Sheet | None, list[Complaint]]:
    complaints: list[Complaint] = []
    data = source.data if isinstance(source.data, Mapping) else {}
    playing = _settings(_mapping(data.get("settings")), settings, complaints)
    playing = replace(playing, vars=_vars(_mapping(data.get("vars")), source, str(file)))
    now = _now(data.get("now"), ("now",), playing, complaints)
    said = data.get("cases")
    cases = [
        _case(one, number, data, now=now, source=source, settings=playing, complaints=complaints)
        for number, one in enumerate(said if isinstance(said, list) else ())
        if isinstance(one, Mapping)
    ]
    complaints += structure.unspoken(_misfits(source.data), complaints)
    broken = {one.path[:_CASE_DEPTH] for one in complaints if one.severity == "error"}
    whole = all(path[:1] == ("cases",) and len(path) == _CASE_DEPTH for path in broken)
    sheet = Sheet(
        file=str(file),
        rules=str(rules_of(file)),
        settings=playing,
        cases=tuple(replace(one, sound=one.place not in broken) for one in cases),
        document=source,
        sound=sound and whole,
    )
    return sheet, complaints


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, an empty one for anything else: the schema says what is wrong with that."""
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def rules_of(test: Path) -> Path:
    """Return the rule file that a test file is about, whether it ends in `.yaml` or in `.yml`."""
    suffix = next(one for one in SUFFIXES if test.name.endswith(one))
    wanted = test.with_name(test.name.removesuffix(suffix) + SUFFIXES[suffix])
    other = wanted.with_suffix(".yml" if wanted.suffix == ".yaml" else ".yaml")
    return other if not wanted.exists() and other.exists() else wanted


def test_of(rules: Path) -> Path:
    """Return the test file that stands beside a rule file, whether it is there or not."""
    wanted = rules.with_name(f"{rules.stem}.test{rules.suffix}")
    other = wanted.with_suffix(".yml" if wanted.suffix == ".yaml" else ".yaml")
    return other if not wanted.exists() and other.exists() and rules_of(other) == rules else wanted


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
    for number, case in enumerate(_list(_mapping(data).get("cases"))):
        if isinstance(case, Mapping):
            yield from _expectations(case, ("cases", number))


_CASE_DEPTH: Final = 2


def _expectations(case: Mapping[Any, Any], path: Place) -> Iterator[Complaint]:
    named = [key for key in case if key in EXPECTATIONS]
    if not named and not any(nearest(key, EXPECTATIONS) for key in case if isinstance(key, str)):
        yield Complaint(path, "T118", "the case expects nothing", _ONE_OF_THEM)
    for key in named[1:]:
        message = f"a case expects one thing, and this one expects `{named[0]}` already"
        yield Complaint((*path, key), "T116", message, "make two cases of it", on_key=True)
    if isinstance(code := case.get("held"), str) and code and code not in HOLDS:
        hint = did_you_mean(code, HOLDS) or one_of(HOLDS)
        yield Complaint((*path, "held"), "T119", f"{quote(code)} is no code of a hold", hint)
    if "because" in case and named and named[0] not in {"held", "not_matched"}:
        message = f"`because` says nothing about `{named[0]}`"
        yield Complaint((*path, "because"), "T116", message, "delete it", on_key=True)


# --- what fits ------------------------------------------------------------------------------------------


_ANY_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""What stands for a moment that cannot be read, while the rest of its file is looked at."""

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2999
"""Between these a test's clock may stand: everything that a rule can look back or ahead to is then a day of the calendar."""


def _now(written: Any, path: Place, settings: Settings, complaints: list[Complaint]) -> datetime:
    if not isinstance(written, str) or not written:
        return _ANY_MOMENT  # the schema says what is wrong with it
    hint = "for example `2026-11-21T10:00:00+07:00`"
    try:
        moment = durations.parse_instant(written, ZoneInfo(settings.timezone))
    except ValueError as error:
        complaints.append(Complaint(path, "T209", str(error), hint))
        return _ANY_MOMENT
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        why = f"`{written}` is not between the years {_FIRST_YEAR} and {_LAST_YEAR}"
        complaints.append(Complaint(path, "T209", why, hint))
        return _ANY_MOMENT
    return moment


def _settings(said: Mapping[str, Any], settings: Settings, complaints: list[Complaint]) -> Settings:
    """Return the project's settings with what this file says instead."""
    zone = _zone(said.get("timezone", settings.timezone), complaints) or settings.timezone
    contracts = {"auto", "seeds", "current"}
    spoken = said.get("contract")
    playing = replace(
        settings,
        contract=cast("Any", spoken) if spoken in contracts else settings.contract,
        timezone=zone,
    )
    if "protect" not in said:
        return playing
    protect = protections(said["protect"], playing.calendar, complaints, ("settings", "protect"))
    return replace(playing, protect=protect, protect_definition=tuple(_list(said["protect"])))


def _vars(said: Mapping[str, Any], source: Document, file: str) -> Mapping[str, Given]:
    """Return the values of variables that this file gives."""
    spots = {name: source.spot(("vars", name), on_key=True) for name in said}
    return {
        name: Given(value, file, spots[name].line, spots[name].column)
        for name, value in said.items()
        if value is not None
    }


def _zone(name: Any, complaints: list[Complaint]) -> str | None:
    if not isinstance(name, str):
        return None
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        hint = "for example `Asia/Jakarta`"
        complaints.append(Complaint(("settings", "timezone"), "T119", f"{quote(name)} is no time zone", hint))
        return None
    return name


def _case(
    said: Mapping[str, Any],
    number: int,
    shared: Mapping[str, Any],
    *,
    now: datetime,
    source: Document,
    settings: Settings,
    complaints: list[Complaint],
) -> Case:
    path: Place = ("cases", number)
    own = _mapping(said.get("order"))
    rule = said.get("rule")
    if "now" in said:
        now = _now(said["now"], (*path, "now"), settings, complaints)
    return Case(
        name=str(said.get("name", "")),
        place=path,
        line=source.spot(path).line,
        rule=rule if isinstance(rule, str) else None,
        now=now,
        order={**_mapping(shared.get("order")), **own},
        own=frozenset(own),
        missing=tuple(one for one in _list(said.get("missing")) if isinstance(one, str)),
        past=_past(_mapping(said.get("history"))),
        expected=_expected(said),
    )


def _past(said: Mapping[str, Any]) -> Past:
    sent = _mapping(said.get("sent_today"))
    orders, value = sent.get("orders", 0), sent.get("value", 0)
    confirmed = [one for one in _list(said.get("confirmed")) if isinstance(one, Mapping)]
    return Past(
        hold=str(said.get("hold", "")),
        unsettled=said.get("unsettled") is True,
        confirmed=tuple((one.get("rule"), _mapping(one.get("set"))) for one in confirmed),
        sent_today=Sent(
            orders if isinstance(orders, int) else 0, Decimal(value) if isinstance(value, int) else Decimal(0)
        ),
    )


def _expected(said: Mapping[str, Any]) -> Expected:
    because = str(said.get("because", ""))
    if "planned" in said:
        return Expected("planned", values=_mapping(said["planned"]))
    if "held" in said:
        return Expected("held", code=str(said["held"]), because=because)
    return Expected("not_matched" if "not_matched" in said else "unchanged", because=because)
