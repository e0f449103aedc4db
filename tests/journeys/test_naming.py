"""Orders as people type them: in small letters, with a `#`, with blanks, by an id, or wrongly."""

from __future__ import annotations

import json

import pytest

from project import Project
from tertib.session import Session

WAYS = (str.lower, "#{}".format, " {} ".format, " # {}".format)


@pytest.mark.parametrize("number", range(len(WAYS)))
def test_a_hold_holds_the_order_that_was_meant(project: Project, number: int) -> None:
    """However the number is typed, the hold stands under the number that plans look for, and ends like it began."""
    name = project.served.shop.order(project.unpaid(1)[0])["order_id"]
    typed = WAYS[number](name)
    held = project.json("hold", typed, "--why", "the buyer called")
    assert (held["order"], held["verified"], held["doubt"]) == (name, True, None)
    assert [one["code"] for one in project.json("plan")["held"]] == ["on_hold"]
    assert [one["ref"] for one in project.json("why", typed)["holds"]] == [name]
    assert project.json("explain", "cancel-unpaid", typed)["order_id"] == name

    released = project.json("release", typed)
    assert (released["order"], released["hold_ended"]) == (name, True)
    assert len(project.json("plan")["changes"]) == 1


def test_a_hold_of_no_order_is_refused(project: Project) -> None:
    """A typing mistake is said, and nothing is put on hold."""
    refused = project.json("hold", "TIDAKADA", code=1)
    assert refused["error"] == "neither Scalev nor the record has an order `TIDAKADA`"
    assert project.run("hold", " # ").returncode == 2
    assert project.json("hold", "--list")["holds"] == []


def test_a_hold_works_where_scalev_cannot_be_asked(project: Project) -> None:
    """The hold stands under the number as Scalev would write it, with a warning that nobody checked it."""
    name = project.served.shop.order(project.unpaid(1)[0])["order_id"]
    done = project.run("hold", f"#{name.lower()}", "--json", SCALEV_TOKEN="")
    assert done.returncode == 0
    assert f"warning: nobody could check that there is an order {name}: no token" in done.stderr
    assert json.loads(done.stdout)["verified"] is False
    assert [one["code"] for one in project.json("plan")["held"]] == ["on_hold"]


@pytest.mark.parametrize("name", ["987654321", "6f9619ff-8b86-d011-b42d-00c04fc964ff"])
def test_a_hold_of_an_id_that_nobody_knows_is_doubted(project: Project, name: str) -> None:
    """Scalev finds no order by its id, so the hold stands, and the person is told that it may hold nothing."""
    done = project.run("hold", name.upper(), "--json")
    assert (done.returncode, json.loads(done.stdout)["order"]) == (0, name)
    assert "Scalev finds orders by their number alone" in done.stderr


def test_the_record_knows_an_order_by_its_id(project: Project) -> None:
    """What a run decided about an order gives its number, also where Scalev cannot be asked."""
    order = project.unpaid(1)[0]
    name = project.served.shop.order(order)["order_id"]
    run = project.json("run")["run_id"]
    done = project.run("hold", f"#{order}", "--json", SCALEV_TOKEN="")
    assert json.loads(done.stdout)["order"] == name
    told = project.json("explain", "cancel-unpaid", name.lower(), "--run", run)
    assert (told["order_id"], told["run"]["state"]) == (name, "previewed")


def test_parts_of_a_plan_and_of_a_run_are_picked_as_people_type(project: Project) -> None:
    """`--only` and `--except` of `apply` and `undo` find orders in small letters, and refuse what is none of them."""
    project.rule(
        "name: confirm\nquery: {status: pending}\nconditions: []\naction: {status: confirmed}\nmode: MODE\n"
    )
    names = [project.served.shop.order(one)["order_id"] for one in project.unpaid(3)]
    project.json("plan", "--out", "plan.json")
    assert (
        "`NEVER` is not among"
        in project.json("apply", "plan.json", "--yes", "--only", "never", code=1)["error"]
    )
    picked = ("--only", f"#{names[0].lower()}", "--only", names[1], "--except", f" {names[1].lower()}")
    run = project.json("apply", "plan.json", "--yes", *picked)
    assert [one["order_id"] for one in run["outcomes"]] == [names[0]]
    back = project.json("undo", run["run_id"], "--only", names[0].lower())
    assert [one["order_id"] for one in back["changes"]] == [names[0]]


def test_an_order_from_a_file_is_found_as_people_type(project: Project) -> None:
    """An order in a file is named like any other."""
    order = project.served.shop.order(project.unpaid(1)[0])
    (project.place / "orders.json").write_text(json.dumps({"data": [order]}, default=str), encoding="utf-8")
    typed = f"#{order['order_id'].lower()}"
    assert project.json("explain", "cancel-unpaid", typed, "--from", "orders.json")["verdict"] == "true"


def test_a_hold_under_a_name_in_small_letters_can_be_released(project: Project) -> None:
    """What an earlier release of Tertib kept as it was typed ends by the order's number."""
    opened = Session(environ=project.environ, directory=project.place)
    opened.ledger.hold("default", "261118fhxuvw", None, "as it was typed", opened.time.now())
    opened.close()
    assert project.json("release", "261118FHXUVW")["hold_ended"] is True
