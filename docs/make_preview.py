"""Draw `docs/preview.svg`: the preview that `tertib plan` prints, of a small invented shop.

Run it again after the preview's looks have changed:

    python docs/make_preview.py
"""  # noqa: INP001 - a script, no package

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from tertib import load, pipeline, shipped
from tertib.cli import Choices, context, preview
from tertib.sandbox.server import serve
from tertib.sandbox.shop import Shop

TARGET = Path(__file__).parent / "preview.svg"
SHOWN = ("cancel-unpaid-transfer", "mark-paid-bukti-ok", "complete-delivered")
ORDERS = 72
WIDTH = 150
FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def main() -> None:
    """Plan three starter rules on the invented shop and save what the terminal would show."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), highlight=False, markup=False, emoji=False
    )
    shop = Shop(seed=11, orders=ORDERS, contract="seeds")
    with tempfile.TemporaryDirectory() as place, serve(shop) as served:
        environ = {"SCALEV_BASE_URL": served.url, "SCALEV_TOKEN": served.business_token}
        opened = context.Session(Choices(), environ, Path(place))
        try:
            draw(opened, console)
        finally:
            opened.close()
    svg = console.export_svg(title="tertib plan rules")
    # the font is the reader's own: a page of documentation fetches nothing from elsewhere
    TARGET.write_text(FONT_FACE.sub("", svg), "utf-8")


def draw(opened: context.Session, console: Console) -> None:
    """Print the preview of the chosen rules on a console."""
    found = load.load([shipped.rules()], opened.settings).rules
    plan = pipeline.plan(
        [rule for rule in found if rule.name in SHOWN],
        opened.settings,
        reader=opened.reader,
        ledger=opened.ledger,
        clock=opened.clock,
        mask=opened.mask,
    )
    preview.show(plan, console, zone=opened.settings.timezone, now=plan.now)


if __name__ == "__main__":
    main()
