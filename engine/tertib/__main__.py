"""Run the command line as `python -m tertib`."""

import sys

from tertib.cli import main

if __name__ == "__main__":
    sys.exit(main())
