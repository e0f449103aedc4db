"""What `notify` and `listen` say in the settings: channels without their addresses, and where to answer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tertib import settings
from tertib.model import Channel, Listen, Notify, Secret, Settings

SECRET = "tgram://123456789:abcdefg_hijklmnop-qrstuvwxyz12345/-1001"


def codes(text: str) -> list[str]:
    """Return the codes of what is wrong with settings."""
    return [one.code for one in settings.inspect(text.encode(), "tertib.yaml")[1]]


def read(text: str, tmp_path: Path) -> tuple[Settings, ...]:
    """Read settings from a file."""
    (tmp_path / "tertib.yaml").write_text(text, encoding="utf-8")
    return settings.read_all(None, {}, tmp_path)


def test_channels_are_read(tmp_path: Path) -> None:
    """Names come from where the address is, where none is given; files are found beside the settings."""
    text = """\
notify:
  channels:
    - {url: {env: TELEGRAM_URL}, on: [token, approval], language: en, min_money: 250000}
    - {url: {file: secrets/office}}
  remind: 1d
  idle_slots: 5
  texts: words
  link: https://tertib.example/
"""
    (found,) = read(text, tmp_path)
    (first, second) = found.notify.channels
    assert first == Channel(
        "telegram", Secret(env="TELEGRAM_URL"), ("approval", "token"), "en", Decimal(250000)
    )
    assert (second.name, second.url.file) == ("office", str(tmp_path / "secrets" / "office"))
    assert second.on == Channel("x", Secret()).on
    assert (found.notify.remind, found.notify.idle_slots) == (timedelta(days=1), 5)
    assert (found.notify.texts, found.notify.link) == (str(tmp_path / "words"), "https://tertib.example/")


def test_an_account_has_channels_of_its_own(tmp_path: Path) -> None:
    """What stands below an account takes the place of what stands at the top; `listen` is everybody's."""
    text = """\
listen: 127.0.0.1:9464
notify: {remind: null, channels: [{url: {env: ALL_URL}}]}
accounts:
  melati: {token: {env: MELATI_TOKEN}, notify: {channels: [{url: {env: MELATI_URL}}]}}
  mawar: {token: {env: MAWAR_TOKEN}}
"""
    melati, mawar = read(text, tmp_path)
    assert [one.name for one in melati.notify.channels] == ["melati"]
    assert [one.name for one in mawar.notify.channels] == ["all"]
    assert melati.notify.remind is mawar.notify.remind is None
    assert melati.listen == mawar.listen == Listen("127.0.0.1", 9464)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"notify: {{channels: [{{url: '{SECRET}'}}]}}", ["T602"]),
        (f"notify: {{channels: [{{url: {{env: '{SECRET}'}}}}]}}", ["T610"]),
        ("notify: {channels: [{url: {env: A_URL, file: a}}]}", ["T610"]),
        ("notify: {channels: [{url: {env: A_URL}}, {url: {env: A_URL}}]}", ["T613", "T613"]),
        ("notify: {channels: [{url: {env: A_URL}, min_money: -1}]}", ["T613"]),
        ("notify: {channels: [{url: {env: A_URL}, on: [everything]}]}", ["T119"]),
        ("notify: {remind: soon}", ["T606"]),
        ("listen: 9464", ["T117"]),
        ("listen: 127.0.0.1", ["T614"]),
        ("listen: 0.0.0.0:9464", ["T614"]),
        ("listen: {at: '0.0.0.0:9464', allow_remote: true}", []),
        ("accounts: {melati: {token: {env: A_TOKEN}, listen: '127.0.0.1:1'}}", ["T116"]),
    ],
)
def test_what_does_not_fit_is_said(text: str, expected: list[str]) -> None:
    """At its place, once, and never with the address."""
    assert codes(text) == expected
    shown = repr(settings.inspect(text.encode(), "tertib.yaml")[1])
    assert "hijklmnop" not in shown


def test_without_a_word_nobody_is_told() -> None:
    """There are no channels, and nothing listens, unless somebody said so."""
    assert (Settings().notify, Settings().listen) == (Notify(), None)
