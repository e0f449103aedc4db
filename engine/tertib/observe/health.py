"""Whether the process lives, and whether it can do its work: what `/healthz` and `/readyz` answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tertib.errors import TertibError
from tertib.observe.metrics import Watched
from tertib.observe.pulse import Pulse


@dataclass(frozen=True, slots=True)
class Ready:
    """An account that can be asked whether it can work; `token` raises `CredentialError` where it has none to use."""

    watched: Watched
    token: Callable[[], object]

    def checks(self) -> dict[str, bool]:
        """Return each thing that the account's work needs, and whether it is there. Nothing is asked of Scalev."""
        return {"ledger": self._ledger(), "token": self._has_token() and not self._token_refused()}

    def _ledger(self) -> bool:
        try:
            return self.watched.ledger.figures.is_current()
        except TertibError:
            return False

    def _has_token(self) -> bool:
        try:
            self.token()
        except TertibError:
            return False
        return True

    def _token_refused(self) -> bool:
        try:
            return self.watched.ledger.figures.token_refused(self.watched.account)
        except TertibError:
            return False  # the ledger's own check says so


@dataclass(frozen=True, slots=True)
class Health:
    """What the two questions are answered from."""

    pulse: Pulse
    accounts: Iterable[Ready]

    def living(self) -> tuple[bool, Mapping[str, Any]]:
        """Tell whether the process and its loop live: the last sign of life is young."""
        return self.pulse.alive, {"ok": self.pulse.alive, "last_turn_seconds": round(self.pulse.age, 1)}

    def ready(self) -> tuple[bool, Mapping[str, Any]]:
        """Tell whether every account can work: its ledger answers and is up to date, its token is there and accepted."""
        checks = {one.watched.account: one.checks() for one in self.accounts}
        ok = all(all(parts.values()) for parts in checks.values())
        return ok, {"ok": ok, "accounts": checks}
