"""The project that is shown: starter rules, each with a mode and a schedule of its own, and settings for an invented shop."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tertib import shipped

SHOWN: Final[Mapping[str, Mapping[str, str]]] = {
    "cancel-unpaid-transfer": {"mode": "approve", "schedule": '"0 */12 * * *"'},
    "return-to-sender": {"mode": "approve", "schedule": '"30 */12 * * *"'},
    # it asks once, as every new rule does, and acts by itself from then on
    "complete-delivered": {"mode": "apply", "schedule": '"20 */6 * * *"'},
    "complete-digital-paid": {"mode": "apply", "schedule": '"20 */6 * * *"', "first_run": "apply"},
    "mark-paid-bukti-ok": {"mode": "apply", "schedule": '"40 */6 * * *"', "first_run": "apply"},
    "cancel-probable-spam": {
        "mode": "apply",
        "schedule": '"50 */6 * * *"',
        "first_run": "apply",
        "trust": "[is_probably_spam]",
    },
    "cancel-abandoned-draft": {
        "mode": "apply",
        "schedule": '"10 */12 * * *"',
        "first_run": "apply",
        "limits": "{orders: 6}",
    },
    "close-shipped-without-ending": {"mode": "preview", "schedule": '"15 */12 * * *"'},
}
"""The rules, and what each says otherwise than the starter rule of its name: top-level keys with their YAML."""

_SETTINGS: Final = """\
# A shop that exists only while `tertib demo --web` runs. Edit a rule beside this file: it is taken over within a minute.
api: {base_url: BASE_URL}
rules: rules/
timezone: Asia/Jakarta
limits: {orders: 200, value: 50000000, per_day: {orders: 500}}
web:
  order_url: ORDER_URL
"""


def lay_out(place: Path, base_url: str) -> None:
    """Write settings and rules into a directory; `base_url` is where the invented shop is served."""
    settings = _SETTINGS.replace("BASE_URL", json.dumps(base_url))
    order_url = json.dumps(f"{base_url}/_sandbox/orders/{{order_id}}")
    (place / "tertib.yaml").write_text(settings.replace("ORDER_URL", order_url), encoding="utf-8")
    (place / "rules").mkdir()
    for file in sorted(shipped.rules().rglob("*.yaml")):
        name = file.name.removesuffix(".yaml").removesuffix(".test")
        if name in SHOWN:
            written = file.read_text(encoding="utf-8")
            if not file.name.endswith(".test.yaml"):
                written = _saying(written, SHOWN[name])
            (place / "rules" / file.name).write_text(written, encoding="utf-8")


def _saying(rule: str, otherwise: Mapping[str, str]) -> str:
    """Return a rule that says these top-level keys otherwise than it did; each stands in one line of it."""
    named = "|".join(map(re.escape, otherwise))
    kept = re.sub(rf"(?m)^(?:{named}):.*\n", "", rule)
    return kept + "".join(f"{key}: {value}\n" for key, value in otherwise.items())
