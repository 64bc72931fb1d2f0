"""Options that several commands have, which mean the same in all of them."""

from __future__ import annotations

from typing import Annotated

import typer

SdkAppId = Annotated[
    int | None,
    typer.Option(
        envvar="ROOMSCRIBE_SDK_APP_ID",
        help="The application.",
        show_default="the only configured one",
    ),
]
Since = Annotated[
    str, typer.Option(envvar="ROOMSCRIBE_SINCE", help="ISO 8601, or a time ago like 90m, 24h, 7d.")
]
AsJson = Annotated[
    bool, typer.Option("--json", envvar="ROOMSCRIBE_JSON", help="Print what the function returns.")
]
# Where a function is asked: see `remote.Where`.
Url = Annotated[
    str, typer.Option("--url", envvar="ROOMSCRIBE_URL", help="The local cloud to run it in.")
]
Stage = Annotated[
    str,
    typer.Option(
        "--stage",
        envvar=["ROOMSCRIBE_STAGE", "STAGE"],
        help="The deployment on SCF to ask instead, with --region; keys come from .env, too.",
        show_default="the local cloud",
    ),
]
Region = Annotated[
    str,
    typer.Option(
        "--region",
        envvar=["ROOMSCRIBE_REGION", "REGION"],
        help="Its region.",
        show_default="REGION of .env",
    ),
]
