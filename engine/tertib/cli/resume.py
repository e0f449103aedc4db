"""`tertib resume`: let what was paused go on."""

from __future__ import annotations

import click

from tertib.cli import accounts, context, options, screen, speech
from tertib.cli.pause import chosen, documents, everything, show
from tertib.errors import SettingsError
from tertib.sayings import N_, said


@click.command("resume")
@click.argument("rules", nargs=-1, metavar="[RULE]...")
@everything
@options.json_output
def command(rules: tuple[str, ...], *, everything: bool, as_json: bool) -> int:
    """End the pause of each RULE, of the accounts that `--account` names, or of `--all`; other pauses stay.

    What came due meanwhile does not run late: those slots were skipped.
    """
    opened = chosen(rules, everything=everything)

    def work(one: context.Session) -> accounts.Said:
        now, account = one.time.now(), one.settings.account
        pausing, who = one.ledger.pausing, context.person()
        if everything:
            ended = [N_("everything")] if pausing.resume_everything(account, who, now) else []
        else:
            paused = [rule for rule in rules or (None,) if pausing.resume(account, rule, who, now)]
            ended = [
                said("account `%(account)s`", account=account)
                if rule is None
                else said("rule `%(rule)s`", rule=rule)
                for rule in paused
            ]
        left = one.ledger.pauses(account, now)
        if not ended:
            raise SettingsError("that is not paused", hint="; ".join(pause.told for pause in left) or None)

        def tell() -> None:
            for what in ended:
                click.echo(screen.clean(speech.gettext("%(what)s goes on", what=speech.say(what))))
            show(left, one)

        return accounts.Said({"resumed": ended, "pauses": documents(left)}, tell)

    return accounts.each(work, as_json=as_json, opened=opened)
