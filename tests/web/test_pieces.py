"""The pieces that pages are made of: charts, words, passwords, tries, addresses."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.ledger.people import ROLES
from tertib.ledger.slots import SlotState
from tertib.model import Mode, State
from tertib.telling import states
from tertib.telling.text import clean
from tertib.telling.tongue import LANGUAGES, preferred, tongue
from tertib.web import charts, passwords, words
from tertib.web.attempts import Allowance, Attempts
from tertib.web.guard import host_of
from tertib.web.render import STATIC, harmless
from tertib.web.server import Bell
from tertib.web.site import local_path

ENGLISH = tongue("en")


@given(st.lists(st.tuples(st.text(), st.integers(0, 10**6), st.decimals(0, 10**12, places=2)), max_size=6))
def test_a_chart_is_well_formed_whatever_a_rule_is_called(rows: list[tuple[str, int, Decimal]]) -> None:
    """It has a title and a description, holds no style and no script, and parses."""
    days = [charts.Column("1 Nov", tuple(charts.Bar(*row) for row in rows)), charts.Column("2 Nov", ())]
    drawn = str(charts.bars(days, "orders", ENGLISH))
    svg = ET.fromstring(re.search(r"<svg.*?</svg>", drawn, re.DOTALL)[0])  # type: ignore[index]  # noqa: S314 - ours
    assert [one.tag for one in svg][:2] == ["title", "desc"]
    assert "style=" not in drawn
    assert sum(one.orders for one in days) == sum(row[1] for row in rows)


def test_a_bar_is_as_high_as_its_orders() -> None:
    """Twice the orders, twice the height; what it stands for is in its own title."""
    days = [
        charts.Column("1", (charts.Bar("a", 10, Decimal(5)),)),
        charts.Column("2", (charts.Bar("a", 20, Decimal(1_250_000)),)),
    ]
    heights = [float(one) for one in re.findall(r'height="([\d.]+)"', str(charts.bars(days, "t", ENGLISH)))]
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert "2, a: 20, Rp 1.250.000" in charts.bars(days, "t", ENGLISH)


def test_rules_without_a_colour_of_their_own_share_one() -> None:
    """Those with the fewest orders, on top of each day and last in the key, each still by its name in its own title."""
    bars = [charts.Bar(name, 10 - place, Decimal(1)) for place, name in enumerate("abcdefgh")]
    drawn = str(charts.bars([charts.Column("1", tuple(reversed(bars)))], "t", ENGLISH))
    chart, _, key = drawn.partition("<ul")
    colours = re.findall(r'<rect class="(series-\w+)"[^>]*><title>1, (\w):', chart)
    assert len(colours) == 8
    assert {name for colour, name in colours if colour == "series-others"} == {"g", "h"}
    assert len({colour for colour, _ in colours}) == 7
    assert [name for _, name in colours[-2:]] == ["h", "g"]
    assert re.findall(r"</svg>([^<]*)</li>", key) == ["f", "e", "d", "c", "b", "a", "others"]
    one_more = str(charts.bars([charts.Column("1", tuple(bars[:7]))], "t", ENGLISH))
    assert re.findall(r"</svg>([^<]*)</li>", one_more) == ["a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_of_a_chart_stands_out(theme: str) -> None:
    """Three to one against the card that it is drawn on, as WCAG asks of graphics, and no two alike."""
    css = (STATIC / "tertib.css").read_text(encoding="utf-8")
    light, dark = css.partition("@media screen and (prefers-color-scheme: dark)")[::2]
    given = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", (dark if theme == "dark" else light)[:1500]))
    series = re.findall(r"\.series-\w+ { fill: var\(--(\w+)\)", css)
    assert len(series) == len({given[one] for one in series}) == charts._SERIES + 1
    assert [one for one in series if contrast(given[one], given["card"]) < 3] == []


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 counts it."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Return how light a colour is, from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_funnel_and_a_timeline_tell_their_numbers() -> None:
    """Who cannot see them hears the same."""
    drawn = charts.funnel([charts.Step("read", 1200), charts.Step("sent", 0)], "t", ENGLISH)
    assert "<desc>read 1.200, sent 0</desc>" in drawn
    mark = charts.Mark(0.5, "good", "cancel, 12.00")
    line = charts.timeline([charts.Row("a<b", (mark,))], "t", "1 slot", 0.25)
    assert "<title>cancel, 12.00</title>" in line
    assert "a&lt;b" in line


def test_every_state_has_a_word() -> None:
    """No page shows a state by the name that the code has for it."""
    assert set(states.CHANGES) == {*(one.value for one in State), states.WAITED}
    assert set(states.SLOTS) == {*get_args(SlotState), "running"}
    assert set(words.MODES) == {one.value for one in Mode}
    assert set(words.ROLES) == set(ROLES)


@given(st.text())
def test_nothing_hidden_is_written(text: str) -> None:
    """What a template writes holds no character that hides or turns a line around, but for joiners."""
    assert all(one.isprintable() or one in "\u200c\u200d" or clean(one) != "\ufffd" for one in harmless(text))
    assert harmless("a\u202eb") == "a\ufffdb"


@pytest.mark.parametrize(
    ("header", "language"),
    [("id;q=0", "en"), ("*", "en"), ("en;q=0.1,id;q=0.2", "id"), ("id;q=x", "en"), ("," * 500, "en")],
)
def test_languages_are_weighed(header: str, language: str) -> None:
    """The best liked of those there are; nonsense is passed over."""
    assert preferred(header) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_money_and_times_are_written_as_indonesians_do(language: str) -> None:
    """Dots between thousands and in the time, the day first, the shop's zone by name."""
    speech = tongue(language)
    at = datetime(2026, 5, 21, 7, 5, tzinfo=UTC)
    assert speech.moment(at, "Asia/Jakarta") == f"21 {'Mei' if language == 'id' else 'May'} 2026, 14.05 WIB"
    assert speech.rupiah(Decimal("1250000.50")) == "Rp 1.250.000,50"
    assert speech.age(timedelta(hours=5, minutes=12)).startswith("5 ")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaa", "siti1234567", "x" * 1001])
def test_weak_passwords_are_told_so(password: str) -> None:
    """Too short, a character over and over, the name itself, too long."""
    assert passwords.weakness(password, "siti") is not None


def test_a_password_fits_its_own_hash_alone() -> None:
    """Whoever has none is not let in by anything; a damaged hash lets nobody in."""
    kept = passwords.hashed("enam angsa berlari")
    assert kept.startswith("$argon2id$")
    assert passwords.fits("enam angsa berlari", kept)
    assert not passwords.fits("enam angsa", kept)
    assert not passwords.fits("nobody has this password", "")
    assert not passwords.fits("enam angsa berlari", "$argon2id$damaged")


def test_tries_are_given_back_by_time() -> None:
    """So many within so long; a refused try does not count, and a right one forgets the others."""
    attempts, allowed = Attempts(), Allowance(2, 60)
    assert [attempts.wait([("name", "a", allowed)], now) for now in (0, 10, 20, 59)] == [0, 0, 40, 1]
    assert attempts.wait([("name", "a", allowed)], 60) == 0
    assert attempts.wait([("name", "b", allowed)], 60) == 0
    attempts.forget("name", "a")
    assert attempts.wait([("name", "a", allowed)], 61) == 0


def test_tries_take_no_endless_room() -> None:
    """Somebody who tries names without end does not fill the memory."""
    attempts = Attempts()
    for number in range(10_050):
        attempts.wait([("name", str(number), Allowance(2, 60))], 0)
    assert len(attempts._tries) <= 10_000


@pytest.mark.parametrize(
    ("place", "safe"),
    [
        ("/a?b=c", "/a?b=c"),
        ("//evil", "/"),
        ("https://evil", "/"),
        ("/\\evil", "/"),
        ("", "/"),
        ("/a\tb", "/"),
    ],
)
def test_only_own_paths_are_led_to(place: str, safe: str) -> None:
    """An address that came from outside is a path here, or the first page."""
    assert local_path(place) == safe


@pytest.mark.parametrize(
    ("netloc", "host"),
    [("A.b:80", "a.b"), ("[::1]:8787", "::1"), ("x@a.b", "a.b"), ("[::1", ""), ("", ""), ("a.b:x", "a.b")],
)
def test_a_host_is_read_without_its_port(netloc: str, host: str) -> None:
    """In small letters; nonsense is none."""
    assert host_of(netloc) == host


class Napping:
    """A clock that counts its naps, and stops after so many."""

    def __init__(self, most: int = 10**9) -> None:
        self.naps: list[float] = []
        self._most = most

    @property
    def stopping(self) -> bool:
        """Tell whether it stopped."""
        return len(self.naps) >= self._most

    def sleep(self, seconds: float) -> None:
        """Count a nap."""
        self.naps.append(seconds)


def test_a_ring_wakes_the_schedule() -> None:
    """Each waiter once, also where it came before; else the wait is as long as asked; a stop ends it too."""
    clock = Napping()
    bell = Bell(clock)
    wait, other = bell.waiter(), bell.waiter()
    wait(2.5)
    assert clock.naps == [1.0, 1.0, 0.5]
    bell.ring()
    wait(60)
    other(60)
    assert len(clock.naps) == 3
    wait(0.5)
    assert len(clock.naps) == 4
    stopped = Napping(2)
    Bell(stopped).waiter()(60)
    assert len(stopped.naps) == 2


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/", "/"),
        ("/accounts", "/accounts"),
        ("/accounts/a/plans/x", "/accounts/a/approvals"),
        ("/accounts/a/runs", "/accounts/a/runs"),
        ("/accounts/a/runs/x", "/accounts/a/runs"),
    ],
)
def test_one_part_of_the_site_is_where_one_is(path: str, here: str) -> None:
    """The list of pages marks exactly one of them."""
    places = (
        "/",
        "/accounts",
        "/settings",
        *(f"/accounts/a/{one}" for one in ("approvals", "rules", "runs")),
    )
    assert [one for one in places if words.Words.is_here(path, one)] == [here]
