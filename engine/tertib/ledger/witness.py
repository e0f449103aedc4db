"""What stands outside a ledger and remembers how far it went: a file in the project, and an export of the owner's choice.

A ledger that was restored from a backup, cut off, or exchanged for an empty one does not know what was sent since.
Its witness does, and no run begins on it until a person has accepted that.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tertib.errors import LedgerError
from tertib.ledger import export, kept
from tertib.ledger.audit import Checkpoint
from tertib.sayings import said


@dataclass(frozen=True, slots=True)
class Exported:
    """How the last export of an account's checkpoint ended; `failed` says why it did not arrive."""

    to: str
    seq: int
    at: str
    failed: str | None


@dataclass(frozen=True, slots=True)
class Witness:
    """Where the checkpoints of a ledger are. `target` is a file or an address; `loopback` lets that be this machine."""

    beside: Path
    target: str | None = None
    loopback: bool = False

    @property
    def _files(self) -> tuple[Path, ...]:
        exported = self.target if self.target is not None and not export.is_url(self.target) else None
        return (self.beside,) if exported is None else (self.beside, Path(exported))

    @property
    def _exports(self) -> Path:
        return self.beside.with_suffix(".exported")

    def saw(self, account: str) -> tuple[Checkpoint, ...]:
        """Return the checkpoints that are at hand; an address is not asked, so that no run depends on it."""
        found = (kept.kept(file, account) for file in self._files)
        return tuple(one for one in found if one is not None)

    def keep(self, checkpoint: Checkpoint, now: datetime, patience: timedelta = timedelta(0)) -> str | None:
        """Keep and export a checkpoint; return why that failed, None where it did not. Nothing is raised.

        An export that failed less than `patience` ago is not tried again: who keeps one after each turn must not wait
        each time for a place that does not answer.
        """
        try:
            kept.keep(self.beside, checkpoint)
        except OSError as error:
            return _not_kept(self.beside, error)
        last = self.exported(checkpoint.account)
        if last is None:
            return self._export(checkpoint, now)
        if last.failed is not None and _is_within(patience, last.at, now):
            return last.failed
        is_due = last.failed is not None or last.seq < checkpoint.seq
        return self._export(checkpoint, now) if is_due else None

    def accept(self, checkpoint: Checkpoint, now: datetime) -> str | None:
        """Keep and export a checkpoint in place of later ones, which a person has given up; else as `keep`."""
        for file in self._files:
            try:
                kept.replace(file, checkpoint)
            except OSError as error:
                return _not_kept(file, error)
        return self._export(checkpoint, now)

    def exported(self, account: str) -> Exported | None:
        """Return how the last export to where checkpoints go now ended, None where there was none."""
        found = kept.read(self._exports).get(account)
        try:
            last = Exported(**found) if isinstance(found, dict) else None
        except TypeError:
            return None
        return last if last is not None and self.target and last.to == export.shown(self.target) else None

    def _export(self, checkpoint: Checkpoint, now: datetime) -> str | None:
        if self.target is None:
            return None
        failed = _sent(self.target, checkpoint, loopback=self.loopback)
        last = Exported(export.shown(self.target), checkpoint.seq, now.isoformat(), failed)
        try:
            kept.note(self._exports, checkpoint.account, asdict(last))
        except OSError as error:
            return failed or _not_kept(self._exports, error)
        return failed


def _sent(target: str, checkpoint: Checkpoint, *, loopback: bool) -> str | None:
    """Export a checkpoint; return why it did not arrive, None where it did."""
    try:
        if export.is_url(target):
            export.send(target, checkpoint, loopback=loopback)
        else:
            kept.keep(Path(target), checkpoint)
    except LedgerError as error:
        return said("the checkpoint was not exported: %(why)s", why=error)
    except OSError as error:
        return _not_kept(Path(target), error)
    return None


def _is_within(patience: timedelta, noted: str, now: datetime) -> bool:
    """Tell whether that was noted less than so long before or after `now`: a clock may have been set back."""
    try:
        return abs(now - datetime.fromisoformat(noted)) < patience
    except (TypeError, ValueError):
        return False  # a damaged note is none


def _not_kept(file: Path, error: OSError) -> str:
    return f"the checkpoint `{file}` cannot be written: {(error.strerror or type(error).__name__).lower()}"
