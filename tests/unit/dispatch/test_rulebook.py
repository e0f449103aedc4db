"""Rule files that change while they are served: what is new, what is broken, and what is gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tertib.dispatch.rulebook import Rulebook
from tertib.model import Settings

GOOD = "name: {name}\nquery: {{status: pending}}\naction: {{status: canceled}}\nschedule: '0 * * * *'\n"


def write(file: Path, *names: str, more: str = "") -> None:
    """Write a rule file, and make sure that its time is another than before."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text("---\n".join(GOOD.format(name=name) for name in names) + more, encoding="utf-8")
    os.utime(file, ns=(before + 1, before + 1))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return a directory with two rule files."""
    write(tmp_path / "a.yaml", "a")
    write(tmp_path / "b.yaml", "b", "c")
    return tmp_path


def book(rules: Path, *names: str) -> Rulebook:
    """Return the book of a directory, which was looked at once."""
    made = Rulebook([] if names else [str(rules)], names, Settings(rules=(str(rules),)))
    made.changed()
    return made


def test_nothing_is_said_where_nothing_changed(rules: Path) -> None:
    """A turn of the loop costs a look at the files, and no loading."""
    assert book(rules).changed() is None


def test_an_edited_file_gives_its_rules_anew(rules: Path) -> None:
    """The rules of all files come, the edited one with its new meaning."""
    kept = book(rules)
    write(rules / "a.yaml", "a", more="priority: 7\n")
    edition = kept.changed()
    assert edition is not None
    assert {one.name: one.priority for one in edition.rules} == {"a": 7, "b": 100, "c": 100}
    assert edition.broken == {}
    assert kept.changed() is None


def test_a_mistake_breaks_its_own_rule_alone(rules: Path) -> None:
    """Of two rules in a file the one without a mistake goes on."""
    kept = book(rules)
    write(rules / "b.yaml", "b", "c", more="limits: {orders: many}\n")
    edition = kept.changed()
    assert edition is not None
    assert [one.name for one in edition.rules] == ["a", "b"]
    assert list(edition.broken) == ["c"]
    assert "b.yaml:" in edition.broken["c"]


def test_a_file_that_breaks_off_breaks_all_its_rules(rules: Path) -> None:
    """Half a file, as an editor leaves it for a moment: nobody can say what was meant."""
    kept = book(rules)
    write(rules / "b.yaml", "b", "c", more="limits: {orders: [\n")
    edition = kept.changed()
    assert edition is not None
    assert sorted(edition.broken) == ["b", "c"]
    write(rules / "b.yaml", "b", "c")
    mended = kept.changed()
    assert mended is not None
    assert mended.broken == {}
    assert len(mended.rules) == 3


def test_a_deleted_rule_is_gone_and_not_broken(rules: Path) -> None:
    """Its file went, or it was taken out of one that has others."""
    kept = book(rules)
    (rules / "a.yaml").unlink()
    write(rules / "b.yaml", "b")
    edition = kept.changed()
    assert edition is not None
    assert ([one.name for one in edition.rules], edition.broken) == (["b"], {})


def test_a_directory_that_is_gone_breaks_its_rules(rules: Path, tmp_path: Path) -> None:
    """A disk that is not there is no wish to take all rules away."""
    kept = book(rules)
    away = tmp_path.with_name(f"{tmp_path.name}-away")
    tmp_path.rename(away)
    edition = kept.changed()
    away.rename(tmp_path)
    assert edition is not None
    assert sorted(edition.broken) == ["a", "b", "c"]


def test_rules_by_name_are_the_only_ones(rules: Path) -> None:
    """`tertib serve b` serves b, whatever else is written beside it."""
    kept = book(rules, "b")
    write(rules / "a.yaml", "a", "d")
    edition = kept.changed()
    assert edition is not None
    assert [one.name for one in edition.rules] == ["b"]


def test_a_new_file_is_found(rules: Path) -> None:
    """A rule that is added while it is served needs no restart."""
    kept = book(rules)
    write(rules / "d.yaml", "d")
    edition = kept.changed()
    assert edition is not None
    assert [one.name for one in edition.rules] == ["a", "b", "c", "d"]


def test_what_could_not_be_loaded_is_looked_at_again(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails while the files are read hides no edit."""
    kept = book(rules)
    write(rules / "a.yaml", "a", more="priority: 7\n")
    with monkeypatch.context() as broken:
        broken.setattr("tertib.dispatch.rulebook.load", lambda *_: (_ for _ in ()).throw(OSError("no disk")))
        with pytest.raises(OSError, match="no disk"):
            kept.changed()
    edition = kept.changed()
    assert edition is not None
    assert {one.name for one in edition.rules} == {"a", "b", "c"}
