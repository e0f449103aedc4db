"""Several accounts in one `tertib.yaml`: what each has of its own, what it shares, and where its token comes from."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tertib import settings as reading
from tertib.cli import redact
from tertib.errors import CredentialError, SettingsError
from tertib.model import Limits, Problem, Secret, Settings
from tertib.session import Session

TOKEN = "sk-4f3e2d1c0b9a-of-melati"
OTHER = "sk-a1b2c3d4e5f6-of-mawar"
TEXT = """\
rules: shared/
timezone: Asia/Jakarta
api: {timeout: 20s}
limits: {orders: 100, per_day: {orders: 300}}
caps: {per_day: {orders: 900}}
apply: {batch_size: 20}
vars: {cancel_after: 3d, banks: [bank_transfer]}
protect:
  - tags: {any_of: [hold]}
accounts:
  melati:
    token: {env: MELATI_TOKEN}
    customer_token: {file: secrets/customer}
    rules: [own/, ../shared]
    vars: {cancel_after: 5d}
    protect:
      - tags: {any_of: [vip]}
    limits: {value: 5000000, per_day: {orders: 50}}
    api: {contract: current}
  mawar:
    token: {file: secrets/mawar}
    timezone: Asia/Makassar
"""


def said(text: str) -> list[Problem]:
    """Return what is wrong with a settings file."""
    return list(reading.inspect_all(text.encode(), "tertib.yaml")[1])


def read(place: Path, text: str = TEXT) -> dict[str, Settings]:
    """Read a settings file's accounts by name."""
    (place / "tertib.yaml").write_text(text, encoding="utf-8")
    return {one.account: one for one in reading.read_all(None, {}, place)}


def test_each_account_has_its_own_over_what_all_share(tmp_path: Path) -> None:
    """Blocks are filled key by key, protections are added, rules stand in place of the shared ones."""
    found = read(tmp_path)
    melati, mawar = found["melati"], found["mawar"]
    assert melati.rules == (f"{tmp_path}/own", f"{tmp_path.parent}/shared")
    assert mawar.rules == (f"{tmp_path}/shared",)
    assert melati.limits == Limits(orders=100, value=Decimal(5_000_000), orders_per_day=50)
    assert mawar.limits.orders_per_day == 300
    assert (melati.contract, mawar.contract) == ("current", "auto")
    assert {one.timeout for one in found.values()} == {timedelta(seconds=20)}
    assert (len(melati.protect), len(mawar.protect)) == (2, 1)
    assert len(melati.protect_definition) == 2
    assert (melati.timezone, mawar.timezone) == ("Asia/Jakarta", "Asia/Makassar")
    assert {one.batch_size for one in found.values()} == {20}
    assert melati.ledger == mawar.ledger


def test_values_of_variables_know_whose_they_are(tmp_path: Path) -> None:
    """An account's own value takes the shared one's place, and both know their line."""
    found = read(tmp_path)
    own = found["melati"].vars["cancel_after"]
    shared = found["mawar"].vars["cancel_after"]
    assert (own.value, own.line, own.account) == ("5d", 15, "melati")
    assert (shared.value, shared.line, shared.account) == ("3d", 7, "")
    assert found["melati"].vars["banks"] == found["mawar"].vars["banks"]


def test_one_account_without_accounts_is_as_before(tmp_path: Path) -> None:
    """No account is named, so the environment's own names hold."""
    (one,) = read(tmp_path, "account: toko\nrules: [a, b]\n").values()
    assert (one.account, one.credentials) == ("toko", None)
    assert one.rules == (f"{tmp_path}/a", f"{tmp_path}/b")


@pytest.mark.parametrize(
    ("text", "place", "code", "message"),
    [
        ("account: a\naccounts: {b: }\n", (1, 1), "T609", "exclude each other"),
        ("accounts: {}\n", (1, 11), "T122", "`accounts` is empty"),
        ("accounts: [a]\n", (1, 11), "T117", "`accounts` must be a block of keys"),
        ("accounts: {a b: }\n", (1, 12), "T607", "cannot be an account's name"),
        ("accounts:\n  a: {tokn: x}\n", (2, 7), "T116", "unknown key `tokn`"),
        ("accounts:\n  a: {rule: x}\n", (2, 7), "T116", "unknown key `rule`"),
        ("accounts:\n  a: {ledger: x}\n", (2, 7), "T116", "unknown key `ledger`"),
        ("accounts:\n  a: {limits: {orders: 0}}\n", (2, 24), "T501", "`orders` cannot be `0`"),
        ("limits: {orders: 0}\naccounts:\n  a: {}\n  b: {}\n", (1, 18), "T501", "`orders` cannot be `0`"),
        ("accounts:\n  a: {protect: [{statuss: paid}]}\n", (2, 18), "T201", "unknown field `statuss`"),
        ("accounts:\n  a: {timezone: Mars}\n", (2, 17), "T505", "time zone"),
        ("accounts:\n  a: {vars: {x: {y: 1}}}\n", (2, 17), "T117", "must be"),
        ("vars: {X y: 1}\n", (1, 7), "T125", "`vars` cannot be `X y`"),
    ],
)
def test_mistakes_are_shown_where_they_are_written_once(
    text: str, place: tuple[int, int], code: str, message: str
) -> None:
    """A value at the top is wrong once, however many accounts take it over; an account's own, at its own place."""
    (found,) = said(text)
    assert (found.line, found.column, found.code) == (*place, code)
    assert message in found.message


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (TOKEN, "T602"),
        (f"{{env: {TOKEN}}}", "T610"),
        ("{file: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0}", "T602"),
        ("{env: A, file: b}", "T610"),
        ("{}", "T610"),
        ("{name: A}", "T610"),
        ("{env: [A]}", "T610"),
    ],
)
def test_a_token_in_the_settings_is_refused_and_never_shown(token: str, code: str) -> None:
    """People paste a token where its name belongs: no message and no line of the file repeats it."""
    found = said(f"accounts:\n  a:\n    token: {token}\n")
    assert {one.code for one in found} == {code}
    shown = "".join(f"{one.message}{one.hint}{one.source_line}" for one in found)
    assert TOKEN not in shown
    assert "eyJ" not in shown


def test_two_accounts_cannot_name_one_token() -> None:
    """The second is refused by the settings alone; at another Scalev it is another business."""
    text = "accounts:\n  a: {token: {env: T}}\n  b: {token: {env: T}}\n"
    (found,) = said(text)
    assert (found.line, found.code) == (3, "T611")
    assert said(text.replace("b: {", "b: {api: {base_url: 'https://b.example'}, ")) == []


def test_tokens_come_from_what_each_account_names(tmp_path: Path) -> None:
    """A variable or a 0600 file of its own; SCALEV_TOKEN is nobody's, and the message says so."""
    found = read(tmp_path)
    assert found["mawar"].credentials == {"SCALEV_TOKEN": Secret(file=f"{tmp_path}/secrets/mawar")}
    environ = {"MELATI_TOKEN": TOKEN, "SCALEV_TOKEN": OTHER}
    assert reading.token(environ, "SCALEV_TOKEN", found["melati"]) == TOKEN
    with pytest.raises(CredentialError, match="secrets/mawar"):
        reading.token(environ, "SCALEV_TOKEN", found["mawar"])
    (tmp_path / "secrets").mkdir()
    file = tmp_path / "secrets" / "mawar"
    file.write_text(OTHER, encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(CredentialError, match="others may read"):
        reading.token(environ, "SCALEV_TOKEN", found["mawar"])
    file.chmod(0o600)
    assert reading.token(environ, "SCALEV_TOKEN", found["mawar"]) == OTHER
    with pytest.raises(CredentialError, match="MELATI_TOKEN is not set") as raised:
        reading.token({"SCALEV_TOKEN": OTHER}, "SCALEV_TOKEN", found["melati"])
    assert "SCALEV_TOKEN is not used" in str(raised.value.hint)
    with pytest.raises(CredentialError, match="account `mawar` names no `customer_token`"):
        reading.token(environ, "SCALEV_CUSTOMER_TOKEN", found["mawar"])


def test_what_was_handed_out_is_taken_out_of_messages(tmp_path: Path) -> None:
    """Whatever the variable is called, a traceback does not show its token."""
    reading.token({"MELATI_TOKEN": TOKEN}, "SCALEV_TOKEN", read(tmp_path)["melati"])
    assert TOKEN not in redact.without_secrets(f"refused: {TOKEN}!", {})


def test_equal_tokens_are_refused_without_showing_them() -> None:
    """Two variables that hold one token are one business."""
    one = Settings(account="a", credentials={"SCALEV_TOKEN": Secret(env="A")})
    other = Settings(account="b", credentials={"SCALEV_TOKEN": Secret(env="B")})
    with pytest.raises(CredentialError, match="accounts `a` and `b` have the same token") as raised:
        reading.refuse_shared({"A": TOKEN, "B": f" {TOKEN}\n"}, [one, other])
    assert TOKEN not in f"{raised.value}{raised.value.hint}"
    reading.refuse_shared({"A": TOKEN, "B": OTHER}, [one, other])
    reading.refuse_shared({"A": TOKEN}, [one, other])


def test_an_account_is_chosen_by_name(tmp_path: Path) -> None:
    """Several need a choice; a name that is none is answered with those that are."""
    read(tmp_path)
    assert reading.read(None, {}, tmp_path, "mawar").account == "mawar"
    with pytest.raises(SettingsError, match="which account is meant"):
        reading.read(None, {}, tmp_path)
    with pytest.raises(SettingsError, match="there is no account `mawra`") as raised:
        reading.read(None, {}, tmp_path, "mawra")
    assert "mawar" in str(raised.value.hint)


def test_sessions_of_a_project_share_nothing_that_holds_orders(tmp_path: Path) -> None:
    """Budget, clients and settings are each account's own; the clock is one."""
    read(tmp_path)
    environ = {"MELATI_TOKEN": TOKEN}
    melati = Session(None, environ, tmp_path, account="melati")
    mawar = Session(None, environ, tmp_path, account="mawar", project=melati.project)
    assert melati.clock is mawar.clock
    assert melati.budget is not mawar.budget
    assert melati.settings.account == "melati"
    assert mawar.settings.account == "mawar"
    mawar.close()
    melati.close()
