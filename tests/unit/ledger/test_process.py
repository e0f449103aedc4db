"""Who holds a lease: told from every other process, and called gone only when that is certain."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tertib.ledger import process
from tertib.ledger.process import Owner, gone, register, started, unregister


def test_a_ledger_that_is_open_here_is_not_gone() -> None:
    """Until it is closed: then it can write nothing more."""
    owner, other = register(), register()
    assert owner != other
    assert not gone(owner)
    unregister(owner)
    assert (gone(owner), gone(other)) == (True, False)
    unregister(other)


def test_an_owner_survives_the_ledger() -> None:
    """What is written of it is read back as the same."""
    owner = Owner("host", 7, "123", 2)
    assert Owner.restore(owner.document()) == owner


def test_a_process_of_another_machine_is_never_certainly_gone() -> None:
    """Its number means nothing here."""
    assert not gone(Owner("elsewhere", 2**22 + 1, "1"))


def test_a_running_process_is_not_gone_and_an_ended_one_is() -> None:
    """Also while its parent has not collected it yet, and after its number is free."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        owner = Owner(process.host(), child.pid, started(child.pid) or "")
        assert not gone(owner)
        assert gone(replace(owner, started="another time"))
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert gone(owner)
    assert gone(owner)


def test_without_start_times_a_number_in_use_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may be another one under the same number: it is not called gone."""
    owner = Owner(process.host(), os.getppid(), "")
    assert not gone(owner)
    monkeypatch.setattr(process, "started", lambda _pid: None)
    assert not gone(replace(owner, started="then"))


@pytest.mark.parametrize("error", [PermissionError, OverflowError])
def test_what_may_not_be_asked_is_not_gone(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Another user's process, or a number that is none, is left to its lease."""

    def refuse(_pid: int, _signal: int) -> None:
        raise error

    monkeypatch.setattr(os, "kill", refuse)
    assert not gone(Owner(process.host(), 1, "1"))


def test_systems_without_proc_ask_ps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The start time then is what `ps` says; without `ps` it is unknown, and the host is its name alone."""
    monkeypatch.setattr(process, "Path", lambda path: tmp_path / str(path).lstrip("/"))
    told = started(os.getpid())
    assert told is not None
    assert started(os.getpid()) == told
    assert process.host()
    assert "/" not in process.host()

    def missing(*_args: object, **_named: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    assert started(os.getpid()) is None
