"""What one account's work needs: settings, credentials, ledger, clients and clock, each made when first asked for."""

from __future__ import annotations

import hmac
import os
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tertib import settings as reading
from tertib.clock import SystemClock
from tertib.errors import TertibError
from tertib.model import Settings

if TYPE_CHECKING:
    from tertib.language.personal import Mask
    from tertib.ledger.store import SqlLedger
    from tertib.pipeline import Means
    from tertib.ports import Clock
    from tertib.scalev.budget import RollingBudget
    from tertib.scalev.client import ChangeClient, Client

_MASK_LABEL: Final = b"tertib mask of personal values"


class Session:
    """One project as its settings describe it. Everything in it is opened lazily and closed together."""

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

    @cached_property
    def settings(self) -> Settings:
        """Read `tertib.yaml` and the environment; raises `SettingsError`."""
        return reading.read(self.config, self.environ, self.directory)

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

        return open_ledger(
            self.settings.ledger,
            key=self.key,
            clock=self.clock,
            settle=self.settings.settle,
            lease_ttl=self.settings.lease_ttl,
            fingerprint=self.mask.fingerprint,
        )

    @cached_property
    def budget(self) -> RollingBudget:
        """Return the one request allowance that reading and writing share."""
        from tertib.scalev.budget import RollingBudget  # noqa: PLC0415 - only for commands that ask Scalev

        return RollingBudget(self.clock)

    @cached_property
    def reader(self) -> Client:
        """Return the client that reads; raises `CredentialError` for a token that is set and cannot be used."""
        from tertib.scalev.budget import RollingBudget  # noqa: PLC0415 - as in `budget`
        from tertib.scalev.client import Client  # noqa: PLC0415 - brings httpx, which `check` must not import

        return Client(
            self.settings.base_url,
            token=self._token("SCALEV_TOKEN"),
            customer_token=self._token("SCALEV_CUSTOMER_TOKEN"),
            timeout=self.settings.timeout,
            budget=self.budget,
            customer_budget=RollingBudget(self.clock),
            clock=self.clock,
            rng=random.Random(),  # noqa: S311 - spreads retries, hides nothing
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
            clock=self.clock,
        )

    def means(self, *, clock: Clock | None = None, progress: Callable[..., None] | None = None) -> Means:
        """Return what the pipeline plans with; raises what opening a part of it raises.

        `clock` stands in for the system's, for what is asked of another time; `progress` is told how far the work is.
        """
        from tertib.pipeline import Means  # noqa: PLC0415 - brings the stages; loading and checking do without them

        found = Means(self.settings, self.reader, self.ledger, clock or self.clock, self.mask)
        found = replace(found, stopping=lambda: self.clock.stopping)
        return found if progress is None else replace(found, progress=progress)

    def close(self) -> None:
        """Close whatever was opened, and keep a checkpoint of the audit chain beside a ledger that was."""
        if "ledger" in self.__dict__:
            self._keep_checkpoint()
        for name in ("reader", "writer", "ledger"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        self.clock.close()

    @property
    def checkpoints(self) -> Path | None:
        """Return the file of kept checkpoints, None for a ledger on a server."""
        from tertib.ledger import kept, keys  # noqa: PLC0415 - as in `key`

        ledger = keys.ledger_file(self.settings.ledger)
        return None if ledger is None else kept.checkpoint_file(ledger)

    def _keep_checkpoint(self) -> None:
        """Keep how far the audit chain goes; a disk that is full must not hide what the command itself says."""
        from tertib.ledger import kept  # noqa: PLC0415 - as in `key`

        file = self.checkpoints
        with suppress(OSError, TertibError):
            found = self.ledger.checkpoint(self.settings.account)
            if file is not None and found is not None:
                kept.keep(file, found)

    def _token(self, name: str) -> str | None:
        """Return a credential where one is set; a client asks for the one it needs when it needs it."""
        given = self.environ.get(name) or self.environ.get(f"{name}_FILE")
        return reading.token(self.environ, name, self.settings) if given else None
