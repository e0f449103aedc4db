"""`tertib sandbox`: a practice Scalev on this machine, to learn and to test on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tertib.cli import options, screen, speech

if TYPE_CHECKING:
    from tertib.sandbox.faults import Faults
    from tertib.sandbox.server import Served


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="0 takes a free one."
)
@click.option("--contract", type=click.Choice(["seeds", "current"]), default="seeds", show_default=True)
@click.option("--orders", type=click.IntRange(min=0), default=3000, show_default=True, metavar="N")
@click.option("--seed", type=int, default=7, show_default=True, help="Another seed is another shop.")
@click.option(
    "--fault",
    "fault",
    multiple=True,
    metavar="NAME[,OPTION=VALUE]…",
    help="Switch an oddity on, for example `plain_429,times=2`; `--fault list` names them.",
)
@options.json_output
def command(
    *, host: str, port: int, contract: str, orders: int, seed: int, fault: tuple[str, ...], as_json: bool
) -> int:
    """Serve a practice Scalev until stopped: invented orders, real HTTP, nothing leaves this machine."""
    if "list" in fault:
        return _list_faults(as_json=as_json)
    from tertib.sandbox.server import run_forever  # noqa: PLC0415 - brings uvicorn; `--fault list` and --help do without
    from tertib.sandbox.shop import Shop  # noqa: PLC0415 - as above

    switched = _faults(fault)
    shop = Shop(seed=seed, orders=orders, contract=contract)
    try:
        run_forever(
            shop,
            host=host,
            port=port,
            faults=switched,
            on_ready=lambda served: _greet(served, orders, contract, as_json=as_json),
        )
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {(error.strerror or '').lower()}"
        ) from error
    return 0


def _greet(served: Served, orders: int, contract: str, *, as_json: bool) -> None:
    if as_json:
        screen.emit(
            {"url": served.url, "token": served.business_token, "orders": orders, "contract": contract}
        )
        return
    click.echo(
        speech.ngettext(
            "%(count)s invented order, contract %(contract)s, until Ctrl-C. In another terminal:",
            "%(count)s invented orders, contract %(contract)s, until Ctrl-C. In another terminal:",
            orders,
            contract=contract,
        )
    )
    click.echo(f"  export SCALEV_BASE_URL={served.url} SCALEV_TOKEN={served.business_token}")
    click.echo("  tertib plan")
    click.echo(speech.gettext("what happens inside: %(url)s", url=f"{served.url}/"))


def _faults(given: Sequence[str]) -> Faults:
    """Switch on what was asked for; a wrong name or option is a wrong command line."""
    from tertib.sandbox.faults import Faults  # noqa: PLC0415 - as in `command`

    faults = Faults()
    for word in given:
        name, *rest = word.split(",")
        try:
            faults.add(name, **_options(rest))
        except (ValueError, TypeError) as error:
            raise click.BadParameter(str(error), param_hint="--fault") from error
    return faults


def _options(words: Sequence[str]) -> dict[str, Any]:
    """Read `times=2` and the like: numbers, `true` and `false`, `null`, and anything else as text."""
    read: dict[str, Any] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign:
            raise ValueError(f"`{word}` is no OPTION=VALUE")
        read[name] = _value(text)
    return read


def _value(text: str) -> Any:
    known: Mapping[str, Any] = {"true": True, "false": False, "null": None}
    if text in known:
        return known[text]
    return int(text) if text.lstrip("-").isdecimal() else text


def _list_faults(*, as_json: bool) -> int:
    from tertib.sandbox.faults import KINDS  # noqa: PLC0415 - as in `command`

    if as_json:
        screen.emit(
            {name: {"says": kind.says, "options": dict(kind.options)} for name, kind in KINDS.items()}
        )
        return 0
    for name, kind in KINDS.items():
        said = ", ".join(f"{key}={value}" for key, value in kind.options.items())
        click.echo(f"{name}: {kind.says}" + (f" [{said}]" if said else ""))
    return 0
