"""The options of `replay`; each has an environment twin, ROOMSCRIBE_REPLAY_ and its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE…",
        help="Saved callbacks, Roomscribe's log lines or a CLS export: .json, .jsonl, .csv, a folder; or -.",
        show_default=False,
    ),
]
Url = Annotated[
    str, typer.Option(envvar="ROOMSCRIBE_REPLAY_URL", help="The function URL to send them to.")
]
InProcess = Annotated[
    bool,
    typer.Option(
        "--in-process",
        envvar="ROOMSCRIBE_REPLAY_IN_PROCESS",
        help="Call functions/trtc_callback.py here instead; its API is the local cloud of --url.",
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(envvar="ROOMSCRIBE_REPLAY_RATE", help="At most so many a second.", min=0.001),
]
Concurrency = Annotated[
    int,
    typer.Option(envvar="ROOMSCRIBE_REPLAY_CONCURRENCY", help="So many at once.", min=1, max=256),
]
Duplicates = Annotated[
    int,
    typer.Option(envvar="ROOMSCRIBE_REPLAY_DUPLICATES", help="Send each so many times.", min=1),
]
Shuffle = Annotated[
    bool, typer.Option("--shuffle", envvar="ROOMSCRIBE_REPLAY_SHUFFLE", help="In random order.")
]
Seed = Annotated[
    int | None,
    typer.Option(
        envvar="ROOMSCRIBE_REPLAY_SEED", help="Shuffle as the run that printed this seed."
    ),
]
Expect = Annotated[
    int,
    typer.Option(
        envvar="ROOMSCRIBE_REPLAY_EXPECT",
        help="The HTTP status expected where the file names none.",
        min=100,
        max=599,
    ),
]
SdkAppId = Annotated[
    int | None,
    typer.Option(
        envvar="ROOMSCRIBE_REPLAY_SDK_APP_ID",
        help="Send all as this application, whichever the file names.",
        show_default="the one the file names, or the first configured",
    ),
]
KeepCallbackTs = Annotated[
    bool,
    typer.Option(
        "--keep-callback-ts",
        envvar="ROOMSCRIBE_REPLAY_KEEP_CALLBACK_TS",
        help="Leave CallbackTs as saved; by default it becomes the present time, the saved one beside it.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        envvar="ROOMSCRIBE_REPLAY_SINCE",
        help="Only events from then on: 2h ago, or 2026-11-27T03:00, which is UTC.",
    ),
]
Until = Annotated[
    str | None,
    typer.Option(envvar="ROOMSCRIBE_REPLAY_UNTIL", help="Only events before then, as in --since."),
]
Room = Annotated[
    str | None, typer.Option(envvar="ROOMSCRIBE_REPLAY_ROOM", help="Only events of this room.")
]
Wanted = Annotated[
    str | None,
    typer.Option(
        "--outcome",
        envvar="ROOMSCRIBE_REPLAY_OUTCOME",
        help="Only events whose log lines say so: failed, come_back (left to do), or any outcome.",
    ),
]
