"""`status` and `missed`: all rooms at once, now and since a while ago."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from local.development import ENDPOINT
from local.options import AsJson, Region, SdkAppId, Since, Stage, Url
from local.printable import print_safely, write_json
from local.remote import Where, invoke
from local.tables import print_table
from shared.counts import write_count
from shared.times import write_duration

ROOM_TITLES = ("room", "is", "for", "why", "reason", "what to do")
GAP_TITLES = ("room", "who", "what", "began", "lasted", "why", "reason")
Limit = Annotated[
    int,
    typer.Option(min=1, max=500, envvar="ROOMSCRIBE_ROOMS_NAMED", help="The most rooms to name."),
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
        print_safely(result["summary"])
        for warning in result["warnings"]:
            print_safely(f"warning: {warning}")
        print_table(ROOM_TITLES, map(_list_room, result["rooms"]))
    is_wrong = any(result[kind]["count"] for kind in ("waiting", "failed", "silent"))
    raise typer.Exit(1 if is_wrong or result["warnings"] else 0)


def missed(
    sdk_app_id: SdkAppId = None,
    *,
    since: Since = "24h",
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
        told = f"{write_count(len(rooms), 'room')}: {missing} missing, {silent} silent"
        print_safely(f"{told if rooms else 'Nothing was missed'} since {result['since']}")
        print_table(GAP_TITLES, (_list_gap(room, gap) for room in rooms for gap in room["gaps"]))
    raise typer.Exit(1 if result["rooms"] else 0)


def _name(sdk_app_id: int | None) -> dict[str, object]:
    return {} if sdk_app_id is None else {"sdk_app_id": sdk_app_id}


def _list_room(room: dict[str, Any]) -> tuple[str, ...]:
    told = (room.get(key, "") for key in ("error_code", "reason", "remedy"))
    return room["room_id"], room["kind"], write_duration(room["waited_ms"]), *told


def _list_gap(room: dict[str, Any], gap: dict[str, Any]) -> tuple[str, ...]:
    lasted = write_duration(gap["lasted_ms"]) + ("" if gap.get("is_over") else ", goes on")
    why = gap.get("code", ""), gap.get("reason", "")
    return room["room_id"], gap["target"], gap["kind"], gap.get("began", ""), lasted, *why
