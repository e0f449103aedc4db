"""Write the README's two `sh` blocks to 1.sh and 2.sh in a directory; fail where there are not exactly two."""  # noqa: INP001 - a script, no package

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(readme: str) -> list[str]:
    """Return the README's commands: its `sh` blocks, each of one line."""
    blocks = BLOCK.findall(readme)
    wrong = [block for block in blocks if block.count("\n") != 1]
    if len(blocks) != 2 or wrong:  # noqa: PLR2004 - set-up-and-demo, set-up-and-test
        raise SystemExit(
            f"README.md must hold exactly two `sh` blocks of one line each, it has {len(blocks)}"
        )
    return blocks


def main(target: Path) -> None:
    """Write each command to its own file."""
    for number, command in enumerate(commands((ROOT / "README.md").read_text("utf-8")), start=1):
        (target / f"{number}.sh").write_text(command, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
