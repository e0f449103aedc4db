"""Traces of the work for OpenTelemetry, where its package is installed; nothing at next to no cost where it is not.

Spans: `tertib.run` or `tertib.apply`, below it `tertib.scan` with its `tertib.page`s, and `tertib.batch` with its
`tertib.change_status`. They hold accounts, ids of runs, counts and statuses; nothing of an order, no parameter, no URL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, wraps
from typing import Any, Final, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_NOTHING: Final[AbstractContextManager[None]] = nullcontext()


@cache
def _api() -> Any:
    """Return OpenTelemetry's module for traces, None where it is not installed; looked for once, at the first span."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra, and only for who does something worth a span
    except ImportError:
        return None
    return trace


def traced(name: str) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Return a decorator that makes each call a span, below the one that is current."""

    def decorate(work: Callable[_P, _T]) -> Callable[_P, _T]:
        @wraps(work)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            if _api() is None:
                return work(*args, **kwargs)
            with _current(name):
                return work(*args, **kwargs)

        return call

    return decorate


def note(**facts: str | int) -> None:
    """Add facts to the current span: names of ours, ids of runs, counts."""
    if _api() is not None:
        _api().get_current_span().set_attributes({f"tertib.{name}": value for name, value in facts.items()})


class Span:
    """A span that is not current by itself: for work that comes in pieces, perhaps in a thread of its own."""

    def __init__(self, name: str, parent: Any) -> None:
        """Begin it below a span that `here` returned."""
        api = _api()
        self._span = None
        if api is not None:
            context = api.set_span_in_context(parent) if parent is not None else None
            self._span = api.get_tracer("tertib").start_span(name, context=context)

    def current(self) -> AbstractContextManager[Any]:
        """Return a context in which it is the current span."""
        return _NOTHING if self._span is None else _used(self._span)

    def end(self, **facts: int) -> None:
        """End it, with facts such as counts."""
        if self._span is not None:
            self._span.set_attributes({f"tertib.{name}": value for name, value in facts.items()})
            self._span.end()


def here() -> Any:
    """Return the current span, to be the parent of others in other threads; None without OpenTelemetry."""
    return None if _api() is None else _api().get_current_span()


@contextmanager
def _current(name: str) -> Iterator[None]:
    """Be in a span. An error ends it as failed, by its name alone: its words and its traceback may hold anything."""
    api = _api()
    span = api.get_tracer("tertib").start_span(name)
    try:
        with _used(span):
            yield
    except BaseException as error:
        span.set_status(api.StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        span.end()


def _used(span: Any) -> AbstractContextManager[Any]:
    found: AbstractContextManager[Any] = _api().use_span(
        span, end_on_exit=False, record_exception=False, set_status_on_exception=False
    )
    return found
