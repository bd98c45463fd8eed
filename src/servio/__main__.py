"""Run the command line: ``python -m servio``."""

from __future__ import annotations

import sys

from servio.cli import main

if __name__ == "__main__":
    sys.exit(main())
