"""Rules-as-code for Scalev orders: load rules, plan what they would do, apply exactly that, explain it.

with tertib.open_shop("tertib.yaml") as shop:
    rules = shop.load(["rules"])
    plan = shop.plan(rules)
    run = shop.apply(plan)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tertib.shop import Shop, open_shop

__version__ = "0.1.0"
__all__ = ["Shop", "__version__", "open_shop"]


def __getattr__(name: str) -> Any:
    """Import the public names when they are first asked for, so that `tertib --help` stays light."""
    if name in {"Shop", "open_shop"}:
        from tertib import shop  # noqa: PLC0415 - see above

        return getattr(shop, name)
    raise AttributeError(f"module `tertib` has no attribute `{name}`")
