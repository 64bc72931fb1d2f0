"""`reconcile`: start the rooms whose events were lost, and close those that are over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from local.development import ENDPOINT
from local.errors import LocalError
from local.invoke import read_event
from local.options import AsJson, Region, Since, Stage, Url
from local.printable import print_safely, write_json
from local.remote import Where, invoke
from local.tables import print_table

Answer = dict[str, Any]


def reconcile(
    *,
    since: Since = "24h",
    rooms: Annotated[
        str,
        typer.Option(
            envvar="ROOMSCRIBE_ROOMS",
            help="A JSON file with a list of rooms that live now, or - for standard input.",
            show_default="what TRTC tells",
        ),
    ] = "",
    state: Annotated[
        Literal["failed"] | None,
        typer.Option(
            envvar="ROOMSCRIBE_RECONCILE_STATE",
            help="Rooms in which a task has failed.",
            show_default="what TRTC tells",
        ),
    ] = None,
    error: Annotated[
        str,
        typer.Option(envvar="ROOMSCRIBE_ERROR", help="Of these, only with this error code."),
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", envvar="ROOMSCRIBE_DRY_RUN", help="Only say what would be done."),
    ] = False,
    as_json: AsJson = False,
    url: Url = ENDPOINT,
    stage: Stage = "",
    region: Region = "",
) -> None:
    """Start what is missing of the rooms that TRTC tells of, that are listed, or in which a task failed.

    Goes on until all of it is done. Exits 1 when TRTC does not tell, or a start failed.
    """
    where = Where(url, stage, region)
    event: dict[str, object] = {"since": since, "dry_run": dry_run}
    if rooms:
        event["rooms"] = _read_rooms(rooms)
    elif state:
        event |= {"state": state, "error": error}
    failed = False
    while event:
        result: Answer = invoke("reconcile_rooms", event, where)
        if as_json:
            print_safely(write_json(result))
        else:
            _print(result)
        failed = failed or result["outcome"] == "not_told" or "failed" in result["counts"]
        event = result.get("next", {})
    raise typer.Exit(1 if failed else 0)


def _read_rooms(source: str) -> object:
    """The list in a file; the event of the function, which has one, will do as well."""
    told = read_event(source)
    if isinstance(told, dict):
        told = told.get("rooms")
    if not isinstance(told, list):
        raise LocalError('--rooms: must be a JSON list of {"room_id": …, "room_id_type": …}')
    return told


def _print(result: Answer) -> None:
    kinds = {0: "numeric", 1: "string"}
    rows = (
        (one["room_id"], kinds.get(one.get("room_id_type"), "?"), one["outcome"], one["reason"])
        for one in result["rooms"]
    )
    print_table(("room", "type", "outcome", "reason"), rows)
    counts = ", ".join(f"{count} {word}" for word, count in sorted(result["counts"].items()))
    print_safely(counts or "No room.")
    if "message" in result:
        print_safely(f"{result['error_code']}: {result['message']}")
