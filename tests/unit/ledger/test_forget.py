"""Personal data forgotten by age: gone from every table, while chain, counts and what was done stay."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from tertib.errors import LeaseLost, PlanRefused
from tertib.ledger import schema
from tertib.ledger.forget import FORGOTTEN, Forgotten
from tertib.model import Change, State

ACCOUNT = "default"
HOLDER, NOTE = "Budi Santoso", "call 6281234567889 first"
NOTHING = Forgotten(plans=0, changes=0, requests=0, holds=0, approvals=0)


def paid(desk: Any, ledger: Any, key: int = 7) -> Change:
    """Do a whole run whose change carries a personal value, masked as its plan has it."""
    mask = {"fingerprint": ledger.fingerprint(HOLDER), "mask": "B•••"}
    change: Change = desk.change(key, set={"payment_status": "paid", "payment_account_holder": mask})
    run = desk.begin(ledger, change)
    body = {"payment_status": "paid", "payment_account_holder": HOLDER}
    claim = desk.send(ledger, run, change, body=body)
    desk.answer(ledger, claim, "answered", State.CONFIRMED, change)
    desk.end(ledger, run)
    return change


@pytest.fixture
def aged(desk: Any) -> Any:
    """Give a ledger with a run and two holds of half a year ago."""
    ledger = desk.open()
    paid(desk, ledger)
    ledger.hold(ACCOUNT, "order-8", None, NOTE, desk.now)
    ledger.hold(ACCOUNT, "order-9", desk.now + timedelta(days=3), NOTE, desk.now)
    desk.later(days=200)
    return ledger


def before(desk: Any) -> Any:
    """Return the instant before which things are forgotten."""
    return desk.now - timedelta(days=180)


def everything(ledger: Any) -> str:
    """Return all that all tables hold, as text."""
    with ledger._database.reading() as connection:
        rows = [connection.execute(select(table)).all() for table in schema.metadata.sorted_tables]
    return repr(rows)


def test_what_would_be_forgotten_is_counted_first(aged: Any, desk: Any) -> None:
    """Counting changes nothing, and forgetting does what was counted."""
    seen = everything(aged)
    found = aged.forgettable(ACCOUNT, before(desk))
    assert found == Forgotten(plans=1, changes=1, requests=1, holds=1, approvals=0)
    assert found.rows == 4
    assert everything(aged) == seen
    assert aged.forget(ACCOUNT, before(desk), "rina", desk.now) == found
    assert aged.forgettable(ACCOUNT, before(desk)) == NOTHING


def test_nothing_personal_stays(aged: Any, desk: Any) -> None:
    """No fingerprint, no mask, no trace, no note; a hold that still stands keeps its reason."""
    secret = aged.fingerprint(HOLDER)
    assert secret in everything(aged)
    aged.forget(ACCOUNT, before(desk), "rina", desk.now)
    left = everything(aged)
    assert secret not in left
    assert "B•••" not in left
    assert "B\\\\u2022" not in left
    assert "older_than" not in left
    assert [hold.why for hold in aged.holds(ACCOUNT, desk.now)] == [NOTE]
    assert left.count(NOTE) == 1


def test_what_was_done_stays(aged: Any, desk: Any) -> None:
    """The run, its order, its plain values, its money and its end are told as before."""
    aged.forget(ACCOUNT, before(desk), "rina", desk.now)
    change = aged.changes_of(ACCOUNT, "order-7")[0]
    assert (change.state, change.order_id, str(change.value)) == ("confirmed", "order-7", "168724.00")
    assert change.set == {"payment_status": "paid", "payment_account_holder": FORGOTTEN}
    assert change.before == {"status": "pending", "payment_status": "unpaid"}
    assert (change.trace, change.why) == ((), "")
    document = aged.plan_document("plan-1")
    assert document["changes"][0]["set"]["payment_account_holder"] == FORGOTTEN
    assert document["changes"][0]["reasons"] == []
    request = aged.run_details("default-1").requests[0]
    assert request.body == {"payment_status": "paid", "payment_account_holder": FORGOTTEN}
    assert request.ids == (7,)


def test_what_is_forgotten_is_not_taken_for_a_persons_change(aged: Any, desk: Any) -> None:
    """The order is still compared by what is known of it, and by nothing else."""
    aged.forget(ACCOUNT, before(desk), "rina", desk.now)
    known = aged.history(ACCOUNT, {"7": "order-7"}, desk.now).confirmed["7"]
    assert [one.values for one in known] == [{"payment_status": "paid"}]


def test_the_chain_stays_whole_and_tells_of_it(aged: Any, desk: Any) -> None:
    """Not a record is touched; one is added, with who, how much and how old."""
    seen = aged.checkpoint(ACCOUNT)
    aged.forget(ACCOUNT, before(desk), "rina", desk.now)
    assert aged.verify_audit(ACCOUNT, seen).ok
    last = list(aged.audit_records(ACCOUNT))[-1]
    assert (last.seq, last.kind) == (seen.seq + 1, "data_forgotten")
    assert last.facts["who"] == "rina"
    assert (last.facts["plans"], last.facts["changes"], last.facts["holds"]) == (1, 1, 1)


def test_what_is_young_or_open_is_kept(desk: Any) -> None:
    """A change of unknown outcome keeps what reading it back is compared with, however old it is."""
    ledger = desk.open()
    change = desk.change(1, set={"payment_status": "paid", "payment_account_holder": HOLDER})
    run = desk.begin(ledger, change)
    desk.send(ledger, run, change)
    desk.end(ledger, run)
    desk.later(days=200)
    paid(desk, ledger, 2)
    ledger.forget(ACCOUNT, before(desk), "rina", desk.now)
    secret = {"fingerprint": ledger.fingerprint(HOLDER)}
    assert ledger.unsettled(ACCOUNT)[0].set["payment_account_holder"] == secret
    assert (
        ledger.history(ACCOUNT, {"2": "order-2"}, desk.now).confirmed["2"][0].values["payment_account_holder"]
        == secret
    )
    assert ledger.run_details(run).requests[0].message is None


def test_another_accounts_data_is_kept(aged: Any, desk: Any) -> None:
    """Each account forgets for itself."""
    assert aged.forgettable("second", before(desk)) == NOTHING
    assert aged.forget("second", before(desk), "rina", desk.now) == NOTHING
    assert aged.forgettable(ACCOUNT, before(desk)).rows == 4


def test_many_rows_are_forgotten_a_few_at_a_time(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are, each once."""
    monkeypatch.setattr("tertib.ledger.forget.CHUNK", 2)
    ledger = desk.open()
    desk.confirm(ledger, *desk.changes(5))
    desk.later(days=181)
    assert ledger.forget(ACCOUNT, before(desk), "rina", desk.now).changes == 5
    with ledger._database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM changes WHERE trace IS NULL")) == 5


def test_nothing_is_forgotten_under_a_run(aged: Any, desk: Any) -> None:
    """A run that is at work may rest on it; when it has ended, its time comes."""
    change = desk.change(3)
    run = desk.begin(aged, change)
    with pytest.raises(LeaseLost, match=f"run `{run}` is at work"):
        aged.forget(ACCOUNT, before(desk), "rina", desk.now)
    desk.end(aged, run)
    assert aged.forget(ACCOUNT, before(desk), "rina", desk.now).rows == 4


def test_a_plan_whose_reasons_are_forgotten_is_not_applied(desk: Any) -> None:
    """It could not be checked any more against what was decided."""
    ledger = desk.open()
    plan = desk.save(ledger, desk.change(1))
    desk.later(days=181)
    ledger.forget(ACCOUNT, before(desk), "rina", desk.now)
    with pytest.raises(PlanRefused, match=r"was forgotten by `tertib ledger prune`"):
        ledger.begin(ACCOUNT, plan.plan_id, kind="apply", slots=(), now=desk.now)


def test_a_plan_that_may_still_be_applied_is_kept(desk: Any) -> None:
    """It waits for a person, or for whoever applies it; once its time is over it is forgotten like any other."""
    ledger = desk.open()
    waits, approved = (desk.save(ledger, desk.change(n, rule=f"rule-{n}")) for n in range(2))
    for plan in (waits, approved):
        ledger.ask_approval(plan, "it is new", desk.now + timedelta(days=30), desk.now)
    ledger.approvals.approve(ACCOUNT, approved.plan_id, who="budi", now=desk.now)
    before = desk.later(days=1)
    assert ledger.forget(ACCOUNT, before, "budi", desk.now).plans == 0
    run = ledger.begin(ACCOUNT, approved.plan_id, kind="approved", slots=(), now=desk.now)
    desk.end(ledger, run)
    assert ledger.forget(ACCOUNT, before, "budi", desk.now).plans == 1
    after = desk.later(days=40)
    assert ledger.forget(ACCOUNT, after, "budi", desk.now).plans == 1


def test_a_decision_keeps_no_note(desk: Any) -> None:
    """What a person wrote when a plan was decided on goes with the rest."""
    ledger = desk.open()
    plan = desk.save(ledger, desk.change(1))
    desk.execute(
        "INSERT INTO approvals (plan, account, rules, changes, value, why, asked_at, expires_at, state, note)"
        " SELECT id, account, '[]', 1, '0', :note, created_at, created_at, 'rejected', :note FROM plans",
        note=NOTE,
    )
    desk.later(days=181)
    assert ledger.forget(ACCOUNT, before(desk), "rina", desk.now).approvals == 1
    assert NOTE not in everything(ledger)
    assert ledger.forgettable(ACCOUNT, before(desk)) == NOTHING
    assert plan.plan_id in everything(ledger)


def test_no_page_of_the_file_remembers(files: Any, tmp_path: Path) -> None:
    """SQLite writes over what it frees, and its log is emptied: the bytes are gone, not only the rows."""
    ledger = files.open()
    paid(files, ledger)
    secret = ledger.fingerprint(HOLDER).encode()

    def written() -> bytes:
        return b"".join(path.read_bytes() for path in sorted(tmp_path.glob("tertib.db*")))

    assert secret in written()
    files.later(days=181)
    ledger.forget(ACCOUNT, before(files), "rina", files.now)
    assert secret not in written()
