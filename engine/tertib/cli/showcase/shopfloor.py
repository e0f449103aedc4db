"""What happens at the invented shop while its days are shown: buyers order and promise, parcels arrive, staff look at proofs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from tertib.cli.showcase.scene import Scene
from tertib.sandbox.clock import read_instant

_PROMISED: Final = "janji-bayar"
"""The tag of who promised to pay: the plan that waits has such orders, and a person would not cancel them."""

_ON_THE_WAY: Final = frozenset({"on_process", "on_delivery", "pickup"})
_PARCELS, _PROOFS, _DOWNLOADS = 4, 2, 2
_BEFORE_COMPLETING: Final = timedelta(days=2)

Fields = Mapping[str, Any]


def order(scene: Scene, **said: Any) -> None:
    """Let a buyer order by transfer, with what is said of it."""
    plain = {
        "status": "pending",
        "payment_status": "unpaid",
        "payment_method": "bank_transfer",
        "created_at": scene.now,
        "pending_time": scene.now,
    }
    scene.served.shop.add({**plain, **said})


def odd_orders(scene: Scene) -> None:
    """Let a courier's receipt stand on two orders that nobody paid: cancelling them is vetoed."""
    for number, money in enumerate((189_000, 415_000), start=1):
        since = scene.now - timedelta(days=2, hours=number)
        order(
            scene, created_at=since, pending_time=since, shipment_receipt=f"JP00{number}", gross_revenue=money
        )


def promises(scene: Scene) -> None:
    """Let buyers order who then promise to pay, one of them for much money, beside others who just do not pay."""
    for money in (1_250_000, 385_000, 12_400_000, 640_000):
        order(scene, tags=[_PROMISED], gross_revenue=money)
    for money in (149_000, 98_000, 275_000, 199_000, 325_000):
        order(scene, gross_revenue=money)


def a_day(scene: Scene) -> None:
    """Let parcels arrive, staff tag proofs of transfer that they checked, and downloads be sent."""
    before = scene.now - _BEFORE_COMPLETING

    def arrives(one: Fields) -> bool:
        shipped = read_instant(one.get("shipped_time"))
        on_the_way = one.get("status") == "shipped" and one.get("shipment_status") in _ON_THE_WAY
        return on_the_way and shipped is not None and shipped < before

    for ref in _some(scene, arrives, _PARCELS):
        scene.served.shop.edit(ref, {"shipment_status": "delivered"}, by="courier")
    for ref in _some(scene, _has_proof, _PROOFS):
        scene.served.shop.edit(ref, {"tags": ["bukti-ok"]}, by="rina")
    for ref in _some(scene, _is_download, _DOWNLOADS):
        scene.served.shop.edit(ref, {"status": "shipped"}, by="rina")


def _has_proof(one: Fields) -> bool:
    unpaid = (one.get("status"), one.get("payment_status")) == ("pending", "unpaid")
    return unpaid and bool(one.get("transferproof_url")) and not one.get("tags")


def _is_download(one: Fields) -> bool:
    paid = (one.get("status"), one.get("payment_status")) == ("confirmed", "paid")
    return paid and one.get("courier_service") is None and one.get("total_weight") == 0


def _some(scene: Scene, fits: Callable[[Fields], bool], most: int) -> list[int | str]:
    """Return the first orders of the shop that fit."""
    return list(_fitting(scene, fits))[:most]


def _fitting(scene: Scene, fits: Callable[[Fields], bool]) -> Iterator[int | str]:
    shop = scene.served.shop
    with shop.lock:
        for one in shop.shelf:
            if one.shown_id is not None and fits(one.fields):
                yield one.shown_id
