"""`python deploy [PACKAGE]`, from any folder: what tccli.sh runs."""

import sys
from pathlib import Path

if not __package__:  # run as a folder: what is around it is on the path, and not what is in it
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from deploy.command import main

sys.exit(main())
