"""Where the starter rules and the schemas lie: inside the wheel, or at the root of a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def rules() -> Path:
    """Return the directory of the starter rules; raises FileNotFoundError for a broken installation."""
    return _find("rules")


def schemas() -> Path:
    """Return the directory of the JSON Schemas; raises FileNotFoundError for a broken installation."""
    return _find("schemas")


def _find(name: str) -> Path:
    # the wheel carries them beside the code (pyproject: force-include); a checkout has them two levels above it
    for place in (_PACKAGE / "shipped" / name, _PACKAGE.parent.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"this installation of Tertib lacks its `{name}` directory")
