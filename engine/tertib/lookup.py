"""Read the lookup tables that rules name: the CSV files beside them, when rules load and again when a plan is applied.

A plan carries where a table lies and the hash of its bytes, never its rows. So `read` finds the files that a rule names
within its own folder or project, and `read_again` those of a plan, which must hold exactly what they held.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from tertib.errors import PlanRefused, SettingsError
from tertib.language import tables
from tertib.language.wording import quote
from tertib.model import Complaint, Field, Settings, Table


def read(
    data: Any, rule_file: str, settings: Settings, fields: Mapping[str, Field], complaints: list[Complaint]
) -> dict[str, Table | None]:
    """Read the tables of a rule's `data` by name; None stands for one that was complained about.

    Paths start at the rule file's folder and stay within it or within the project (the folder of `tertib.yaml`), also
    through links. `fields` are those of the rule's orders.
    """
    open_keys = frozenset(path for path, field in fields.items() if not field.personal)
    found: dict[str, Table | None] = {}
    for asked in tables.wanted(data, complaints):
        file = _place(asked, rule_file, settings, complaints)
        raw = None if file is None else _contents(file, asked, complaints)
        found[asked.name] = (
            None
            if file is None or raw is None
            else tables.parse(raw, asked, str(file), complaints, open_keys=open_keys)
        )
    return found


def told(data: Mapping[str, Table], settings: Settings) -> dict[str, dict[str, str]]:
    """Return what a plan says of a rule's tables: where each lies (from the project's folder), its key, its hash."""
    return {
        name: {"file": _spelled(table.file, settings), "key": table.key, "sha256": table.sha256}
        for name, table in data.items()
    }


def read_again(definition: Mapping[str, Any], settings: Settings) -> dict[str, Table]:
    """Read the tables of a rule that a plan carries; raises `PlanRefused` where one is not what it was then."""
    return {name: _unchanged(name, one, settings) for name, one in definition.get("data", {}).items()}


def read_now(table: Table) -> Table:
    """Read a table again as it is now; raises `SettingsError` where it cannot be, or lacks a column that it had."""
    complaints: list[Complaint] = []
    asked = tables.Wanted(table.name, FilePath(table.file).name, table.key, (), ())
    raw = _contents(FilePath(table.file), asked, complaints)
    found = None if raw is None else tables.parse(raw, asked, table.file, complaints, open_keys=frozenset())
    if found is None:
        raise SettingsError(f"table {quote(table.name)}: {complaints[0].message}", hint=complaints[0].hint)
    gone = [column for column in table.columns if column not in found.columns]
    if gone:
        raise SettingsError(
            f"table {quote(table.name)}: {quote(asked.file)} no longer has the column {quote(gone[0])}"
        )
    return found


# --- finding --------------------------------------------------------------------------------------------


def _project(settings: Settings) -> FilePath | None:
    return None if settings.file is None else FilePath(os.path.realpath(settings.file)).parent


def _place(
    asked: tables.Wanted, rule_file: str, settings: Settings, complaints: list[Complaint]
) -> FilePath | None:
    """Return the file that a table is to be read from, None after a complaint."""
    if FilePath(asked.file).is_absolute() or asked.file.startswith("~"):
        message = f"{quote(asked.file)} is not a path from the rule's own folder"
        complaints.append(
            Complaint(asked.at_file, "T126", message, "put the file beside the rule: `proofs.csv`")
        )
        return None
    beside = FilePath(os.path.realpath(FilePath(rule_file).parent))
    try:
        file = FilePath(os.path.realpath(beside / asked.file))
    except (OSError, ValueError):  # a null character, which no file's name has
        complaints.append(Complaint(asked.at_file, "T127", f"{quote(asked.file)} is no file's name"))
        return None
    project = _project(settings)
    tops = [beside] if project is None or project not in beside.parents else [beside, project]
    if not any(top in file.parents for top in tops):
        message = f"{quote(asked.file)} leads out of the rule's folder"
        hint = "put the file beside the rule, or elsewhere in the folder of `tertib.yaml`"
        complaints.append(Complaint(asked.at_file, "T126", message, hint))
        return None
    return file


def _spelled(file: str, settings: Settings) -> str:
    """Spell a file's path from the project's folder, so that a plan holds on another machine; else whole."""
    project = _project(settings)
    inside = project is not None and project in FilePath(file).parents
    return FilePath(file).relative_to(project).as_posix() if inside and project is not None else file


# --- reading --------------------------------------------------------------------------------------------


def _contents(file: FilePath, asked: tables.Wanted, complaints: list[Complaint]) -> bytes | None:
    try:
        return _bytes(file)
    except FileNotFoundError:
        hint = "its path starts at the folder of the rule"
        complaints.append(Complaint(asked.at_file, "T127", f"{quote(asked.file)} does not exist", hint))
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        complaints.append(Complaint(asked.at_file, "T127", f"{quote(asked.file)} cannot be read: {reason}"))
    return None


def _bytes(file: FilePath) -> bytes:
    """Return a file's bytes, one more than are allowed at most; raises `OSError`, also for what is no plain file."""

    def without_waiting(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NONBLOCK)  # a pipe that stands there would be waited for

    with open(file, "rb", opener=without_waiting) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(0, "it is no plain file")
        return stream.read(tables.LARGEST + 1)


def _unchanged(name: str, said: Mapping[str, Any], settings: Settings) -> Table:
    file = (_project(settings) or FilePath()) / said["file"]
    asked = tables.Wanted(name, said["file"], said["key"], (), ())
    try:
        raw = _bytes(file)
    except (OSError, ValueError):
        raw = b""
    table = tables.parse(raw, asked, str(file), [], open_keys=frozenset())
    if table is None or table.sha256 != said["sha256"]:
        raise PlanRefused(f"table {quote(name)} changed since the plan was made", hint="plan again")
    return table
