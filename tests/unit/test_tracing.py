"""Traces of a real run against the sandbox: the right spans below each other, and nothing of any order in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tertib import tracing

PROGRAM = """
import json, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

kept = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
from tertib.cli import main

code = main(["demo", "--json"])
spans = kept.get_finished_spans()
names = {span.context.span_id: span.name for span in spans}
pairs = sorted({(names.get(span.parent.span_id, "?") if span.parent else "", span.name) for span in spans})
print("SPANS", json.dumps({"code": code, "pairs": pairs, "all": [json.loads(span.to_json()) for span in spans]}))
"""


def test_a_run_is_a_trace(tmp_path: Path, checkout: Path) -> None:
    """Pages stand below their scan, requests below their batch, and attributes are accounts, runs and counts."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(checkout / "engine")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    (line,) = [one for one in done.stdout.splitlines() if one.startswith("SPANS ")]
    found = json.loads(line.removeprefix("SPANS "))
    assert found["code"] == 0, done.stderr
    pairs = {tuple(one) for one in found["pairs"]}
    assert {
        ("tertib.scan", "tertib.page"),
        ("", "tertib.apply"),
        ("tertib.apply", "tertib.batch"),
        ("tertib.batch", "tertib.change_status"),
    } <= pairs
    attributes = {name for span in found["all"] for name in span["attributes"]}
    assert attributes == {"tertib.account", "tertib.run", "tertib.orders"}
    assert not any(span["events"] or span["links"] for span in found["all"])


def test_without_opentelemetry_nothing_is_made() -> None:
    """Decorated work is called as it is, and a span that nobody sees can be begun, used and ended."""
    tracing._api.cache_clear()
    before = sys.modules.get("opentelemetry", ...)
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]  # that is how Python is told that a module is not there
    try:
        assert tracing._api() is None
        assert tracing.traced("tertib.run")(lambda one: one + 1)(1) == 2
        span = tracing.Span("tertib.scan", tracing.here())
        with span.current():
            tracing.note(account="toko")
        span.end(orders=1)
    finally:
        tracing._api.cache_clear()
        del sys.modules["opentelemetry"]
        if before is not ...:
            sys.modules["opentelemetry"] = before
