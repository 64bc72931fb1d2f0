"""The command line: `./roomscribe …`; every option can be given in the environment too."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from local.deliveries import deliveries
from local.deploy import deploy
from local.development import ENDPOINT, REDIS_DIR, STATE_DIR
from local.doctor.command import doctor
from local.errors import LocalError
from local.explain import explain
from local.fleet import missed, status
from local.link import link
from local.package.command import package
from local.people import people
from local.printable import print_safely, write_json
from local.reconcile import reconcile
from local.replay import replay
from local.switches import Switches, with_switches
from local.why import why
from shared import VERSION

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
RuntimePython = Annotated[
    str | None,
    typer.Option(
        envvar="ROOMSCRIBE_RUNTIME_PYTHON",
        help="What runs functions that are deployed to it through SCF's API.",
        show_default="python3.10, if it is found",
    ),
]
# `up` has a webhook of its own, and its emulator the usual times and forms of ids.
ONLY_IN_CLOUD = ("callback_url", "dismissed_room_id", "preparing_ms", "cleaning_ms", "idle_ms")


def _tell_version(wanted: bool) -> None:
    if wanted:
        print_safely(f"roomscribe {VERSION}")
        raise typer.Exit


@app.callback()
def begin(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version."),
    ] = False,
) -> None:
    """What comes before any command."""


def main() -> None:
    """Run a command; whatever it cannot go on with becomes one line and exit code 1."""
    from shared.errors import RoomscribeError

    for stream in (sys.stdout, sys.stderr):  # captions in any language, on any terminal
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIOWrappers
    with contextlib.suppress(FileNotFoundError, PermissionError):
        STATE_DIR.chmod(0o700)  # what was said stands in it
    try:
        app(prog_name="./roomscribe")
    except (LocalError, RoomscribeError) as error:
        print_safely(f"error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:  # before a server could take it
        sys.exit(130)


@app.command()
@with_switches(left_out=ONLY_IN_CLOUD, last="cloud_words")
def up(
    *,
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
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            envvar="ROOMSCRIBE_VERBOSE",
            help="Show every callback that fails, log line and file, and count them at the end.",
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
    switches: Switches,
    runtime_python: RuntimePython = None,
) -> None:
    """Serve the whole local cloud and play a meeting.

    The TRTC emulator (POST /), the functions (/functions/NAME) and a page (/), on one port of
    127.0.0.1.
    """
    from local.scenario import SAMPLE, load_scenario
    from local.up import Choices, run_up

    loaded = load_scenario(scenario or SAMPLE)
    kept_in = redis_dir if redis else None
    choices = Choices(clock == "manual", switches, kept_in, runtime_python, verbose)
    raise typer.Exit(run_up(os.environ, port, loaded, choices, once=once))


@app.command()
@with_switches()
def cloud(
    *,
    port: Port = 8321,
    switches: Switches,
    clock: ManualOrSystem = "system",
    runtime_python: RuntimePython = None,
) -> None:
    """Serve the TRTC emulator and SCF's API, for any official SDK, for tccli and for `deploy`."""
    from local.up import Choices, run_cloud

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

    Prints what it returns; exits 1 when it fails, or answers an error.
    """
    from local.invoke import invoke_function, is_refusal, read_event

    succeeded, result = invoke_function(url, name, read_event(event))
    print(write_json(result))
    raise typer.Exit(0 if succeeded and not is_refusal(result) else 1)


app.command()(replay)
app.command()(explain)
app.command()(link)
app.command()(people)
app.command()(why)
app.command()(package)
app.command()(deploy)
app.command()(doctor)
app.command()(deliveries)
app.command()(status)
app.command()(missed)
app.command()(reconcile)
