"""What stands under the keys of the settings, read into `Settings`; what is not there keeps its default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tertib.language import conditions, days, definition, flow, options
from tertib.model import Calendar, Complaint, Condition, Group, Settings
from tertib.scalev.contract import FIELDS, PARAMETERS
from tertib.settings import pages, telling
from tertib.settings.addresses import checkpoints_fault, ledger_fault, url_fault

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)
NAME_HINT: Final = "letters, digits, `-`, `_` and `.`, at most 80"


@dataclass(frozen=True, slots=True)
class Keys:
    """A settings file's data, read key by key into `Settings`; what is not there keeps its default."""

    data: Mapping[str, Any]
    complaints: list[Complaint]

    def settings(self) -> Settings:
        """Return the settings, their paths as written."""
        api, plain = self.section("api"), Settings()
        timezone = options.zone(
            self.text(self.data, "timezone", plain.timezone), self.complaints, ("timezone",)
        )
        written = self.data.get("protect")
        calendar = Calendar(
            timezone,
            days.weekdays(self.data.get("working_days"), self.complaints, ("working_days",)),
            days.holidays(self.data.get("holidays"), self.complaints, ("holidays",)),
        )
        protect = () if written is None else protections(written, calendar, self.complaints)
        return replace(
            self.applying(plain),
            base_url=self.base_url(api),
            contract=api.get("contract", plain.contract),
            concurrency=api.get("concurrency", plain.concurrency),
            rules=self.rules(),
            ledger=self.ledger(),
            timezone=timezone,
            language=self.data.get("language"),
            working_days=calendar.weekdays,
            holidays=calendar.holidays,
            skip=days.spans(self.data.get("skip"), self.complaints, ("skip",)),
            account=self.account(),
            **self.checkpoints(),
            limits=options.limits(self.data.get("limits"), plain.limits, self.complaints),
            caps=options.limits(self.data.get("caps"), plain.caps, self.complaints, ("caps",)),
            reversals=options.reversals(self.data.get("reversals"), plain.reversals, self.complaints),
            protect=protect,
            protect_definition=tuple(definition.plain(written if isinstance(written, list) else ())),
            notify=telling.notify(self.data.get("notify"), self.complaints),
            listen=telling.listen(self.data.get("listen"), self.complaints),
            web=pages.web(self.data.get("web"), self.complaints),
        )

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section, empty where it is none: the schema says so."""
        found = self.data.get(name)
        return found if isinstance(found, dict) else {}

    def text(self, data: Mapping[str, Any], key: str, default: str) -> str:
        """Return a text, the default where there is none."""
        found = data.get(key)
        return found if isinstance(found, str) else default

    def rules(self) -> tuple[str, ...]:
        """Return where the rules lie: one place, or several."""
        found = self.data.get("rules")
        if isinstance(found, list):
            return tuple(one for one in found if isinstance(one, str))
        return (found,) if isinstance(found, str) else Settings().rules

    def applying(self, plain: Settings) -> Settings:
        """Return the settings of sending, whose durations must fit each other."""
        section, api = self.section("apply"), self.section("api")
        timeout = self.span(api, "timeout", plain.timeout, ("api",))
        settle = self.span(section, "settle", plain.settle, ("apply",))
        if settle <= timeout:
            hint = "an order that is read back while its request is under way is judged too early: nothing is sent"
            place = ("apply", "settle") if "settle" in section else ("api", "timeout")
            message = "`settle` should be longer than `timeout`"
            self.complaints.append(Complaint(place, "T606", message, hint, "warning"))
        size = section.get("batch_size", plain.batch_size)
        return replace(
            plain,
            timeout=timeout,
            settle=settle,
            batch_size=size,
            max_read_age=self.span(
                section, "max_read_age", plain.max_read_age, ("apply",), least=timedelta()
            ),
            plan_ttl=self.span(section, "plan_ttl", plain.plan_ttl, ("apply",)),
            lease_ttl=self.span(section, "lease_ttl", plain.lease_ttl, ("apply",)),
        )

    def span(
        self,
        section: Mapping[str, Any],
        key: str,
        default: timedelta,
        path: tuple[str, ...],
        *,
        least: timedelta = timedelta(seconds=1),
    ) -> timedelta:
        """Return a duration of at least `least`."""
        found = options.duration(section, key, default, self.complaints, path) or timedelta()
        if found < least:
            self.complaints.append(Complaint((*path, key), "T606", f"`{key}` must be at least one second"))
            return default
        return found

    def base_url(self, api: Mapping[str, Any]) -> str:
        """Return where Scalev lies."""
        url = self.text(api, "base_url", Settings().base_url).strip()
        wrong = url_fault(url)
        if wrong is not None:
            self.complaints.append(Complaint(("api", "base_url"), *wrong))
        return url.rstrip("/")

    def ledger(self) -> str:
        """Return the ledger's URL as written."""
        url = self.text(self.data, "ledger", Settings().ledger)
        wrong = ledger_fault(url)
        if wrong is not None:
            self.complaints.append(Complaint(("ledger",), *wrong))
        return url

    def checkpoints(self) -> dict[str, Any]:
        """Return where checkpoints of the record go, as written, and whether that may be this machine."""
        written = self.data.get("checkpoints")
        section = written if isinstance(written, dict) else {"to": written}
        target, loopback = section.get("to"), section.get("allow_loopback") is True
        if not isinstance(target, str) or not target:
            return {}
        wrong = checkpoints_fault(target, loopback=loopback)
        if wrong is not None:
            self.complaints.append(Complaint(("checkpoints",), *wrong))
        return {"checkpoints": target, "checkpoints_loopback": loopback}

    def account(self) -> str:
        """Return the account's key."""
        key = self.text(self.data, "account", Settings().account)
        if not NAME.fullmatch(key):
            self.complaints.append(
                Complaint(("account",), "T607", "this cannot be an account's name", NAME_HINT)
            )
        return key


def protections(
    written: Any, calendar: Calendar, complaints: list[Complaint], path: tuple[str | int, ...] = ("protect",)
) -> tuple[Condition, ...]:
    """Read `protect` over the fields of the business's orders: one condition an item, since any of them protects.

    What one item says in several keys must all hold, so it stays together as a group.
    """
    if not isinstance(written, list | tuple):
        return _conditions(written, calendar, complaints, path)
    found: list[Condition] = []
    for index, item in enumerate(written):
        complained: list[Complaint] = []
        parts = _conditions([item], calendar, complained, path)
        # each item was read alone, as the first of its list
        complaints += [replace(one, path=(*path, index, *one.path[len(path) + 1 :])) for one in complained]
        found += parts if len(parts) < 2 else [Group("all", parts, flow.spell(item), (*path, index))]  # noqa: PLR2004 - several
    return tuple(found)


def _conditions(
    written: Any, calendar: Calendar, complaints: list[Complaint], path: tuple[str | int, ...]
) -> tuple[Condition, ...]:
    return conditions.parse(
        written,
        FIELDS["orders"],
        ZoneInfo(calendar.timezone),
        complaints,
        path,
        elsewhere=FIELDS["customer_orders"],
        parameters=PARAMETERS,
        calendar=calendar,
    )
