"""Where checkpoints go, as the settings say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tertib import settings as reading
from tertib.model import Problem, Settings


def read(text: str, directory: Path) -> Settings:
    """Read a `tertib.yaml` of this text."""
    (directory / "tertib.yaml").write_text(text, encoding="utf-8")
    return reading.read(None, {}, directory)


def said(text: str) -> list[Problem]:
    """Return the problems of a settings file."""
    return list(reading.inspect(text.encode(), "tertib.yaml")[1])


@pytest.mark.parametrize(
    ("text", "target", "loopback"),
    [
        ("", None, False),
        ("checkpoints: /mnt/a.checkpoint\n", "/mnt/a.checkpoint", False),
        ("checkpoints: ../a.checkpoint\n", "PARENT/a.checkpoint", False),
        ("checkpoints: https://checkpoints.example/x\n", "https://checkpoints.example/x", False),
        ("checkpoints: {to: https://localhost/x, allow_loopback: true}\n", "https://localhost/x", True),
        ("checkpoints: {to: http://localhost:1/x, allow_loopback: true}\n", "http://localhost:1/x", True),
        ("checkpoints: {to: https://localhost/x, allow_loopback: false}\n", "https://localhost/x", False),
    ],
)
def test_a_file_or_an_address(tmp_path: Path, text: str, target: str | None, loopback: bool) -> None:  # noqa: FBT001 - a column of the table
    """A file is resolved against the settings; an address stays as it is."""
    found = read(text, tmp_path)
    wanted = None if target is None else target.replace("PARENT", str(tmp_path.parent))
    assert (found.checkpoints, found.checkpoints_loopback) == (wanted, loopback)


@pytest.mark.parametrize(
    "text",
    [
        "checkpoints: http://checkpoints.example/x\n",
        "checkpoints: https://me:secret@checkpoints.example/x\n",
        "checkpoints: {to: ftp://localhost/x, allow_loopback: true}\n",
    ],
)
def test_an_address_that_cannot_be_used_is_told_at_its_place(text: str) -> None:
    """With its code; a secret in it is repeated nowhere."""
    (problem,) = said(text)
    assert (problem.code, problem.line) == ("T608", 1)
    assert "secret" not in repr(problem)


@pytest.mark.parametrize(
    "text", ["checkpoints: 7\n", "checkpoints: {allow_loopback: true}\n", "checkpoints: ''\n"]
)
def test_what_is_no_place_is_told_by_the_schema(text: str) -> None:
    """And leaves nothing exported."""
    assert said(text)
    assert reading.inspect(text.encode(), "tertib.yaml")[0].checkpoints is None
