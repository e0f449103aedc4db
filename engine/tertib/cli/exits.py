"""What the exit code of a command says to a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXIT_CODES: Final[Mapping[int, str]] = {
    0: "Everything intended happened. Ordinary vetoes, and rules in mode `preview`, are intended.",
    1: "Nothing could be decided or sent: a mistake in a rule, no token, an ignored filter, a refused plan.",
    2: "The command line is wrong.",
    3: "Something intended was held by a limit or a conflict, dropped, not applied, or its outcome is unknown.",
    4: "`tertib plan --detailed-exitcode`: there are changes.",
    130: "Somebody interrupted the command (Ctrl-C).",
    143: "The command was told to end (SIGTERM), and ended cleanly.",
}
"""Every exit code that a command gives on purpose."""
