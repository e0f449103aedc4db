"""What tests of metrics and health start from."""

from __future__ import annotations

from shopfloor import floor

__all__ = ["floor"]
