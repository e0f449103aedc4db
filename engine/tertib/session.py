"""What one account's work needs: settings, credentials, ledger, clients and clock, each made when first asked for."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tertib import settings as reading
from tertib.clock import LedgerClock, SystemClock
from tertib.errors import TertibError
from tertib.model import Settings

if TYPE_CHECKING:
    from tertib.language.personal import Mask
    from tertib.ledger.audit import AuditVerdict, Checkpoint
    from tertib.ledger.database import Database
    from tertib.ledger.process import Owner
    from tertib.ledger.store import SqlLedger
    from tertib.ledger.witness import Witness
    from tertib.pipeline import Means
    from tertib.ports import Budget, Clock
    from tertib.scalev.client import ChangeClient, Client

_MASK_LABEL: Final = b"tertib mask of personal values"


def _place(url: str) -> str:
    """Return a name for a ledger on a server, the same whatever password leads to it."""
    parts = urlsplit(url)
    words = (parts.hostname or "", str(parts.port or ""), parts.path, parts.query)
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Shared:
    """A database that all of a project's sessions work on, opened once, by one owner, with its clock."""

    database: Database
    owner: Owner
    clock: LedgerClock


class Project:
    """What all accounts of one `tertib.yaml` share: the file, the environment, and one clock."""

    def __init__(
        self,
        config: str | None = None,
        environ: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.config = config
        self.environ = os.environ if environ is None else environ
        self.directory = directory or Path.cwd()
        self.clock = SystemClock()
        self.shared: Shared | None = None

    @cached_property
    def accounts(self) -> tuple[Settings, ...]:
        """Read every account's settings; raises `SettingsError`."""
        return reading.read_all(self.config, self.environ, self.directory)

    @cached_property
    def tokens_differ(self) -> bool:
        """Return True where no two accounts have the same token, else raise `CredentialError`."""
        reading.refuse_shared(self.environ, self.accounts)
        return True


class Session:
    """One account as its project's settings describe it. Everything in it is opened lazily and closed together.

    Nothing that can hold an account's orders or spend its requests is shared with another session.
    """

    def __init__(
        self,
        config: str | None = None,
        environ: Mapping[str, str] | None = None,
        directory: Path | None = None,
        *,
        account: str | None = None,
        project: Project | None = None,
    ) -> None:
        self.project = project or Project(config, environ, directory)
        self.account = account
        self.environ, self.directory = self.project.environ, self.project.directory
        self.clock = self.project.clock
        self._shares_clock = project is not None
        self._kept: Checkpoint | None = None

    @cached_property
    def settings(self) -> Settings:
        """Read `tertib.yaml` and the environment; raises `SettingsError`, also where several accounts could be meant."""
        named = () if self.account is None else (self.account,)
        return reading.only(reading.chosen(self.project.accounts, named))

    @cached_property
    def time(self) -> SystemClock | LedgerClock:
        """Return the clock that decides: the ledger's where machines share it, so that they agree."""
        from tertib.ledger import ledger_file  # noqa: PLC0415 - as in `key`

        if self.project.shared is not None:
            return self.project.shared.clock
        if ledger_file(self.settings.ledger) is not None:
            return self.clock
        # the ledger is opened with this clock: it can only be asked later
        return LedgerClock(self.clock, lambda: self.ledger.server_time())  # noqa: PLW0108 - the same

    @cached_property
    def key(self) -> bytes:
        """Return the audit key; raises `LedgerError`."""
        from tertib.ledger import audit_key, ledger_file  # noqa: PLC0415 - only for commands that have a record

        return audit_key(self.environ, ledger_file(self.settings.ledger))

    @cached_property
    def mask(self) -> Mask:
        """Return the mask of personal values, keyed by a derivate of the audit key, so that neither shows the other."""
        from tertib.language.personal import Mask  # noqa: PLC0415 - `check` and `fields` mask nothing

        return Mask(hmac.digest(self.key, _MASK_LABEL, "sha256"))

    @cached_property
    def ledger(self) -> SqlLedger:
        """Open the ledger; raises `LedgerError`."""
        from tertib.ledger.store import open_ledger  # noqa: PLC0415 - brings sqlalchemy, which `check` must not import

        shared = self.project.shared
        return open_ledger(
            self.settings.ledger,
            key=self.key,
            clock=self.time,
            account=self.settings.account,
            on=None if shared is None else shared.database,
            owner=None if shared is None else shared.owner,
            settle=self.settings.settle,
            lease_ttl=self.settings.lease_ttl,
            fingerprint=self.mask.fingerprint,
            saw=self.witness.saw,
        )

    @cached_property
    def witness(self) -> Witness:
        """Return what remembers, outside the ledger, how far its audit log went."""
        from tertib.ledger import Witness, kept, ledger_file  # noqa: PLC0415 - as in `key`

        settings = self.settings
        file = ledger_file(settings.ledger)
        home = self.directory if settings.file is None else Path(settings.file).parent
        beside = kept.checkpoint_file(home / f"tertib-{_place(settings.ledger)}" if file is None else file)
        return Witness(beside, settings.checkpoints, settings.checkpoints_loopback)

    @cached_property
    def budget(self) -> Budget:
        """Return the one request allowance that reading and writing share, with other machines where there are any."""
        return self._budget("SCALEV_TOKEN")

    @cached_property
    def customer_budget(self) -> Budget:
        """Return the request allowance of the customer credential, which is another's."""
        return self._budget("SCALEV_CUSTOMER_TOKEN")

    def _budget(self, name: str) -> Budget:
        from tertib.ledger import ledger_file  # noqa: PLC0415 - as in `key`
        from tertib.scalev.budget import DEFAULT_WINDOWS, RollingBudget  # noqa: PLC0415 - for what asks Scalev

        own = RollingBudget(self.clock)
        if ledger_file(self.settings.ledger) is not None:
            return own
        token = self._token(name)
        if token is None:
            return own
        from tertib.ledger.allowance import HOLD, hashed  # noqa: PLC0415 - only for a ledger on a server
        from tertib.scalev.sharing import SharedBudget  # noqa: PLC0415 - the same

        count = self.ledger.allowance(hashed(token, self.key), DEFAULT_WINDOWS)
        return SharedBudget(own, count, self.clock, HOLD)

    def requests_left(self) -> dict[str, int]:
        """Return how many requests the hour still allows, by credential, as far as was asked with it and is known."""
        found = {"token": "budget", "customer_token": "customer_budget"}
        asked = {key: getattr(self, name) for key, name in found.items() if name in self.__dict__}
        left = {key: budget.left_hour() for key, budget in asked.items()}
        return {key: number for key, number in left.items() if number is not None}

    @cached_property
    def reader(self) -> Client:
        """Return the client that reads; raises `CredentialError` for a token that is set and cannot be used."""
        from tertib.scalev.client import Client  # noqa: PLC0415 - brings httpx, which `check` must not import

        return Client(
            self.settings.base_url,
            token=self._token("SCALEV_TOKEN"),
            customer_token=self._token("SCALEV_CUSTOMER_TOKEN"),
            timeout=self.settings.timeout,
            budget=self.budget,
            customer_budget=self.customer_budget,
            clock=self.time,
            rng=random.Random(),  # noqa: S311 - spreads retries, hides nothing
            places={name: self._place(name) for name in ("SCALEV_TOKEN", "SCALEV_CUSTOMER_TOKEN")},
        )

    @cached_property
    def writer(self) -> ChangeClient:
        """Return the client that changes orders; only commands that act ask for it. Raises `CredentialError`."""
        from tertib.scalev.client import ChangeClient  # noqa: PLC0415 - as in `reader`

        return ChangeClient(
            self.settings.base_url,
            token=self._token("SCALEV_TOKEN"),
            timeout=self.settings.timeout,
            budget=self.budget,
            clock=self.time,
            place=self._place("SCALEV_TOKEN"),
        )

    def verified(self) -> AuditVerdict:
        """Verify the account's audit chain, and that it is still the one that each checkpoint outside saw."""
        account = self.settings.account
        seen = self.witness.saw(account) or (None,)
        verdicts = [self.ledger.verify_audit(account, one) for one in seen]
        return next((one for one in verdicts if not one.ok), verdicts[0])

    def means(self, *, clock: Clock | None = None, progress: Callable[..., None] | None = None) -> Means:
        """Return what the pipeline plans with; raises what opening a part of it raises.

        `clock` stands in for the system's, for what is asked of another time; `progress` is told how far the work is.
        """
        from tertib.pipeline import Means  # noqa: PLC0415 - brings the stages; loading and checking do without them

        found = Means(self.settings, self.reader, self.ledger, clock or self.time, self.mask)
        found = replace(found, stopping=lambda: self.clock.stopping)
        return found if progress is None else replace(found, progress=progress)

    def keep_checkpoint(self, patience: timedelta = timedelta(0)) -> str | None:
        """Keep how far the audit log goes, where it moved; return why that failed, None where it did not.

        `patience` is how long after a failed export none is tried. Raises `LedgerError`.
        """
        account = self.settings.account
        head = self.ledger.checkpoint(account)
        # A ledger that is behind its checkpoint must not overwrite what shows it.
        if head is None or head == self._kept or self.ledger.ahead(account):
            return None
        failed = self.witness.keep(head, self.time.now(), patience)
        if failed is None:
            self._kept = head
        return failed

    def keep_and_tell(self) -> None:
        """Keep a checkpoint, and warn where that fails; a disk that is full must not hide what the work itself says."""
        with suppress(TertibError):
            failed = self.keep_checkpoint()
            if failed is not None:
                self.warn(failed)

    def close(self) -> None:
        """Close whatever was opened, and keep a checkpoint of the audit chain beside a ledger that was."""
        if "ledger" in self.__dict__:
            self.keep_and_tell()
        self.hang_up()
        if "ledger" in self.__dict__:
            self.__dict__.pop("ledger").close()
        if not self._shares_clock:
            self.clock.close()

    def hang_up(self) -> None:
        """Close the connections to Scalev; the next request opens new ones."""
        for name in ("reader", "writer"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def warn(self, message: str) -> None:
        """Tell of what went wrong beside the work and did not stop it."""
        logging.getLogger("tertib").warning(message)

    def _place(self, name: str) -> str:
        """Return where people put a credential, as messages quote it: a variable or a file."""
        return reading.place_of(self.environ, name, self.settings).strip("`")

    def _token(self, name: str) -> str | None:
        """Return a credential where one is set; a client asks for the one it needs when it needs it.

        An account of several has a token in any case, and one that no other account has.
        """
        several = self.settings.credentials is not None and self.project.tokens_differ
        needed = several and name == "SCALEV_TOKEN"
        if needed or reading.is_set(self.environ, name, self.settings):
            return reading.token(self.environ, name, self.settings)
        return None
