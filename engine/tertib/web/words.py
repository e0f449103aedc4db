"""What the pages call the states, kinds and codes of the record, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tertib.explain import Explanation
from tertib.language.codes import CODES
from tertib.ledger.approvals import Approval
from tertib.model import Web
from tertib.plan.holds import HOLDS
from tertib.sayings import N_
from tertib.telling import states
from tertib.telling.tongue import Tongue
from tertib.web.desk import Desk
from tertib.web.paths import path_of

MODES: Final[Mapping[str, str]] = {
    "preview": N_("preview: only shows what it would do"),
    "approve": N_("approve: asks a person first"),
    "apply": N_("apply: acts by itself"),
}

ROLES: Final[Mapping[str, str]] = {
    "viewer": N_("viewer: sees everything, changes nothing"),
    "approver": N_("approver: approves, rejects and asks for undo"),
    "admin": N_("admin: may do everything"),
}

VERDICTS: Final[Mapping[bool | None, tuple[str, str, str]]] = {
    True: ("✓", N_("true"), "good"),
    False: ("✗", N_("false"), "bad"),
    None: ("?", N_("unknown"), "wait"),
}


@dataclass(frozen=True)
class Words:
    """The tables above in one language; a word that they lack stays as it is."""

    tongue: Tongue

    def change(self, state: str) -> tuple[str, str]:
        """Return what became of a change, and how that looks."""
        return self._labelled(states.CHANGES, state)

    def approval(self, state: str) -> tuple[str, str]:
        """Return where a plan that was asked for stands."""
        return self._labelled(states.APPROVALS, state)

    def run(self, state: str) -> tuple[str, str]:
        """Return where a run stands."""
        return self._labelled(states.RUNS, state)

    def slot(self, state: str) -> tuple[str, str]:
        """Return what became of a scheduled time."""
        return self._labelled(states.SLOTS, state)

    def verdict(self, result: bool | None) -> tuple[str, str, str]:  # noqa: FBT001 - a verdict is a value of its own
        """Return a verdict's sign, its word, and how it looks."""
        sign, word, look = VERDICTS[result]
        return sign, self.tongue.gettext(word), look

    def kind(self, kind: str) -> str:
        """Return why there was a run."""
        return self._of(states.KINDS, kind)

    def mode(self, mode: str) -> str:
        """Return what a rule's mode means."""
        return self._of(MODES, mode)

    def role(self, role: str) -> str:
        """Return what a role may do."""
        return self._of(ROLES, role)

    def meaning(self, code: str) -> str:
        """Return what a code of the checker stands for."""
        return self._say(CODES.get(code, code))

    def held(self, code: str) -> tuple[str, str]:
        """Return what a hold's code means, and what a person can do about it."""
        reason = HOLDS.get(code)
        return ("", "") if reason is None else (self._say(reason.help), self._say(reason.mend))

    @staticmethod
    def place(desk: Desk, *parts: str) -> str:
        """Return the address of a page of an account."""
        return path_of(desk.account, *parts)

    @staticmethod
    def is_here(path: str, place: str) -> bool:
        """Tell whether a page belongs to the part of the site that begins at `place`; plans belong to approvals."""
        if place in {"/", "/accounts"}:
            return path == place
        return f"{path}/".replace("/plans/", "/approvals/").startswith(f"{place}/")

    @staticmethod
    def zone(desk: Desk) -> ZoneInfo:
        """Return a shop's time zone."""
        return ZoneInfo(desk.zone)

    @staticmethod
    def money(amount: str) -> str:
        """Return money that the record keeps as text."""
        return Tongue.rupiah(Decimal(amount))

    @staticmethod
    def at_scalev(web: Web, order_id: str) -> str:
        """Return where Scalev shows an order."""
        return web.order_url.replace("{order_id}", quote(order_id, safe=""))

    def at(self, written: str, zone: str) -> str:
        """Return an instant that the record keeps as text; what is none stays as it is."""
        try:
            return self.tongue.moment(datetime.fromisoformat(written), zone)
        except ValueError:
            return written

    @staticmethod
    def decisive(explained: Explanation) -> str:
        """Return the first condition that keeps a rule from an order."""
        false = [one for one in explained.trace if one.result is False]
        unknown = [one for one in explained.trace if one.result is None]
        return next((one.condition for one in (*false, *unknown)), "")

    def decided(self, approval: Approval, zone: str) -> str:
        """Say in a sentence who decided on a plan and when; "" while nobody has."""
        if approval.decided_by is None or approval.decided_at is None:
            return ""
        at = self.tongue.moment(approval.decided_at, zone)
        values = {"who": approval.decided_by, "at": at}
        if approval.state == "rejected":
            return self.tongue.gettext("rejected by %(who)s, %(at)s", **values)
        return self.tongue.gettext("approved by %(who)s, %(at)s", **values)

    def _labelled(self, table: Mapping[str, tuple[str, str]], state: str) -> tuple[str, str]:
        word, look = table.get(state, (state, "quiet"))
        return self._say(word), look

    def _of(self, table: Mapping[str, str], word: str) -> str:
        return self._say(table.get(word, word))

    def _say(self, text: str) -> str:
        return self.tongue.say(text)
