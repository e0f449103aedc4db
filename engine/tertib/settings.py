"""The project's settings: `tertib.yaml`, what the environment overrides, and the tokens, which stand in neither.

Every path in the settings is resolved against the file that they stand in, so that a program started elsewhere (by
cron, say) finds the same ledger and not a second, forgetful one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tertib import shipped
from tertib.errors import CredentialError, SettingsError
from tertib.language import conditions, definition, document, flow, options, places, structure
from tertib.language.document import Document
from tertib.language.wording import kind_of
from tertib.model import Complaint, Condition, Group, Problem, Settings
from tertib.scalev.contract import FIELDS, PARAMETERS

FILE: Final = "tertib.yaml"
_LONGEST_TOKEN: Final = 16 * 1024
_OTHERS_MAY: Final = 0o077
_LEDGERS: Final = ("sqlite", "postgresql")
_SECRET_KEY: Final = re.compile(
    r"token|secret|password|passwd|api_?key|authorization|bearer|credential", re.IGNORECASE
)
_SECRET_TEXT: Final = re.compile(r"://[^/\s]*@|bearer|[A-Za-z0-9_\-.+/=]{32,}", re.IGNORECASE)
_ON_ADDRESSES: Final = frozenset({"T602", "T603", "T604", "T605"})


class SettingsFileError(SettingsError):
    """A settings file with mistakes; `problems` holds all of them, each with its place."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        lines = [_line(problem) for problem in problems]
        super().__init__("\n".join(lines), hint=problems[0].hint if len(problems) == 1 else None)


def _line(problem: Problem) -> str:
    where = f"{problem.file}:{problem.line}:{problem.column}"
    return f"{where}: {problem.message} [{problem.code}]"


def read(config: str | None, environ: Mapping[str, str], cwd: Path) -> Settings:
    """Read the settings: `config`, else `TERTIB_CONFIG`, else `tertib.yaml` in `cwd`, else the defaults.

    `SCALEV_BASE_URL` and `TERTIB_DATABASE_URL` override the file. Raises `SettingsError`; for mistakes in the file
    it is a `SettingsFileError` with all of them.
    """
    named = config or environ.get("TERTIB_CONFIG")
    file = cwd / (named or FILE)
    if named is None and not file.exists():
        return _with_environment(_at(Settings(), cwd), environ, cwd)
    shown = named or FILE
    found, problems = inspect(_bytes(file, shown), shown)
    if any(problem.severity == "error" for problem in problems):
        raise SettingsFileError(tuple(problem for problem in problems if problem.severity == "error"))
    base = file.resolve().parent
    return _with_environment(replace(_at(found, base), file=str(file.resolve())), environ, base)


def inspect(raw: bytes, file: str) -> tuple[Settings, tuple[Problem, ...]]:
    """Return what a settings file says, its paths as written, and every problem and warning about it."""
    parsed = document.parse(raw)
    problems = [places.of_flaw(flaw, parsed.lines, file) for flaw in parsed.flaws if flaw.code != "T114"]
    found = Settings()
    if not problems and parsed.documents and parsed.documents[0][1].data is not None:
        one = parsed.documents[0][1]
        found, complaints = _settings(one)
        if len(parsed.documents) > 1:
            spot = parsed.documents[1][1].spot(())
            extra = places.of_file(file, "T117", "a second document stands here", "settings are one document")
            problems.append(replace(extra, line=spot.line, column=spot.column))
        problems += [places.of_complaint(complaint, one, file, None) for complaint in complaints]
    return found, tuple(sorted((_discreet(problem) for problem in problems), key=places.order))


def token(environ: Mapping[str, str], name: str, settings: Settings) -> str:
    """Return the credential `name` (`SCALEV_TOKEN`, `SCALEV_CUSTOMER_TOKEN`), or the one in the file `name_FILE`.

    Raises `CredentialError`, which never holds any part of it, where there is none, where others may read its
    file, where it cannot be a token, or where the base URL would carry it unencrypted.
    """
    written, file = environ.get(name, ""), environ.get(f"{name}_FILE", "")
    if written.strip() and file:
        raise CredentialError(f"both {name} and {name}_FILE are set", hint="unset one of them")
    if not written.strip() and not file:
        hint = f"set {name}, or {name}_FILE to a file with mode 0600 that holds it"
        raise CredentialError(f"no token: {name} is not set", hint=hint)
    found = (written or _token_file(Path(file), f"{name}_FILE")).strip()
    if not found or not found.isascii() or not found.isprintable() or " " in found:
        hint = "it must be one line of letters, digits and signs, as Scalev shows it"
        raise CredentialError(f"what {name}{'_FILE' if file else ''} holds is not a token", hint=hint)
    wrong = _url_fault(settings.base_url)
    if wrong is not None:
        raise CredentialError(wrong[1], hint=wrong[2])
    return found


def _token_file(file: Path, name: str) -> str:
    try:
        mode = file.stat().st_mode
        if not file.is_file():
            raise CredentialError(f"{name} is not a file: {file}")
        if mode & _OTHERS_MAY:
            message = f"others may read the token in {file} (mode {mode & 0o777:04o})"
            raise CredentialError(message, hint=f"chmod 600 {file}")
        with file.open("rb") as opened:
            raw = opened.read(_LONGEST_TOKEN + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise CredentialError(f"{name} cannot be read: {file}: {reason}") from None
    if len(raw) > _LONGEST_TOKEN:
        raise CredentialError(f"{name} is too large for a token: {file}")
    return raw.decode("utf-8-sig", "replace")


def _bytes(file: Path, shown: str) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(document.LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        hint = "`tertib init` lays out a project with one" if isinstance(error, FileNotFoundError) else None
        raise SettingsError(f"{shown}: the settings cannot be read: {reason}", hint=hint) from None


def _discreet(problem: Problem) -> Problem:
    """Leave out the line of the file where it may hold a secret."""
    line = problem.source_line
    hidden = problem.code in _ON_ADDRESSES or _SECRET_KEY.search(line) or _SECRET_TEXT.search(line)
    return replace(problem, source_line="") if hidden else problem


# --- reading the file -----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _schema() -> str:
    return (shipped.schemas() / "settings.schema.json").read_text(encoding="utf-8")


def _settings(one: Document) -> tuple[Settings, list[Complaint]]:
    data = one.data
    if not isinstance(data, dict):
        return Settings(), [Complaint((), "T117", f"settings must be a block of keys, not {kind_of(data)}")]
    complaints = list(_secrets(data))
    found = _Reading(data, complaints).settings()
    # conditions have their own parser, and secrets must reach no message
    shown = {key: [] if key == "protect" else value for key, value in data.items()}
    complaints += structure.unspoken(structure.complaints(shown, _schema()), complaints)
    return found, complaints


def _secrets(data: Any) -> list[Complaint]:
    """Complain of every key that would hold a credential; its value is in no message."""
    hint = "set SCALEV_TOKEN, or SCALEV_TOKEN_FILE to a file with mode 0600, and delete it here"
    return [
        Complaint(path, "T602", "tokens and passwords never stand in the settings", hint, on_key=True)
        for path, _ in document.walk(data)
        if path and "protect" not in path and isinstance(path[-1], str) and _SECRET_KEY.search(path[-1])
    ]


@dataclass(frozen=True, slots=True)
class _Reading:
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
        protect = () if written is None else protections(written, ZoneInfo(timezone), self.complaints)
        return replace(
            self.applying(plain),
            base_url=self.base_url(api),
            contract=api.get("contract", plain.contract),
            concurrency=api.get("concurrency", plain.concurrency),
            rules=self.text(self.data, "rules", plain.rules),
            ledger=self.ledger(),
            timezone=timezone,
            account=self.account(),
            limits=options.limits(self.data.get("limits"), plain.limits, self.complaints),
            caps=options.limits(self.data.get("caps"), plain.caps, self.complaints, ("caps",)),
            protect=protect,
            protect_definition=tuple(definition.plain(written if isinstance(written, list) else ())),
        )

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section, empty where it is none: the schema says so."""
        found = self.data.get(name)
        return found if isinstance(found, dict) else {}

    def text(self, data: Mapping[str, Any], key: str, default: str) -> str:
        """Return a text, the default where there is none."""
        found = data.get(key)
        return found if isinstance(found, str) else default

    def applying(self, plain: Settings) -> Settings:
        """Return the settings of sending, whose durations must fit each other."""
        section, api = self.section("apply"), self.section("api")
        timeout = self.span(api, "timeout", plain.timeout, ("api",))
        settle = self.span(section, "settle", plain.settle, ("apply",))
        if settle <= timeout:
            hint = "an order that is read back while its request may still arrive can be judged too early"
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
        wrong = _url_fault(url)
        if wrong is not None:
            self.complaints.append(Complaint(("api", "base_url"), *wrong))
        return url.rstrip("/")

    def ledger(self) -> str:
        """Return the ledger's URL as written."""
        url = self.text(self.data, "ledger", Settings().ledger)
        wrong = _ledger_fault(url)
        if wrong is not None:
            self.complaints.append(Complaint(("ledger",), *wrong))
        return url

    def account(self) -> str:
        """Return the account's key."""
        key = self.text(self.data, "account", Settings().account)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", key, re.ASCII):
            hint = "letters, digits, `-`, `_` and `.`, at most 80"
            self.complaints.append(Complaint(("account",), "T607", "this cannot be an account's name", hint))
        return key


def protections(
    written: Any, zone: tzinfo, complaints: list[Complaint], path: tuple[str | int, ...] = ("protect",)
) -> tuple[Condition, ...]:
    """Read `protect` over the fields of the business's orders: one condition an item, since any of them protects.

    What one item says in several keys must all hold, so it stays together as a group.
    """
    if not isinstance(written, list | tuple):
        return _conditions(written, zone, complaints, path)
    found: list[Condition] = []
    for index, item in enumerate(written):
        complained: list[Complaint] = []
        parts = _conditions([item], zone, complained, path)
        # each item was read alone, as the first of its list
        complaints += [replace(one, path=(*path, index, *one.path[len(path) + 1 :])) for one in complained]
        found += parts if len(parts) < 2 else [Group("all", parts, flow.spell(item), (*path, index))]  # noqa: PLR2004 - several
    return tuple(found)


def _conditions(
    written: Any, zone: tzinfo, complaints: list[Complaint], path: tuple[str | int, ...]
) -> tuple[Condition, ...]:
    elsewhere = FIELDS["customer_orders"]
    return conditions.parse(
        written, FIELDS["orders"], zone, complaints, path, elsewhere=elsewhere, parameters=PARAMETERS
    )


# --- addresses ------------------------------------------------------------------------------------------


def _url_fault(url: str) -> tuple[str, str, str] | None:
    """Return code, message and hint of what is wrong with a base URL; the URL itself may hold a secret."""
    hint = "such as `https://api.scalev.com`"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "T603", "the base URL is not an address", hint
    if parts.scheme not in {"http", "https"} or not host or any(letter.isspace() for letter in url):
        return "T603", "the base URL is not an http(s) address", hint
    if parts.username is not None or parts.password is not None:
        return "T603", "the base URL holds a user name or a password", "tokens stand in SCALEV_TOKEN"
    if parts.query or parts.fragment:
        return "T603", "the base URL holds a query or a fragment", hint
    if parts.scheme == "http" and not _is_loopback(host):
        return "T604", "the base URL would carry the token unencrypted", f"write `https://{host}`"
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _ledger_fault(url: str) -> tuple[str, str, str] | None:
    hint = "write `sqlite:///tertib.db`, or `postgresql://HOST/DATABASE`"
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in {*_LEDGERS, "postgres"}:
        return "T605", "the ledger is neither SQLite nor PostgreSQL", hint
    if scheme.startswith("sqlite") and rest.partition("?")[0] in {"", "/", "/:memory:"}:
        return "T605", "a ledger in memory forgets what was sent", hint
    if scheme.startswith("sqlite") and not rest.startswith("/"):
        return "T605", "a ledger in SQLite has three slashes before its file", hint
    return None


def _at(settings: Settings, base: Path) -> Settings:
    """Return settings whose paths are absolute, resolved against `base`."""
    rules = str((base / Path(settings.rules).expanduser()).resolve())
    return replace(settings, rules=rules, ledger=_ledger_at(settings.ledger, base))


def _ledger_at(url: str, base: Path) -> str:
    scheme, _, rest = url.partition("://")
    if scheme.startswith("postgres"):
        return f"postgresql{scheme.removeprefix('postgresql').removeprefix('postgres')}://{rest}"
    file, question, tail = rest[1:].partition("?")
    return f"{scheme}:///{(base / Path(file).expanduser()).resolve()}{question}{tail}"


def _with_environment(settings: Settings, environ: Mapping[str, str], base: Path) -> Settings:
    """Return the settings with what the environment overrides; raises `SettingsError` naming the variable."""
    url, ledger = environ.get("SCALEV_BASE_URL", "").strip(), environ.get("TERTIB_DATABASE_URL", "").strip()
    for name, wrong in (
        ("SCALEV_BASE_URL", url and _url_fault(url)),
        ("TERTIB_DATABASE_URL", ledger and _ledger_fault(ledger)),
    ):
        if wrong:
            _, message, hint = wrong
            raise SettingsError(f"{name}: {message}", hint=hint)
    return replace(
        settings,
        base_url=url.rstrip("/") or settings.base_url,
        ledger=_ledger_at(ledger, base) if ledger else settings.ledger,
    )
