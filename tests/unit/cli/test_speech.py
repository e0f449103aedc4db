"""Which language the command line speaks, and how it asks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import click
import pytest
from click.testing import CliRunner

from tertib.cli import LANGUAGES, Choices, speech
from tertib.errors import SettingsError
from tertib.telling import tongue as tongues


def choices(option: str | None = None, project: str | None = None) -> Choices:
    """Return what a command line and settings say."""
    made = Choices()
    made.language, made.project_language = option, project
    return made


@pytest.mark.parametrize(
    ("option", "project", "environ", "found"),
    [
        ("en", "id", {"TERTIB_LANG": "id", "LANG": "id_ID.UTF-8"}, "en"),
        (None, "en", {"TERTIB_LANG": "id", "LANG": "en_US"}, "id"),
        (None, "en", {"TERTIB_LANG": " ID "}, "id"),
        (None, "id", {"TERTIB_LANG": "", "LC_ALL": "en_US.UTF-8"}, "id"),
        (None, None, {"LC_ALL": "id_ID.UTF-8", "LANG": "en_US.UTF-8"}, "id"),
        (None, None, {"LC_ALL": "", "LC_MESSAGES": "id_ID", "LANG": "en_US"}, "id"),
        (None, None, {"LC_ALL": "C", "LANG": "id_ID.UTF-8"}, "en"),
        (None, None, {"LANG": "id"}, "id"),
        (None, None, {"LANG": "in_ID@euro"}, "id"),
        (None, None, {"LANG": "idx_ID"}, "en"),
        (None, None, {"LANG": "jv_ID.UTF-8"}, "en"),
        (None, None, {}, "en"),
    ],
)
def test_the_nearest_word_decides(
    option: str | None, project: str | None, environ: Mapping[str, str], found: str
) -> None:
    """The option, TERTIB_LANG, the project's settings, the locale as POSIX reads it, and English."""
    assert speech.language(choices(option, project), environ) == found


def test_a_language_that_there_is_not_is_refused() -> None:
    """A misspelt variable would otherwise never be noticed."""
    with pytest.raises(SettingsError, match="TERTIB_LANG is `bahasa`, which is no language"):
        speech.language(choices(), {"TERTIB_LANG": "bahasa"})


def test_the_frame_names_every_language() -> None:
    """The frame's short list, which `--help` reads, is that of the catalogues."""
    assert set(LANGUAGES) == set(tongues.LANGUAGES)


def test_without_a_command_it_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that uses the modules, and a thread beside the command, are told in English."""
    monkeypatch.setenv("TERTIB_LANG", "id")
    heard: list[str] = []
    with click.Context(click.Command("x")):
        assert speech.tongue().language == "id"
        thread = threading.Thread(target=lambda: heard.append(speech.tongue().language))
        thread.start()
        thread.join()
    assert [*heard, speech.tongue().language] == ["en", "en"]


def test_times_are_written_as_the_language_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """English tables sort by their dates; Indonesian ones read as Indonesians write."""
    at = datetime(2026, 11, 21, 7, 5, tzinfo=UTC)
    assert speech.moment(at, "Asia/Jakarta") == "2026-11-21 14:05 WIB"
    assert speech.age(timedelta(hours=76)) == "3d 4h"
    monkeypatch.setenv("TERTIB_LANG", "id")
    with click.Context(click.Command("x")):
        assert speech.moment(at, "Asia/Jakarta") == "21 Nov 2026, 14.05 WIB"
        assert speech.age(timedelta(hours=76)) == "3 hari 4 jam"


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [("y", True), ("ya", True), ("Yes", True), (" YA ", True), ("n", False), ("tidak", False), ("", False)],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_yes_may_be_said_in_either_language(
    typed: str, language: str, monkeypatch: pytest.MonkeyPatch, *, agreed: bool
) -> None:
    """Whoever reads one language may answer in the other; only a yes is one."""
    monkeypatch.setenv("TERTIB_LANG", language)
    given: list[bool] = []
    asking = click.Command("x", callback=lambda: given.append(speech.confirmed("Send it?")))
    done = CliRunner().invoke(asking, input=f"{typed}\n")
    assert given == [agreed]
    assert done.stderr.startswith("Send it? [y/N]: ")


def test_what_is_neither_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip of the finger sends nothing, and stops nothing."""
    monkeypatch.setenv("TERTIB_LANG", "en")
    given: list[bool] = []
    asking = click.Command("x", callback=lambda: given.append(speech.confirmed("Send it?")))
    done = CliRunner().invoke(asking, input="yy\nya\n")
    assert given == [True]
    assert done.stderr.count("Send it?") == 2
    assert "say y or n" in done.stderr
