"""Sentences said again in another language, numbers and times in both."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib import shipped
from tertib.load import load
from tertib.model import Settings
from tertib.sayings import N_, Said, said, said_many
from tertib.telling import recognise
from tertib.telling.tongue import DOMAIN, LOCALES, preferred, tongue

ENGLISH, INDONESIAN = tongue("en"), tongue("id")
MO = LOCALES / "id" / "LC_MESSAGES" / f"{DOMAIN}.mo"


def test_a_sentence_is_plain_text_to_everybody_else() -> None:
    """It compares, prints, and becomes JSON as a `str`, and comes back from a copy and another process as it was."""
    made = said("there is no rule `%(rule)s`", rule="cod")
    assert made == "there is no rule `cod`"
    assert json.dumps([made]) == '["there is no rule `cod`"]'
    for again in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301 - our own bytes
        assert (again, again.template, again.values) == (made, made.template, made.values)


def test_a_sentence_is_said_again_with_its_values() -> None:
    """Text and values are kept; sentences in it are said again too; English says what it was."""
    why = said("the order is on hold: %(reason)s", reason="paid")
    made = said("cannot tell whether the veto `%(code)s` applies: %(why)s", code="on_hold", why=why)
    assert ENGLISH.say(made) == made
    assert INDONESIAN.say(made) == (
        "tidak bisa dipastikan apakah veto `on_hold` berlaku: pesanan ini sedang ditahan: paid"
    )


def test_a_stored_sentence_is_recognised() -> None:
    """What a record gives back as plain text is said again like the sentence that it was, whatever is in it."""
    stored = str(
        said("plan `%(plan)s` was rejected by %(who)s at %(time)s", plan="a1", who="siti", time="now")
    )
    assert type(stored) is str
    assert INDONESIAN.say(stored) == "rencana `a1` ditolak oleh siti pada now"
    assert INDONESIAN.say("its conditions no longer hold") == "syarat-syaratnya tidak lagi terpenuhi"


def test_counts_choose_their_text() -> None:
    """One and many in English; Indonesian has one form, and marks thousands as English does here."""
    one, many = N_("too many tries: wait %(count)s minute"), N_("too many tries: wait %(count)s minutes")
    assert said_many(one, many, 1) == "too many tries: wait 1 minute"
    assert said_many(one, many, 2) == "too many tries: wait 2 minutes"
    assert INDONESIAN.say(said_many(one, many, 2)) == "terlalu banyak percobaan: tunggu 2 menit"
    assert INDONESIAN.say(str(said_many(one, many, 2))) == "terlalu banyak percobaan: tunggu 2 menit"


def test_joined_sentences_are_said_one_by_one() -> None:
    """`; ` stands between several; what Scalev said of a refusal stays in its own words."""
    both = "the rule is in mode `approve`; its conditions no longer hold"
    assert INDONESIAN.say(both) == "aturan ini bermode `approve`; syarat-syaratnya tidak lagi terpenuhi"
    refused = "Scalev refused the request (status 422): order_id is required"
    assert INDONESIAN.say(refused) == "Scalev menolak permintaannya (status 422): order_id is required"


@pytest.mark.parametrize("text", ["", "the buyer called", "paid up; the buyer called", "x" * 3000, "no: yes"])
def test_words_of_others_stay_as_they_are(text: str) -> None:
    """What none of our texts made is not ours to translate; a page marks it as English."""
    assert INDONESIAN.say(text) == text
    assert INDONESIAN.known(text) == (None if text else "")


TEMPLATES = [
    (one, many) for one, many in recognise._originals(MO) if recognise._pattern(one, one, many) is not None
]


@pytest.mark.parametrize(("one", "many"), TEMPLATES, ids=[one[:40] for one, _ in TEMPLATES])
def test_every_text_with_values_is_recognised(one: str, many: str | None) -> None:
    """Stored and read back, each says in Indonesian what it would have said at once, or another text that made the same."""
    values: dict[str, object] = {name: f"value{place}" for place, name in enumerate(names(one))}
    made = Said(one, values | {"count": 1} if "count" in one else values, many)

    found = recognise.sentence(LOCALES, DOMAIN, "id", str(made))

    assert isinstance(found, Said)
    assert found == made


def names(template: str) -> list[str]:
    """Return the names of a text's values."""
    return recognise._VALUE.findall(template)


@given(st.text(max_size=60))
def test_no_text_breaks_recognition(text: str) -> None:
    """Whatever stands in a record, it is said, and in English as it is."""
    assert isinstance(INDONESIAN.say(text), str)
    assert ENGLISH.say(text) == text


def test_times_and_money_are_written_as_indonesians_do() -> None:
    """In both languages; only the words differ."""
    instant = datetime(2026, 8, 21, 7, 5, tzinfo=UTC)
    assert INDONESIAN.moment(instant, "Asia/Jakarta") == "21 Agu 2026, 14.05 WIB"
    assert ENGLISH.moment(instant, "Asia/Jakarta") == "21 Aug 2026, 14.05 WIB"
    assert INDONESIAN.rupiah(Decimal(1250000)) == ENGLISH.rupiah(Decimal(1250000)) == "Rp 1.250.000"
    assert INDONESIAN.age(timedelta(days=3, hours=4)) == "3 hari 4 jam"
    assert (INDONESIAN.age(timedelta(seconds=40)), ENGLISH.age(timedelta(0))) == ("40 dtk", "0 s")
    assert INDONESIAN.number(1234567) == "1.234.567"


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=59, seconds=1), "59 min"),
        (timedelta(hours=5, minutes=11, seconds=1), "5 h 12 min"),
        (timedelta(days=3, hours=3, seconds=1), "3 days 4 h"),
    ],
)
def test_a_wait_is_rounded_up(span: timedelta, told: str) -> None:
    """Whoever comes back after it is not too early, but for seconds of the hour that nobody counts."""
    assert ENGLISH.wait(span) == told


@pytest.mark.parametrize(("header", "language"), [("in;q=0.2", "id"), ("en;q=0", "en"), ("id;q=x, en", "en")])
def test_a_browser_may_ask_in_odd_ways(header: str, language: str) -> None:
    """What cannot be read weighs nothing, and what weighs nothing is not chosen."""
    assert preferred(header) == language


@pytest.mark.parametrize("odd", ["plan `\ud800` has expired", "plan `" + "a` b" * 400 + "` has expir"])
def test_what_no_text_of_ours_made_stays_as_it_is(odd: str) -> None:
    """A lone surrogate that an order smuggled in, or a sentence made to be hard to match, is no reason to fail."""
    assert INDONESIAN.say(odd) == odd


def test_starter_rules_say_in_both_languages_what_they_are_for() -> None:
    """Each of them; a rule that the shop wrote, in the shop's own words."""
    rules = load([shipped.rules()], Settings()).rules
    for rule in rules:
        assert ENGLISH.purpose(rule.description) == rule.description
        assert INDONESIAN.purpose(rule.description) != rule.description, rule.name
    assert len(rules) > 10
    assert INDONESIAN.purpose("100% of what `dewi` asked for") == "100% of what `dewi` asked for"
    assert INDONESIAN.purpose(None) == INDONESIAN.purpose("") == ""
