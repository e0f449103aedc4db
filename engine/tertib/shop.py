"""Tertib for other people's programs: one shop, and the four verbs load, plan, apply, explain."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tertib import load as loading
from tertib.errors import RuleError

if TYPE_CHECKING:
    from tertib.explain import Explanation
    from tertib.model import Order, Plan, Rule, Run
    from tertib.session import Session


class Shop:
    """One account's settings, record, and way to Scalev. Not for several threads at once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def load(self, paths: Sequence[str | Path] | None = None) -> tuple[Rule, ...]:
        """Load the rules in files, directories or globs, the shop's own where no path is given.

        Raises `RuleError`, whose `problems` are all mistakes of all files, each with file, line and column.
        """
        loaded = loading.load(list(paths or self._session.settings.rules), self._session.settings)
        if loaded.errors:
            raise RuleError(loaded.problems)
        return loaded.rules

    def plan(self, rules: Sequence[Rule]) -> Plan:
        """Plan what the rules would do now, and record the plan; nothing is changed at Scalev.

        Raises `CredentialError` without a usable token, `ReadError` where Scalev cannot be read, `LedgerError`
        where the plan cannot be recorded.
        """
        from tertib import pipeline  # noqa: PLC0415 - brings the stages; loading rules does without them

        return pipeline.plan(rules, self._session.means())

    def apply(self, plan: Plan) -> Run:
        """Apply exactly this plan, once: calling this is the approval, whatever the rules' modes say.

        Raises `PlanRefused` for a plan that is old, incomplete or applied before, `LeaseLost` where another writer is at
        work, `AccountHalted` where a person must look first.
        """
        from tertib import pipeline  # noqa: PLC0415 - as in `plan`

        try:
            return pipeline.apply(plan, self._session.means(), self._session.writer)
        finally:
            self._session.keep_and_tell()  # a program may keep its shop open for long

    def explain(self, rule: Rule, order_id: str, *, order: Order | None = None) -> Explanation:
        """Explain what a rule makes of an order, read from Scalev or given as `order`; nothing is changed."""
        from tertib import pipeline  # noqa: PLC0415 - as in `plan`

        opened = self._session
        return pipeline.explain(
            rule,
            order_id,
            opened.settings,
            reader=None if order is not None else opened.reader,
            ledger=opened.ledger,
            clock=opened.time,
            mask=opened.mask,
            order=order,
        )


@contextmanager
def open_shop(
    config: str | Path | None = None,
    *,
    account: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Shop]:
    """Open a shop: settings now, its record and the way to Scalev when they are first needed; close all at the end.

    `account` names the shop where the settings have `accounts`. `config` is a `tertib.yaml`, else what `TERTIB_CONFIG` names, else the one in the working directory. Tokens come from
    `environ`, the process's own where left out. Raises `SettingsError` where the settings do not fit.
    """
    from tertib.session import Session  # noqa: PLC0415 - `import tertib` alone opens nothing

    named, variables = None if config is None else str(config), os.environ if environ is None else environ
    session = Session(named, variables, account=account)
    try:
        session.settings  # noqa: B018 - settings that do not fit are refused here, not in the middle
        yield Shop(session)
    finally:
        session.close()
