"""On PostgreSQL one account's transaction neither sees nor writes another's rows, for a role that owns no table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, create_engine, inspect, make_url, text
from sqlalchemy.exc import ProgrammingError

from tertib.errors import LedgerError
from tertib.ledger import SqlLedger
from tertib.ledger.database import EVERY_ACCOUNT, Database
from tertib.ledger.grants import _statements as granted
from tertib.ledger.grants import apply, statements
from tertib.ledger.schema import metadata
from tertib.model import State

OTHERS = sorted(table.name for table in metadata.sorted_tables if "account" in table.c)
"""Every table whose rows are an account's."""


@pytest.fixture
def role(postgresql_url: str) -> Iterator[str]:
    """Make a role that may log in, owns nothing and is no superuser."""
    name, engine = f"clerk_{uuid4().hex[:12]}", create_engine(postgresql_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'clerk' NOSUPERUSER NOBYPASSRLS"))
    yield name
    with engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {name}; DROP ROLE {name}"))


@pytest.fixture
def clerk(desk_at: Any, postgresql_url: str, role: str) -> Iterator[Any]:
    """Give a desk of that role at a ledger in which accounts `default` and `other` have done the same things."""
    owner = desk_at(postgresql_url)
    for account in ("default", "other"):
        with owner.open() as ledger:
            work(owner, ledger, account)
    database = Database(postgresql_url)
    apply(database, role)
    database.close()
    url = make_url(postgresql_url).set(username=role, password="clerk")
    desk = desk_at(url.render_as_string(hide_password=False))
    yield desk
    desk.close()
    owner.close()


def work(desk: Any, ledger: SqlLedger, account: str, order: int = 1) -> None:
    """Leave rows of an account in most tables."""
    change = desk.change(order)
    plan = desk.save(ledger, change, account=account)
    run = ledger.begin(account, plan.plan_id, kind="apply", slots=(), now=desk.now)
    ledger.intend(run, [change], [desk.document(change)], desk.now)
    claim = desk.send(ledger, run, change)
    desk.answer(ledger, claim, "answered", State.CONFIRMED, change)
    desk.end(ledger, run)
    ledger.hold(account, "order-9", None, "wait", desk.now)
    ledger.release(account, "order-1", desk.now)
    ledger.save_scan_sizes(account, {"scan": 3}, desk.now)
    ledger.slot_open(account, "cancel", desk.now, desk.now)
    ledger.ask_approval(desk.save(ledger, change, account=account), "new", desk.later(hours=1), desk.now)
    ledger.pausing.pause(account, "another", who="ani", why="w", until=None, now=desk.now)


def seen(url: str, account: str | None, statement: str) -> list[Any]:
    """Return what a statement gives in a transaction that names an account."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        if account is not None:
            connection.execute(text("SELECT set_config('tertib.account', :it, true)"), {"it": account})
        found = connection.execute(text(statement))
        return list(found) if found.returns_rows else [found.rowcount]


def test_no_account_sees_another(clerk: Any) -> None:
    """Raw SQL without any condition gives the rows of the account that the transaction names, and of no other."""
    for table in OTHERS:
        accounts = {row.account for row in seen(clerk.url, "default", f"SELECT account FROM {table}")}  # noqa: S608 - our own table names
        assert accounts <= {"default"}, table
        assert seen(clerk.url, None, f"SELECT 1 FROM {table}") == [], table  # noqa: S608 - our own table names
        assert seen(clerk.url, "nobody", f"SELECT 1 FROM {table}") == [], table  # noqa: S608 - our own table names
    for table in ("plans", "runs", "changes", "requests", "holds", "slots", "audit", "approvals", "pauses"):
        for account in ("default", "other"):
            assert seen(clerk.url, account, f"SELECT 1 FROM {table}"), (table, account)  # noqa: S608 - our own table names


def test_no_account_writes_anothers_rows(clerk: Any) -> None:
    """An update of everything reaches the account's own rows; none can be handed to another account, or added to it."""
    for table in sorted(set(OTHERS) - {"audit"}):
        mine = seen(clerk.url, "default", f"SELECT 1 FROM {table}")  # noqa: S608 - our own table names
        assert seen(clerk.url, "default", f"UPDATE {table} SET account = account") == [len(mine)], table  # noqa: S608 - our own table names
        if mine:
            with pytest.raises(ProgrammingError, match="row-level security"):
                seen(clerk.url, "default", f"UPDATE {table} SET account = 'other'")  # noqa: S608 - our own table names
    row = "INSERT INTO releases (account, order_key, at) VALUES ('other', '1', now())"
    with pytest.raises(ProgrammingError, match="row-level security"):
        seen(clerk.url, "default", row)


def test_the_audit_log_is_only_added_to(clerk: Any) -> None:
    """The role that works can write records, and neither change nor remove them."""
    for statement in ("UPDATE audit SET body = ''", "DELETE FROM audit", "DROP TABLE audit"):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            seen(clerk.url, "default", statement)


def test_the_tick_sees_little_and_writes_less(clerk: Any) -> None:
    """Over all accounts: their names, what is due and the schedules; nothing of orders, plans or the log."""
    every = EVERY_ACCOUNT
    assert {row.account for row in seen(clerk.url, every, "SELECT account FROM accounts")} == {
        "default",
        "other",
    }
    for table in sorted(set(OTHERS) - {"accounts", "schedules"}):
        assert seen(clerk.url, every, f"SELECT 1 FROM {table}") == [], table  # noqa: S608 - our own table names
    with pytest.raises(ProgrammingError, match="row-level security"):
        seen(clerk.url, every, "UPDATE accounts SET epoch = 0")
    slot = "INSERT INTO slots (key, account, rule, slot_at, state, note, opened_at)"
    seen(clerk.url, every, f"{slot} VALUES ('k1', 'other', 'r', now(), 'due', '', now())")
    with pytest.raises(ProgrammingError, match="row-level security"):
        seen(clerk.url, every, f"{slot} VALUES ('k2', 'other', 'r', now(), 'done', '', now())")


def test_the_work_itself_goes_on_under_the_role(clerk: Any) -> None:
    """A ledger of one account does all that it does for its owner, and sees its own alone."""
    with clerk.open(account="default") as ledger:
        clerk.later(hours=1)
        clerk.plans = 100
        work(clerk, ledger, "default", 2)
        assert ledger.verify_audit("default").ok
        assert ledger.accounts() == ("default", "other")
        assert ledger.verify_audit("other").records == 0
        assert ledger.plans("other") == ()
        ledger.pausing.pause_everything("default", who="ani", why="w", until=None, now=clerk.now)
    with clerk.open(account="other") as ledger:
        assert [record.kind for record in ledger.audit_records("other")][-1] == "paused"
        assert [pause.account for pause in ledger.pauses("other", clerk.now)] == [None, "other"]


def test_every_table_of_accounts_is_kept_apart(desk_at: Any, postgresql_url: str) -> None:
    """A table that gets an account column gets its policy too, and holds its owner to it."""
    with desk_at(postgresql_url).open():
        engine = create_engine(postgresql_url, poolclass=NullPool)
        with engine.connect() as connection:
            kept = connection.execute(
                text(
                    "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
                    " AND relnamespace = current_schema()::regnamespace"
                )
            )
            assert sorted(kept.scalars()) == OTHERS
            assert "tertib_schema" in inspect(connection).get_table_names()


def test_a_file_and_a_strange_name_have_no_grants(files: Any, postgresql_url: str, desk_at: Any) -> None:
    """Nothing is printed that would not work, or that would do something else."""
    files.open()
    with pytest.raises(LedgerError, match="no roles"):
        statements(Database(files.url), "clerk")
    desk_at(postgresql_url).open().close()
    with pytest.raises(LedgerError, match="cannot be a role's name"):
        statements(Database(postgresql_url), 'x"; DROP TABLE audit; --')


def test_the_queues_tables_are_granted_where_there_are_any(
    desk_at: Any, postgresql_url: str, role: str
) -> None:
    """A role that works may ring the bell too; a ledger without a queue asks for nothing of it."""
    desk = desk_at(postgresql_url)
    desk.open().close()
    database = Database(postgresql_url)
    with database.reading() as connection:
        assert not any("procrastinate_" in line for line in granted(connection, role))
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE procrastinate_jobs (id int)"))
        assert any(line.endswith(f'procrastinate_jobs TO "{role}";') for line in granted(connection, role))
        connection.execute(text("DROP TABLE procrastinate_jobs"))
    database.close()
    desk.close()
