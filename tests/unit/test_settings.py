from __future__ import annotations

import re
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib import settings as reading
from tertib.errors import CredentialError, SettingsError
from tertib.model import Calendar, Group, Holidays, Limits, Problem, Reversals, Settings
from tertib.settings import SettingsFileError

SECRET = "sk-9f8e7d6c5b4a-very-secret"


def read(text: str, directory: Path, **environ: str) -> Settings:
    """Read a `tertib.yaml` of this text."""
    (directory / "tertib.yaml").write_text(text, encoding="utf-8")
    return reading.read(None, environ, directory)


def said(text: str) -> tuple[Problem, ...]:
    """Return the problems of a settings file."""
    return reading.inspect(text.encode(), "tertib.yaml")[1]


# --- where settings come from


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    """Prove that paths are absolute all the same, so that the ledger stays where the command was started."""
    found = reading.read(None, {}, tmp_path)
    assert found.file is None
    assert found.ledger == f"sqlite:///{tmp_path}/tertib.db"
    assert found.rules == (f"{tmp_path}/rules",)


def test_the_file_the_design_shows_says_the_defaults(tmp_path: Path) -> None:
    """Prove every key with its default value, and that an empty file says the same."""
    text = """
api: {base_url: https://api.scalev.com, contract: auto, timeout: 30s, concurrency: 4}
rules: rules/
ledger: sqlite:///tertib.db
timezone: Asia/Jakarta
apply: {batch_size: 50, max_read_age: 60s, settle: 15m, plan_ttl: 24h, lease_ttl: 2m}
limits: {orders: 500, value: 250000000, per_day: {orders: 2000}}
caps: {per_day: {orders: 5000}}
"""
    found, empty = read(text, tmp_path), read("# nothing\n", tmp_path)
    assert found == empty
    default = Settings()
    differing = {
        one.name for one in fields(Settings) if getattr(found, one.name) != getattr(default, one.name)
    }
    assert differing == {"file", "rules", "ledger"}


def test_every_key_is_read(tmp_path: Path) -> None:
    """Prove that each key arrives where it belongs."""
    found = read(
        """
api: {base_url: "https://api.scalev.id/", contract: current, timeout: 10s, concurrency: 2}
rules: my/rules
ledger: postgres://db/tertib
timezone: Asia/Makassar
account: toko-a
apply: {batch_size: 10, max_read_age: 0s, settle: 1h, plan_ttl: 2d, lease_ttl: 5m}
limits: {orders: 7, value: null}
caps: {orders: 9, per_day: null}
protect:
  - tags: {any_of: [hold], none_of: [ok]}
  - {status: draft, is_repeat: true}
  - customer.phone: "62811"
""",
        tmp_path,
    )
    assert (found.base_url, found.contract, found.timeout) == (
        "https://api.scalev.id",
        "current",
        timedelta(seconds=10),
    )
    assert found.concurrency == 2
    assert (found.rules, found.ledger) == ((f"{tmp_path}/my/rules",), "postgresql://db/tertib")
    assert (found.timezone, found.account, found.batch_size) == ("Asia/Makassar", "toko-a", 10)
    assert (found.max_read_age, found.settle) == (timedelta(), timedelta(hours=1))
    assert (found.plan_ttl, found.lease_ttl) == (timedelta(days=2), timedelta(minutes=5))
    assert found.limits == Limits(orders=7, value=None, orders_per_day=2000)
    assert found.caps == Limits(orders=9)
    assert found.protect_definition[1] == {"status": "draft", "is_repeat": True}


def test_protections_keep_what_one_item_says_together(tmp_path: Path) -> None:
    """Prove that an item with two tests protects only where both hold: apart, each would protect by itself."""
    found = read("protect:\n  - {status: draft, is_repeat: true}\n  - tags: hold\n", tmp_path).protect
    assert [isinstance(one, Group) for one in found] == [True, False]
    assert isinstance(found[0], Group)
    assert (found[0].how, len(found[0].children)) == ("all", 2)


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    """Prove both variables, and that a relative ledger still lies beside the settings."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "t.yaml").write_text("ledger: sqlite:///a.db\napi: {base_url: https://a.example}\n")
    environ = {
        "TERTIB_CONFIG": "shop/t.yaml",
        "SCALEV_BASE_URL": "http://127.0.0.1:8080/",
        "TERTIB_DATABASE_URL": "sqlite:///b.db?timeout=5",
    }
    found = reading.read(None, environ, tmp_path)
    assert found.base_url == "http://127.0.0.1:8080"
    assert found.ledger == f"sqlite:///{tmp_path}/shop/b.db?timeout=5"
    assert found.file == f"{tmp_path}/shop/t.yaml"
    other = reading.read("shop/t.yaml", {**environ, "TERTIB_CONFIG": "nowhere.yaml"}, tmp_path)
    assert other.file == found.file, "`--config` wins over the environment"


@pytest.mark.parametrize("name", ["SCALEV_BASE_URL", "TERTIB_DATABASE_URL"])
def test_a_bad_variable_is_named_and_not_shown(name: str, tmp_path: Path) -> None:
    """Prove that the message names the variable and never its value, which may hold a password."""
    with pytest.raises(SettingsError) as raised:
        reading.read(None, {name: f"ftp://user:{SECRET}@host"}, tmp_path)
    assert str(raised.value).startswith(f"{name}: ")
    assert SECRET not in f"{raised.value}{raised.value.hint}"


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    """Prove that `--config` and `TERTIB_CONFIG` never fall back to defaults: those have another ledger."""
    for config, environ in (("a.yaml", {}), (None, {"TERTIB_CONFIG": "a.yaml"})):
        with pytest.raises(SettingsError, match=r"^a\.yaml: the settings cannot be read: no such file"):
            reading.read(config, environ, tmp_path)


# --- mistakes


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("- a\n", (1, 1), "T117"),
        ("a: [\n", (1, 5), "T107"),
        ("rules: a\n---\nrules: b\n", (3, 1), "T117"),
        ("timezon: x\n", (1, 1), "T116"),
        ("api: {base_ulr: x}\n", (1, 7), "T116"),
        ("api: https://x.example\n", (1, 6), "T117"),
        ("api: {contract: seed}\n", (1, 17), "T119"),
        ("api: {timeout: 30}\n", (1, 16), "T117"),
        ("api: {timeout: 30 sec}\n", (1, 16), "T506"),
        ("api: {timeout: 0s}\n", (1, 16), "T606"),
        ("apply: {batch_size: 0}\n", (1, 21), "T124"),
        ("apply: {batch_size: many}\n", (1, 21), "T117"),
        ("apply: {plan_ttl: 0s}\n", (1, 19), "T606"),
        ("timezone: Asia/Jakata\n", (1, 11), "T505"),
        ("account: a/b\n", (1, 10), "T607"),
        ("account: ''\n", (1, 10), "T607"),
        ("limits: {orders: -1}\n", (1, 18), "T501"),
        ("limits: {share: 200%}\n", (1, 17), "T502"),
        ("caps: {share: 20%}\n", (1, 8), "T116"),
        ("protect:\n  - tags: hold\n  - tag: hold\n", (3, 5), "T201"),
        ("protect: {tags: hold}\n", (1, 10), "T206"),
        ("protect:\n  - pending_time: {older_than: [1d]}\n", (2, 32), "T208"),
        ("api: {base_url: api.scalev.com}\n", (1, 17), "T603"),
        ("api: {base_url: 'https://u:p@x.example'}\n", (1, 17), "T603"),
        ("api: {base_url: 'https://x.example?a=1'}\n", (1, 17), "T603"),
        ("api: {base_url: 'http://x.example'}\n", (1, 17), "T604"),
        ("ledger: tertib.db\n", (1, 9), "T605"),
        ("ledger: mysql://x/y\n", (1, 9), "T605"),
        ("ledger: 'sqlite://'\n", (1, 9), "T605"),
        ("ledger: 'sqlite:///:memory:'\n", (1, 9), "T605"),
        ("ledger: sqlite://a.db\n", (1, 9), "T605"),
    ],
)
def test_a_mistake_has_its_place(text: str, place: tuple[int, int], code: str) -> None:
    """Prove line, column and code of each kind of mistake, one message a mistake."""
    assert [((problem.line, problem.column), problem.code) for problem in said(text)] == [(place, code)]


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Prove that the error holds every problem, and its text each with file, line and column."""
    with pytest.raises(SettingsFileError) as raised:
        read("rule: x\napi: {contract: x}\n", tmp_path)
    assert [problem.code for problem in raised.value.problems] == ["T116", "T119"]
    assert str(raised.value).splitlines() == [
        "tertib.yaml:1:1: unknown key `rule` [T116]",
        "tertib.yaml:2:17: `contract` cannot be `x` [T119]",
    ]


def test_warnings_do_not_stop(tmp_path: Path) -> None:
    """Prove that a protection on an open object is allowed, with a warning for whoever asks."""
    text = "protect:\n  - metadata.frozen: {exists: true}\n"
    assert len(read(text, tmp_path).protect) == 1
    assert [problem.severity for problem in said(text)] == ["warning"]


@pytest.mark.parametrize(
    "text",
    [
        f"token: {SECRET}\n",
        f"SCALEV_TOKEN: {SECRET}\n",
        f"api:\n  api_key: {SECRET}\n",
        f"api: {{password: {SECRET}, contract: x}}\n",
        f"ledger: postgres//u:{SECRET}@h\n",
        f"api: {{base_url: 'https://u:{SECRET}@h'}}\n",
        f"token: '{SECRET}\n",
        f"token: {SECRET}: x\n",
        f"\tsecret: {SECRET}\n",
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_shown(text: str) -> None:
    """Prove that no part of a problem repeats a token or a password, whatever else is wrong with its line."""
    problems = said(text)
    assert problems
    assert all(problem.severity == "error" for problem in problems)
    assert SECRET not in repr(problems)


# --- tokens


def test_a_token_comes_from_the_environment() -> None:
    """Prove that blanks round it are left out, and each credential has its own name."""
    assert reading.token({"SCALEV_TOKEN": f" {SECRET}\n"}, "SCALEV_TOKEN", Settings()) == SECRET
    with pytest.raises(CredentialError, match="SCALEV_CUSTOMER_TOKEN is not set"):
        reading.token({"SCALEV_TOKEN": SECRET}, "SCALEV_CUSTOMER_TOKEN", Settings())


def test_a_token_comes_from_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    """Prove that mode 0600 is enforced, with the command that mends it."""
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    environ = {"SCALEV_TOKEN_FILE": str(file)}
    for mode in (0o600, 0o400):
        file.chmod(mode)
        assert reading.token(environ, "SCALEV_TOKEN", Settings()) == SECRET
    for mode in (0o644, 0o640, 0o602):
        file.chmod(mode)
        with pytest.raises(CredentialError, match=f"mode 0{mode:o}") as raised:
            reading.token(environ, "SCALEV_TOKEN", Settings())
        assert raised.value.hint == f"chmod 600 {file}"


@pytest.mark.parametrize("token", ["two words", "new\nline", "caf\u00e9", "a\u200bb", "nul\0"])
def test_what_cannot_be_a_token_is_refused_and_never_shown(token: str) -> None:
    """Prove that blanks, control characters and letters outside ASCII never reach a header, or a message."""
    with pytest.raises(CredentialError) as raised:
        reading.token({"SCALEV_TOKEN": token}, "SCALEV_TOKEN", Settings())
    assert token not in f"{raised.value} {raised.value.hint}"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 20_000])
def test_a_file_without_a_token_is_refused(content: bytes, tmp_path: Path) -> None:
    """Prove that empty, binary and huge files are refused."""
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(CredentialError):
        reading.token({"SCALEV_TOKEN_FILE": str(file)}, "SCALEV_TOKEN", Settings())


def test_a_missing_token_file_and_two_tokens_are_refused(tmp_path: Path) -> None:
    """Prove that nothing is guessed: neither a file that is not there nor which of two credentials is meant."""
    for file in (tmp_path / "gone", tmp_path):
        with pytest.raises(CredentialError, match="SCALEV_TOKEN_FILE"):
            reading.token({"SCALEV_TOKEN_FILE": str(file)}, "SCALEV_TOKEN", Settings())
    with pytest.raises(CredentialError, match="both"):
        reading.token({"SCALEV_TOKEN": "a", "SCALEV_TOKEN_FILE": "b"}, "SCALEV_TOKEN", Settings())


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://api.scalev.com", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://api.scalev.com", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://10.0.0.5", False),
    ],
)
def test_a_token_travels_unencrypted_on_this_machine_only(url: str, fine: bool) -> None:  # noqa: FBT001 - the expectation
    """Prove that plain HTTP is for loopback."""
    environ = {"SCALEV_TOKEN": SECRET}
    if fine:
        assert reading.token(environ, "SCALEV_TOKEN", Settings(base_url=url)) == SECRET
        return
    with pytest.raises(CredentialError, match="unencrypted"):
        reading.token(environ, "SCALEV_TOKEN", Settings(base_url=url))


_TREES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10**6)
    | st.sampled_from(["x", "30s", "auto", "", "Asia/Jakarta", "5%"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["orders", "per_day", "settle", "timeout", "base_url", "tags", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    ["api", "rules", "ledger", "timezone", "account", "apply", "limits", "caps", "protect", "x"]
)


@given(st.dictionaries(_KEYS, _TREES, max_size=5))
def test_whatever_a_file_holds_it_is_judged(data: dict[str, Any]) -> None:
    """Prove that no settings file raises anything but problems with places."""
    import json  # noqa: PLC0415 - only here

    problems = said(json.dumps(data))
    assert all(problem.line == 1 and re.fullmatch(r"T\d{3}", problem.code) for problem in problems)


def test_amounts_are_exact(tmp_path: Path) -> None:
    """Prove that money limits are decimals, never binary fractions."""
    assert read("limits: {value: 100000}\n", tmp_path).limits.value == Decimal(100_000)


@pytest.mark.parametrize(
    ("text", "place"), [("api: {timeout: 20m}\n", (1, 16)), ("apply: {settle: 30s}\n", (1, 17))]
)
def test_reading_back_too_early_is_warned_of(text: str, place: tuple[int, int]) -> None:
    """A settle window that a request may outlive is unwise, and the settings still stand."""
    found, problems = reading.inspect(text.encode(), "tertib.yaml")
    assert [(one.line, one.column, one.code, one.severity) for one in problems] == [
        (*place, "T606", "warning")
    ]
    assert found.settle <= found.timeout


# --- the shop's days ------------------------------------------------------------------------------------


def test_the_shop_says_which_days_it_works() -> None:
    """Weekdays, holidays and days to skip, for every rule that says nothing else."""
    text = "working_days: [mon..sat]\nholidays: {country: ID, extra: [2026-12-26]}\nskip: [2026-12-31..2027-01-02]\n"
    found, problems = reading.inspect(text.encode(), "tertib.yaml")
    assert problems == ()
    assert found.calendar == Calendar(
        "Asia/Jakarta", (0, 1, 2, 3, 4, 5), Holidays("ID", extra=((date(2026, 12, 26), date(2026, 12, 26)),))
    )
    assert found.skip == ((date(2026, 12, 31), date(2027, 1, 2)),)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("working_days: [senin]\n", "T521"),
        ("working_days: []\n", "T122"),
        ("skip: [besok]\n", "T522"),
        ("holidays: IDN\n", "T523"),
        ("holidays: 62\n", "T117"),
    ],
)
def test_days_that_nobody_knows_are_told(text: str, code: str) -> None:
    """A misspelt country must not make every day a working day."""
    _, problems = reading.inspect(text.encode(), "tertib.yaml")
    assert [problem.code for problem in problems] == [code]


def test_reversals_are_read_key_by_key(tmp_path: Path) -> None:
    """What is not said keeps its default; a share that is no percentage is named."""
    found = read("reversals: {share: 5%, within: 7d}\n", tmp_path)
    assert found.reversals == Reversals(Decimal("0.05"), 10, timedelta(days=7))
    assert [one.message for one in said("reversals: {share: much}\n")] == ["`share` cannot be `much`"]
