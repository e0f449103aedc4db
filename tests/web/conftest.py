"""What every test of the pages starts from."""

from __future__ import annotations

from pages import laid_out, shop, world

__all__ = ["laid_out", "shop", "world"]
