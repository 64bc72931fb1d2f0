"""The command line: `./roomscribe …`; every option can be given in the environment too."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from local.cloud.assumed import QUOTA_CODES
from local.deploy import deploy
from local.development import ENDPOINT, REDIS_DIR
from local.doctor.command import doctor
from local.errors import LocalError
from local.explain import explain
from local.link import link
from local.package.command import package
from local.replay import replay

app = typer.Typer(
    help="Roomscribe's cloud on your own machine: no account, nothing to configure.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich cuts long names off where a terminal is 80 columns wide
    pretty_exceptions_enable=False,  # errors are one line; a bug may show its whole traceback
)

Port = Annotated[
    int, typer.Option(min=0, max=65535, envvar="ROOMSCRIBE_PORT", help="0 picks a free one.")
]

ManualOrSystem = Annotated[
    Literal["system", "manual"],
    typer.Option(
        "--clock",
        envvar="ROOMSCRIBE_CLOCK",
        help="manual: time stands still until POST /_local/clock moves it.",
    ),
]
SameBot = Annotated[
    Literal["replace", "refuse", "both"],
    typer.Option(
        envvar="ROOMSCRIBE_SAME_BOT",
        help="2.0: a second task whose bot has the same UserId replaces the first, "
        "is refused, or runs beside it.",
    ),
]
BotsHoldRooms = Annotated[
    bool,
    typer.Option(
        "--bots-hold-rooms/--no-bots-hold-rooms",
        envvar="ROOMSCRIBE_BOTS_HOLD_ROOMS",
        help="Whether a bot alone keeps a room open.",
    ),
]
IdleStops = Annotated[
    bool,
    typer.Option(
        "--idle-stops/--no-idle-stops",
        envvar="ROOMSCRIBE_IDLE_STOPS",
        help="Whether the server ends tasks that nobody needs any more.",
    ),
]
SessionQueryNamesTask = Annotated[
    bool,
    typer.Option(
        "--session-query-names-task/--no-session-query-names-task",
        envvar="ROOMSCRIBE_SESSION_QUERY_NAMES_TASK",
        help="1.0: whether a query by SessionId answers the TaskId.",
    ),
]
LeaveCode = Annotated[
    Literal["always", "ai", "never"],
    typer.Option(
        envvar="ROOMSCRIBE_LEAVE_CODE",
        help="Which callbacks of a task's end say why: both, 902 alone, or none.",
    ),
]
StartNeeds = Annotated[
    Literal["nothing", "room", "anchor"],
    typer.Option(
        envvar="ROOMSCRIBE_START_NEEDS",
        help="2.0: a start is refused (FailedOperation) unless the room is open, or an anchor is in it.",
    ),
]
DismissalEndsTasks = Annotated[
    bool,
    typer.Option(
        "--dismissal-ends-tasks/--no-dismissal-ends-tasks",
        envvar="ROOMSCRIBE_DISMISSAL_ENDS_TASKS",
        help="Whether the tasks of a room that is dismissed end with it.",
    ),
]
LookupLagMs = Annotated[
    int,
    typer.Option(
        min=0,
        envvar="ROOMSCRIBE_LOOKUP_LAG_MS",
        help="2.0: how long a new task is not found by Describe and Delete.",
    ),
]
BotsAreTold = Annotated[
    bool,
    typer.Option(
        "--bots-are-told/--no-bots-are-told",
        envvar="ROOMSCRIBE_BOTS_ARE_TOLD",
        help="Whether 103 and 104 tell of bots, too.",
    ),
]
ApiSite = Annotated[
    Literal["both", "china", "international"],
    typer.Option(
        "--site", envvar="ROOMSCRIBE_SITE", help="Whose regions and parameters the API has."
    ),
]
QuotaCodeCloud = Annotated[
    str,
    typer.Option(
        envvar="ROOMSCRIBE_QUOTA_CODE_CLOUD",
        help=f"2.0: how a start says that the quota is used up: {', '.join(QUOTA_CODES['cloud'])}.",
    ),
]
QuotaCodeAi = Annotated[
    str,
    typer.Option(
        envvar="ROOMSCRIBE_QUOTA_CODE_AI",
        help=f"1.0: the same: {', '.join(QUOTA_CODES['ai'])}.",
    ),
]
RuntimePython = Annotated[
    str | None,
    typer.Option(
        envvar="ROOMSCRIBE_RUNTIME_PYTHON",
        help="What runs functions that are deployed to it through SCF's API.",
        show_default="python3.10, if it is found",
    ),
]
CloudWords = Annotated[
    Literal["like_903", "web", "ios"],
    typer.Option(
        envvar="ROOMSCRIBE_CLOUD_WORDS",
        help="2.0: the names in callbacks of a task's end and words: like those of 1.0, "
        "or as Tencent's web or iOS clients have them.",
    ),
]


def main() -> None:
    """Run a command; whatever it cannot go on with becomes one line and exit code 1."""
    from shared.errors import RoomscribeError

    for stream in (sys.stdout, sys.stderr):  # captions in any language, on any terminal
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIOWrappers
    try:
        app(prog_name="./roomscribe")
    except (LocalError, RoomscribeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:  # before a server could take it
        sys.exit(130)


@app.command()
def up(
    port: Port = 8321,
    scenario: Annotated[
        Path | None,
        typer.Option(
            envvar="ROOMSCRIBE_SCENARIO",
            help="The scenario file to play.",
            show_default="a short meeting in two rooms",
        ),
    ] = None,
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            envvar="ROOMSCRIBE_ONCE",
            help="End when all is quiet; exit 0 only if everything wanted was transcribed.",
        ),
    ] = False,
    redis: Annotated[
        bool,
        typer.Option(
            "--redis/--no-redis",
            envvar="ROOMSCRIBE_REDIS",
            help="Keep the ledger in a Redis of its own instead of where LEDGER_URL says.",
        ),
    ] = False,
    redis_dir: Annotated[
        Path,
        typer.Option(
            envvar="ROOMSCRIBE_REDIS_DIR",
            help="Where that Redis keeps its data.",
            show_default=".roomscribe/redis",
        ),
    ] = REDIS_DIR,
    clock: ManualOrSystem = "system",
    same_bot: SameBot = "replace",
    bots_hold_rooms: BotsHoldRooms = False,
    idle_stops: IdleStops = True,
    leave_code: LeaveCode = "always",
    start_needs: StartNeeds = "nothing",
    dismissal_ends_tasks: DismissalEndsTasks = True,
    lookup_lag_ms: LookupLagMs = 0,
    bots_are_told: BotsAreTold = True,
    site: ApiSite = "both",
    quota_code_cloud: QuotaCodeCloud = QUOTA_CODES["cloud"][0],
    quota_code_ai: QuotaCodeAi = QUOTA_CODES["ai"][0],
    session_query_names_task: SessionQueryNamesTask = True,
    runtime_python: RuntimePython = None,
    cloud_words: CloudWords = "like_903",
) -> None:
    """Serve the whole local cloud and play a meeting.

    The TRTC emulator (POST /), the functions (/functions/NAME) and a page (/), on one port of
    127.0.0.1.
    """
    from local.scenario import SAMPLE, load_scenario
    from local.up import Choices, run_up

    loaded = load_scenario(scenario or SAMPLE)
    switches = {
        "same_bot": same_bot,
        "bots_hold_rooms": bots_hold_rooms,
        "idle_stops": idle_stops,
        "leave_code": leave_code,
        "start_needs": start_needs,
        "dismissal_ends_tasks": dismissal_ends_tasks,
        "lookup_lag_ms": lookup_lag_ms,
        "bots_are_told": bots_are_told,
        "site": site,
        "quota_code_cloud": quota_code_cloud,
        "quota_code_ai": quota_code_ai,
        "session_query_names_task": session_query_names_task,
        "cloud_words": cloud_words,
    }
    kept_in = redis_dir if redis else None
    choices = Choices(clock == "manual", switches, kept_in, runtime_python)
    raise typer.Exit(run_up(os.environ, port, loaded, choices, once=once))


@app.command()
def cloud(
    port: Port = 8321,
    callback_url: Annotated[
        str | None,
        typer.Option(
            envvar="ROOMSCRIBE_CALLBACK_URL",
            help="Where its webhooks go.",
            show_default="nowhere",
        ),
    ] = None,
    same_bot: SameBot = "replace",
    bots_hold_rooms: BotsHoldRooms = False,
    dismissed_room_id: Annotated[
        Literal["same", "string"],
        typer.Option(
            envvar="ROOMSCRIBE_DISMISSED_ROOM_ID",
            help="RoomId in the 102 of a numeric room: the same type as in its 101, or a string.",
        ),
    ] = "same",
    preparing_ms: Annotated[
        int,
        typer.Option(
            min=0,
            envvar="ROOMSCRIBE_PREPARING_MS",
            help="1.0: how long a task is Preparing before it is InProgress.",
        ),
    ] = 200,
    cleaning_ms: Annotated[
        int,
        typer.Option(
            min=0,
            envvar="ROOMSCRIBE_CLEANING_MS",
            help="1.0: how long a stopped task still holds its SessionId.",
        ),
    ] = 1000,
    idle_ms: Annotated[
        int,
        typer.Option(
            min=0,
            envvar="ROOMSCRIBE_IDLE_MS",
            help="2.0: how long a task is Idle before it is InProgress.",
        ),
    ] = 200,
    idle_stops: IdleStops = True,
    leave_code: LeaveCode = "always",
    start_needs: StartNeeds = "nothing",
    dismissal_ends_tasks: DismissalEndsTasks = True,
    lookup_lag_ms: LookupLagMs = 0,
    bots_are_told: BotsAreTold = True,
    site: ApiSite = "both",
    quota_code_cloud: QuotaCodeCloud = QUOTA_CODES["cloud"][0],
    quota_code_ai: QuotaCodeAi = QUOTA_CODES["ai"][0],
    session_query_names_task: SessionQueryNamesTask = True,
    cloud_words: CloudWords = "like_903",
    clock: ManualOrSystem = "system",
    runtime_python: RuntimePython = None,
) -> None:
    """Serve the TRTC emulator and SCF's API, for any official SDK, for tccli and for `deploy`."""
    from local.up import Choices, run_cloud

    switches = {
        "callback_url": callback_url,
        "same_bot": same_bot,
        "bots_hold_rooms": bots_hold_rooms,
        "dismissed_room_id": dismissed_room_id,
        "preparing_ms": preparing_ms,
        "cleaning_ms": cleaning_ms,
        "idle_ms": idle_ms,
        "idle_stops": idle_stops,
        "leave_code": leave_code,
        "start_needs": start_needs,
        "dismissal_ends_tasks": dismissal_ends_tasks,
        "lookup_lag_ms": lookup_lag_ms,
        "bots_are_told": bots_are_told,
        "site": site,
        "quota_code_cloud": quota_code_cloud,
        "quota_code_ai": quota_code_ai,
        "session_query_names_task": session_query_names_task,
        "cloud_words": cloud_words,
    }
    choices = Choices(clock == "manual", switches, None, runtime_python)
    raise typer.Exit(run_cloud(os.environ, port, choices))


@app.command()
def functions(
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, envvar="ROOMSCRIBE_FUNCTIONS_PORT", help="0 picks a free one."
        ),
    ] = 8322,
    endpoint: Annotated[
        str,
        typer.Option(
            envvar=["ROOMSCRIBE_ENDPOINT", "TRTC_ENDPOINT"],
            help="The TRTC API they call.",
        ),
    ] = ENDPOINT,
) -> None:
    """Serve the functions alone, against any TRTC API."""
    from local.up import run_functions

    raise typer.Exit(run_functions(os.environ, port, endpoint))


@app.command()
def invoke(
    name: Annotated[str, typer.Argument(help="A function, like describe_room.")],
    event: Annotated[str, typer.Argument(help="A JSON file, or - for standard input.")],
    url: Annotated[
        str, typer.Option(envvar="ROOMSCRIBE_URL", help="The local cloud to run it in.")
    ] = ENDPOINT,
) -> None:
    """Run one function with a JSON event, as the console does.

    Prints what it returns; exits 1 when it fails.
    """
    from local.invoke import invoke_function, read_event

    succeeded, result = invoke_function(url, name, read_event(event))
    print(json.dumps(result, indent=2, ensure_ascii=False))
    raise typer.Exit(0 if succeeded else 1)


app.command()(replay)
app.command()(explain)
app.command()(link)
app.command()(package)
app.command()(deploy)
app.command()(doctor)
