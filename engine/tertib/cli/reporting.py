"""`--html FILE`: a plan or a past run as one file to send on, made of the same parts as the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tertib import record
from tertib.cli import context, files, screen, speech
from tertib.errors import TertibError
from tertib.ledger.runs import RunDetails

if TYPE_CHECKING:
    from tertib.web.subjects import Subject


@dataclass
class Report:
    """What one report is to tell of so many accounts, in the order in which they were asked about; nothing without a `file`.

    It is written as soon as the last one is told of: before anything is said, like every file that a command writes.
    """

    file: str | None
    accounts: int = 1
    subjects: list[Subject] = field(default_factory=list)

    @contextmanager
    def about(self, opened: context.Session) -> Iterator[None]:
        """Note why there is nothing to tell of an account, where what is done meanwhile fails; raises `OSError`."""
        try:
            yield
        except TertibError as error:
            if self.file is not None:
                from tertib.web.subjects import OfNothing  # noqa: PLC0415 - as in `_write`

                self._add(OfNothing(opened.settings.account, str(error)), opened.clock.now())
            raise

    def tell_plan(self, document: Mapping[str, Any], opened: context.Session, out: str | None) -> None:
        """Tell of a plan, from its document: personal data stand in that as masks. `out` is the file that it is in too.

        Raises `OSError`.
        """
        if self.file is not None:
            from tertib.web.subjects import plan_to_tell  # noqa: PLC0415 - as in `_write`

            plan, now = record.as_recorded(document), opened.time.now()
            self._add(plan_to_tell(plan, opened.ledger, opened.settings, out or plan.plan_id, now), now)

    def tell_run(self, found: RunDetails, opened: context.Session) -> None:
        """Tell of a past run; the audit log is verified, against each checkpoint outside too. Raises `OSError`."""
        if self.file is not None:
            from tertib.web.subjects import run_to_tell  # noqa: PLC0415 - as in `_write`

            now = opened.time.now()
            self._add(run_to_tell(found, opened.ledger, opened.settings, opened.verified(), now), now)

    def say(self) -> None:
        """Say where the report is, once there is one."""
        if self.file is not None and len(self.subjects) == self.accounts:
            click.echo(speech.gettext("the report is in %(file)s", file=screen.clean(self.file)))

    def _add(self, subject: Subject, now: datetime) -> None:
        self.subjects.append(subject)
        if self.file is not None and len(self.subjects) == self.accounts:
            _write(self.subjects, Path(self.file), now)


def _write(subjects: Sequence[Subject], file: Path, now: datetime) -> None:
    from tertib.web.report import report  # noqa: PLC0415 - brings templates; without `--html` nothing needs them

    text = report(subjects, speech.tongue(), now)
    with files.writing(file) as stream:
        stream.write(text)
