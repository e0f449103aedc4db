from __future__ import annotations

import json
from pathlib import Path

import pytest

from tertib import shipped


def test_a_checkout_has_rules_and_schemas() -> None:
    """Prove that both directories are found at the root of a checkout, and hold what they should."""
    assert (shipped.schemas() / "rule.schema.json").is_file()
    assert list(shipped.rules().rglob("*.yaml"))


def test_a_wheel_has_them_beside_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prove that what lies inside the package is preferred, as it does in a wheel."""
    package = tmp_path / "site-packages" / "tertib"
    (package / "shipped" / "rules").mkdir(parents=True)
    (package.parent.parent / "rules").mkdir()
    monkeypatch.setattr(shipped, "_PACKAGE", package)
    assert shipped.rules() == package / "shipped" / "rules"
    with pytest.raises(FileNotFoundError, match="`schemas`"):
        shipped.schemas()


@pytest.mark.parametrize("name", ["rule", "rule-test", "settings", "plan"])
def test_every_schema_is_a_schema(name: str) -> None:
    """Prove that each file is valid JSON Schema 2020-12."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only here

    schema = json.loads((shipped.schemas() / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
