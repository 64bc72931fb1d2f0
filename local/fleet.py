"""`status` and `missed`: all rooms at once, now and since a while ago."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from local.development import ENDPOINT
from local.printable import make_printable, print_safely, write_json
from local.remote import Region, Stage, Url, Where, invoke
from shared.times import write_duration

WIDTH = 200  # characters: names are not cut off where a terminal is narrower

SdkAppId = Annotated[
    int | None,
    typer.Option(
        envvar="ROOMSCRIBE_SDK_APP_ID",
        help="The application.",
        show_default="the only configured one",
    ),
]
Limit = Annotated[
    int,
    typer.Option(min=1, max=500, envvar="ROOMSCRIBE_ROOMS_NAMED", help="The most rooms to name."),
]
AsJson = Annotated[
    bool, typer.Option("--json", envvar="ROOMSCRIBE_JSON", help="Print what the function returns.")
]


def status(
    sdk_app_id: SdkAppId = None,
    *,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = ENDPOINT,
    stage: Stage = "",
    region: Region = "",
) -> None:
    """Say how all rooms are, and which are in trouble, why and what to do; exits 1 when anything is wrong."""
    event: dict[str, object] = {"limit": limit, **_name(sdk_app_id)}
    result: dict[str, Any] = invoke("describe_fleet", event, Where(url, stage, region))
    if as_json:
        print_safely(write_json(result))
    else:
        console = Console(width=WIDTH, highlight=False)
        print_safely(result["summary"])
        for warning in result["warnings"]:
            print_safely(f"warning: {warning}")
        if result["rooms"]:
            console.print(_list_rooms(result["rooms"]))
    is_wrong = any(result[kind]["count"] for kind in ("waiting", "failed", "silent"))
    raise typer.Exit(1 if is_wrong or result["warnings"] else 0)


def missed(
    sdk_app_id: SdkAppId = None,
    *,
    since: Annotated[
        str,
        typer.Option(envvar="ROOMSCRIBE_SINCE", help="ISO 8601, or a time ago like 90m, 24h, 7d."),
    ] = "24h",
    limit: Limit = 100,
    as_json: AsJson = False,
    url: Url = ENDPOINT,
    stage: Stage = "",
    region: Region = "",
) -> None:
    """Say what was not transcribed, or not heard, since then, room by room; exits 1 when anything was."""
    event: dict[str, object] = {"since": since, "limit": limit, **_name(sdk_app_id)}
    result: dict[str, Any] = invoke("list_missed", event, Where(url, stage, region))
    if as_json:
        print_safely(write_json(result))
    else:
        missing, silent = (write_duration(result[key] * 1000) for key in ("missing_s", "silent_s"))
        rooms = result["rooms"]
        told = f"{len(rooms)} rooms: {missing} missing, {silent} silent"
        print_safely(f"{told if rooms else 'Nothing was missed'} since {result['since']}")
        if rooms:
            Console(width=WIDTH, highlight=False).print(_list_gaps(rooms))
    raise typer.Exit(1 if result["rooms"] else 0)


def _name(sdk_app_id: int | None) -> dict[str, object]:
    return {} if sdk_app_id is None else {"sdk_app_id": sdk_app_id}


def _list_rooms(rooms: list[dict[str, Any]]) -> Table:
    table = Table(*("room", "is", "for", "why", "reason", "what to do"), box=None, pad_edge=False)
    for room in rooms:
        about = make_printable(room["room_id"]), room["kind"], write_duration(room["waited_ms"])
        table.add_row(
            *about, room.get("error_code", ""), room.get("reason", ""), room.get("remedy", "")
        )
    return table


def _list_gaps(rooms: list[dict[str, Any]]) -> Table:
    table = Table(
        *("room", "who", "what", "began", "lasted", "why", "reason"), box=None, pad_edge=False
    )
    for room in rooms:
        for gap in room["gaps"]:
            lasted = write_duration(gap["lasted_ms"]) + ("" if gap.get("is_over") else ", goes on")
            about = make_printable(room["room_id"]), make_printable(gap["target"]), gap["kind"]
            why = gap.get("code", ""), gap.get("reason", "")
            table.add_row(*about, gap.get("began", ""), lasted, *why)
    return table
