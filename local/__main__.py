"""The command line: `./roomscribe`, or `python -m local` with everything installed."""

import sys
from pathlib import Path

if (
    not __package__
):  # run as a folder, from any other: this one is on the path, and not what it is in
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from local.cli import main

if __name__ == "__main__":
    main()
