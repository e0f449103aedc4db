"""Working days and holidays: against a slow oracle, on the clocks of several zones, and in every reading of a rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breadth import examples
from tertib.check.branches import all_true
from tertib.compile.pushdown import push_down
from tertib.errors import PlanRefused
from tertib.language import calendars, clocks, conditions, days
from tertib.language.codegen import compile_conditions
from tertib.load import from_definition, loads
from tertib.model import Calendar, Complaint, DaySpan, Holidays, Rule, Settings, WorkingDays
from tertib.scalev.contract import FIELDS

ZONES = ("Asia/Jakarta", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
OFF = (date(2026, 3, 19), date(2026, 3, 20), date(2026, 3, 30), date(2026, 10, 26), date(2026, 11, 2))
"""Holidays of the tests, some of them beside a change of the clocks."""

KEPT = Holidays(extra=tuple((day, day) for day in OFF))
MINUTE = timedelta(minutes=1)

moments = st.integers(0, 366 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE
)
calendars_of = st.builds(
    Calendar,
    st.sampled_from(ZONES),
    st.sampled_from([(0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5), (1, 6), tuple(range(7))]),
    st.sampled_from([None, KEPT]),
)
ages = st.builds(WorkingDays, st.integers(1, 12), calendars_of)


def oracle(moment: datetime, age: WorkingDays) -> datetime:
    """Look back over a list of all working days of some years, as the page about rules says it in words."""
    calendar, where = age.calendar, ZoneInfo(age.calendar.timezone)
    off = OFF if calendar.holidays else ()
    every = (date(2025, 1, 1) + timedelta(days=number) for number in range(900))
    working = [day for day in every if day.weekday() in calendar.weekdays and day not in off]
    shown = clocks.wall(moment, where)
    until_now = [day for day in working if day <= shown.date()]
    back = until_now[-1 - age.count]
    if until_now[-1] == shown.date():
        return clocks.instant(datetime.combine(back, shown.time()), where)
    return clocks.instant(datetime.combine(back, time()) + timedelta(days=1), where)


@given(moment=moments, age=ages)
def test_working_days_are_counted_as_the_slow_way_counts_them(moment: datetime, age: WorkingDays) -> None:
    """Looking back day by day gives what a list of all working days gives."""
    assert calendars.before(moment, age) == oracle(moment, age)


@given(moment=moments, age=ages, later=st.integers(1, 4 * 24 * 60))
def test_a_later_moment_never_looks_back_less_far(moment: datetime, age: WorkingDays, later: int) -> None:
    """An age is one bound that only moves on, over days off and changes of the clocks too."""
    assert calendars.before(moment, age) <= calendars.before(moment + later * MINUTE, age)
    assert calendars.before(moment, age) < moment


@given(moment=moments, age=ages)
def test_when_a_bound_is_reached_is_told_to_the_microsecond(moment: datetime, age: WorkingDays) -> None:
    """Before the first instant the bound lies before the moment, after the last it lies beyond it."""
    instant = timedelta(microseconds=1)
    comes, passes = calendars.reached(moment, age)
    assert calendars.before(comes - instant, age) < moment <= calendars.before(comes, age)
    assert calendars.before(passes, age) <= moment < calendars.before(passes + instant, age)


def test_a_weekend_does_not_age_an_order() -> None:
    """Friday noon is one working day old on Monday noon, and an order of Saturday not before Tuesday."""
    age = WorkingDays(1, Calendar())
    jakarta = ZoneInfo("Asia/Jakarta")
    monday = datetime(2026, 11, 23, 12, tzinfo=jakarta)
    assert calendars.before(monday, age) == datetime(2026, 11, 20, 12, tzinfo=jakarta)
    assert calendars.before(monday - timedelta(days=1), age) == datetime(2026, 11, 20, tzinfo=jakarta)
    saturday = datetime(2026, 11, 21, 10, tzinfo=jakarta)
    assert calendars.reached(saturday, age)[1] == datetime(2026, 11, 24, tzinfo=jakarta) - timedelta(
        microseconds=1
    )


@given(moment=moments, zone=st.sampled_from(ZONES), later=st.integers(0, 3 * 60))
def test_walls_and_instants_keep_their_order(moment: datetime, zone: str, later: int) -> None:
    """Through gaps and hours that come twice, the later of two never comes first."""
    where = ZoneInfo(zone)
    one, other = clocks.wall(moment, where), clocks.wall(moment + later * MINUTE, where)
    assert one <= other
    assert clocks.instant(one, where) <= clocks.instant(other, where)


# --- one meaning everywhere -----------------------------------------------------------------------------


def parsed(calendar: Calendar, *items: Any) -> tuple[Any, ...]:
    """Read conditions that must be right."""
    complaints: list[Complaint] = []
    found = conditions.parse(
        list(items), FIELDS["orders"], ZoneInfo(calendar.timezone), complaints, calendar=calendar
    )
    assert complaints == []
    return found


def worded(operator: str, count: int) -> Iterable[Any]:
    """Give a condition plain, negated, and beside another."""
    plain = {"pending_time": {operator: f"{count}wd"}}
    yield plain
    yield {"not": [plain]}
    yield {"any": [plain, {"pending_time": {"newer_than": "1h"}}]}


times = st.one_of(
    st.none(),
    st.just("gestern"),
    st.just(""),
    moments.map(lambda one: one.isoformat().replace("+00:00", "Z")),
)


@settings(max_examples=examples(60))
@given(
    now=moments,
    calendar=calendars_of,
    count=st.integers(1, 8),
    operator=st.sampled_from(["older_than", "newer_than"]),
    happened=st.lists(times, min_size=1, max_size=6),
)
def test_compiled_and_interpreted_ages_agree(
    now: datetime, calendar: Calendar, count: int, operator: str, happened: list[str | None]
) -> None:
    """The generated code decides as the interpreter does, on null and on what is no time as well."""
    rules = {f"r{number}": parsed(calendar, item) for number, item in enumerate(worded(operator, count))}
    orders = [{"pending_time": one} for one in happened] + [{}]
    compiled = compile_conditions(rules).match_page(orders, now)
    for order, names in zip(orders, compiled, strict=True):
        meant = tuple(name for name, rule in rules.items() if conditions.all_of(rule, order, now) is True)
        assert set(names) == set(meant)


@pytest.mark.parametrize(
    "order", [{}, {"pending_time": None}, {"pending_time": ""}, {"pending_time": "gestern"}]
)
def test_an_age_of_nothing_is_unknown(order: dict[str, Any]) -> None:
    """Unknown never matches, and its negation does not either."""
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for item in ({"pending_time": {"older_than": "2wd"}}, {"not": [{"pending_time": {"newer_than": "2wd"}}]}):
        assert conditions.all_of(parsed(Calendar(), item), order, now) is None


def rule_of(text: str, used: Settings | None = None) -> Rule:
    """Read one rule that must be right."""
    loaded = loads(f"name: r\naction: {{status: canceled}}\n{text}", used or Settings())
    assert loaded.errors == ()
    return loaded.rules[0]


@given(
    now=moments,
    order=moments,
    count=st.integers(1, 8),
    operator=st.sampled_from(["older_than", "newer_than"]),
    weekdays=st.sampled_from([(0, 1, 2, 3, 4), (1, 6)]),
)
def test_a_filter_loses_no_match(
    now: datetime, order: datetime, count: int, operator: str, weekdays: tuple[int, ...]
) -> None:
    """What is sent in place of an age in working days returns every order that the age is true of."""
    used = Settings(working_days=weekdays, holidays=KEPT)
    rule = rule_of(f"query: {{}}\nconditions: [{{shipped_time: {{{operator}: {count}wd}}}}]\n", used)
    shown = {"shipped_time": order.isoformat()}
    if conditions.all_of(rule.conditions, shown, now) is not True:
        return
    sent = push_down(rule, now).filters
    assert sent
    for name, value in sent.items():
        bound = datetime.fromisoformat(value)
        assert order >= bound if name.endswith("_since") else order <= bound + timedelta(seconds=1)


@settings(max_examples=examples(60))
@given(now=moments, happened=moments, age=ages, operator=st.sampled_from(["older_than", "newer_than"]))
def test_the_wait_that_is_told_is_the_wait(
    now: datetime, happened: datetime, age: WorkingDays, operator: str
) -> None:
    """What does not match now matches right after the wait and, until then, never."""
    item = {"pending_time": {operator: f"{age.count}wd"}}
    wanted = parsed(age.calendar, {"not": [item]} if operator == "newer_than" else item)
    order = {"pending_time": happened.isoformat()}
    wait = conditions.matches_in(wanted, order, now)
    if wait is None:
        assert conditions.all_of(wanted, order, now) is True
        return
    instant = timedelta(microseconds=1)
    assert True in {conditions.all_of(wanted, order, now + wait + more) for more in (timedelta(), instant)}
    for part in (0, 1, 2, 3):
        assert conditions.all_of(wanted, order, now + wait * part / 4 - instant) is False


@pytest.mark.parametrize(
    ("young", "old", "possible"), [("5wd", "2wd", True), ("2wd", "5wd", False), ("2wd", "2wd", False)]
)
def test_static_checks_calculate_with_working_days(young: str, old: str, *, possible: bool) -> None:
    """Newer than two and older than five working days can never be; the other way round it can."""
    wanted = parsed(
        Calendar(), {"pending_time": {"newer_than": young}}, {"pending_time": {"older_than": old}}
    )
    assert bool(all_true(wanted, datetime(2026, 11, 20, 3, tzinfo=UTC))) is possible


# --- carried by its meaning -----------------------------------------------------------------------------

TWO = "query: {}\nconditions: [{pending_time: {older_than: 2wd}}]\n"


def test_a_plan_carries_the_calendar_that_it_was_made_with() -> None:
    """A rule rebuilt from its definition counts the same days, and has the same hash."""
    rule = rule_of(TWO, Settings(working_days=(0, 1, 2, 3, 4, 5), holidays=Holidays("ID")))
    again = from_definition(rule.definition)
    assert (again.conditions, again.hash) == (rule.conditions, rule.hash)


def test_other_working_days_are_another_rule() -> None:
    """The hash is over the meaning: a shop that works on Saturdays has another rule by the same words."""
    saturdays = rule_of(TWO, Settings(working_days=(0, 1, 2, 3, 4, 5)))
    assert saturdays.hash != rule_of(TWO).hash
    assert rule_of(TWO, Settings(holidays=Holidays("ID"))).hash != rule_of(TWO).hash


def test_a_rule_without_working_days_carries_no_calendar() -> None:
    """Its hash does not change with settings that it does not rest on."""
    text = "query: {}\nconditions: [{pending_time: {older_than: 2d}}]\n"
    assert "calendar" not in rule_of(text).definition
    assert rule_of(text).hash == rule_of(text, Settings(holidays=Holidays("ID"))).hash


def test_a_plan_is_refused_where_other_days_are_holidays_now() -> None:
    """A newer package may know another date of Idul Fitri: what was agreed to is not what would be done."""
    definition = dict(rule_of(TWO, Settings(holidays=Holidays("ID"))).definition)
    definition["calendar"] = {**definition["calendar"], "sha256": "0" * 64}
    with pytest.raises(PlanRefused, match="holidays that are others now"):
        from_definition(definition)


def test_a_filter_takes_working_days_ago() -> None:
    """`2wd ago` is sent as the instant that it is now, and survives the plan."""
    rule = rule_of("query: {shipped_time_until: 2wd ago}\n")
    (ago,) = rule.query["shipped_time_until"]
    assert ago == from_definition(rule.definition).query["shipped_time_until"][0]
    assert rule.definition["query"] == {"shipped_time_until": [{"working_days_ago": 2}]}


@pytest.mark.parametrize("text", ["0wd", "2601wd", "2wd4h", "-1wd", "wd", "1.5wd"])
def test_what_is_no_age_in_working_days_is_refused(text: str) -> None:
    """None, too many, mixed with hours, negative, without a number: nobody can say what is meant."""
    loaded = loads(
        f"name: r\nquery: {{}}\naction: {{status: canceled}}\nconditions: [{{pending_time: {{older_than: {text}}}}}]\n",
        Settings(),
    )
    assert [problem.code for problem in loaded.errors] == ["T208"]


# --- holidays -------------------------------------------------------------------------------------------


def test_holidays_have_the_countrys_own_names() -> None:
    """The reason in the ledger is in the shop's language, whatever the machine speaks."""
    assert calendars.holiday(Holidays("ID"), date(2026, 12, 25)) == "Hari Raya Natal"
    assert calendars.holiday(Holidays("DE", "BY"), date(2026, 1, 6)) is not None
    assert calendars.holiday(Holidays("DE"), date(2026, 1, 6)) is None


def test_collective_leave_is_a_category() -> None:
    """24 December 2026 is cuti bersama: a holiday for who says so."""
    leave = Holidays("ID", categories=("public", "government"))
    assert calendars.holiday(Holidays("ID"), date(2026, 12, 24)) is None
    assert "Cuti Bersama" in (calendars.holiday(leave, date(2026, 12, 24)) or "")


def test_a_shop_adds_days_and_takes_others_away() -> None:
    """`extra` stands above `except`, and both above the country's word."""
    christmas: DaySpan = (date(2026, 12, 25), date(2026, 12, 26))
    open_at_christmas = Holidays("ID", without=(christmas,), extra=((date(2026, 12, 26),) * 2,))
    assert calendars.holiday(open_at_christmas, date(2026, 12, 25)) is None
    assert calendars.holiday(open_at_christmas, date(2026, 12, 26)) == "an extra holiday"
    assert calendars.holiday(None, date(2026, 12, 25)) is None


spans = st.lists(
    st.tuples(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 300)).map(
        lambda one: (one[0], one[0] + timedelta(days=one[1]))
    ),
    max_size=5,
)


@given(spans)
def test_days_are_read_as_they_are_written(written: list[DaySpan]) -> None:
    """A list of spans survives its own spelling."""
    complaints: list[Complaint] = []
    assert days.spans(days.told(tuple(written)), complaints, ()) == tuple(sorted(set(written)))
    assert complaints == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("2026-12-24..2026-12-20", "ends before"),
        ("24-12-2026", "no date"),
        ("20261224", "no date"),
        ("2026-02-30", "no date"),
        ("2026-01-01..2028-01-01", "longer than a year"),
        ("2026-01-01..", "no date"),
    ],
)
def test_days_that_cannot_be_meant_are_told(text: str, wrong: str) -> None:
    """A span that ends before it begins skips nothing, and its writer must know."""
    complaints: list[Complaint] = []
    assert days.spans([text], complaints, ("skip",)) == ()
    assert [(one.code, one.path) for one in complaints] == [("T522", ("skip", 0))]
    assert wrong in complaints[0].message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["mon..fri"], (0, 1, 2, 3, 4)),
        (["mon..sat"], (0, 1, 2, 3, 4, 5)),
        (["sun", "tue"], (1, 6)),
        (None, (0, 1, 2, 3, 4)),
    ],
)
def test_weekdays_are_words_and_spans_of_words(written: Any, meant: tuple[int, ...]) -> None:
    """A week begins on Monday."""
    complaints: list[Complaint] = []
    assert days.weekdays(written, complaints, ("working_days",)) == meant
    assert complaints == []


@pytest.mark.parametrize("word", ["senin", "sat..mon", "mon..", "..fri", 5])
def test_what_is_no_weekday_is_told(word: Any) -> None:
    """A week that runs over Sunday is written as two spans."""
    complaints: list[Complaint] = []
    days.weekdays([word], complaints, ("working_days",))
    assert [one.code for one in complaints] == ["T521"]


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("IDN", "unknown country `IDN`", "did you mean `ID`"),
        ("id", "unknown country `id`", "write `ID`"),
        ({"country": "DE", "subdiv": "XX"}, "unknown part of the country `XX`", "one of `Augsburg`"),
        ({"country": "ID", "subdiv": "JK"}, "unknown part of the country `JK`", "has none"),
        (
            {"country": "ID", "categories": ["cuti"]},
            "unknown category of holidays `cuti`",
            "one of `government`",
        ),
    ],
)
def test_holidays_that_nobody_knows_are_told(written: Any, message: str, hint: str) -> None:
    """A country that is misspelt must not mean that every day is a working day."""
    complaints: list[Complaint] = []
    assert days.holidays(written, complaints, ("holidays",)) is None
    assert [(one.code, one.message) for one in complaints] == [("T523", message)]
    assert hint in (complaints[0].hint or "")
