"""`why`: whether a room is transcribed, why not, what to do about it, and what happened in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from local.development import ENDPOINT
from local.naming import KINDS
from local.options import AsJson, Region, SdkAppId, Stage, Url
from local.printable import print_safely, write_json
from local.remote import Where, invoke

FINE = ("running", "starting", "transcribed", "idle", "expected")


def why(
    room: Annotated[str, typer.Argument(envvar="ROOMSCRIBE_ROOM", help="The room's id, as text.")],
    *,
    kind: Annotated[
        Literal["numeric", "string"] | None,
        typer.Option(
            "--type",
            envvar="ROOMSCRIBE_TYPE",
            help="Its id type.",
            show_default="digits mean the room that is open or was last known",
        ),
    ] = None,
    sdk_app_id: SdkAppId = None,
    as_json: AsJson = False,
    url: Url = ENDPOINT,
    stage: Stage = "",
    region: Region = "",
) -> None:
    """Tell whether a room is transcribed, why not, what to do about it, and what happened in it.

    Exits 1 unless it is transcribed, was transcribed wholly, or waits for somebody to come.
    """
    event: dict[str, object] = {"room_id": room}
    if kind:
        event["room_id_type"] = KINDS.index(kind)
    if sdk_app_id:
        event["sdk_app_id"] = sdk_app_id
    result: dict[str, Any] = invoke("describe_room", event, Where(url, stage, region))
    print_safely(write_json(result) if as_json else tell(result))
    raise typer.Exit(0 if result["state"] in FINE else 1)


def tell(result: dict[str, Any]) -> str:
    """The answer of describe_room as lines: the verdict, and each session's story, the newest first."""
    lines = [result["verdict"], f"  cause: {result['cause']}", f"  remedy: {result['remedy']}"]
    if "also_known" in result:
        other = KINDS[result["also_known"]["room_id_type"]]
        lines.append(f"  the {other} room of that id is known, too: see --type")
    for session in result["sessions"]:
        lines += ["", f"session {session['session']}"]
        lines += [f"  {_write_local(one['at_ms'])}  {_tell_one(one)}" for one in session["story"]]
    return "\n".join(lines)


def _tell_one(one: dict[str, Any]) -> str:
    target = one.get("target", "*")
    ids = [f"{key}={one[key]}" for key in ("task_id", "request_id") if one.get(key)]
    who = [] if target == "*" else [f"speaker {target}"]
    return "  ".join([one["what"], *who, *ids])


def _write_local(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().isoformat(timespec="milliseconds")
