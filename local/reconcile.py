"""`reconcile`: start the rooms whose events were lost, and close those that are over."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from local.development import ENDPOINT
from local.errors import LocalError
from local.invoke import read_event
from local.printable import make_printable, print_safely, write_json
from local.remote import Region, Stage, Url, Where, invoke

WIDTH = 200  # characters: names are not cut off where a terminal is narrower
Answer = dict[str, Any]


def reconcile(
    *,
    since: Annotated[
        str,
        typer.Option(envvar="ROOMSCRIBE_SINCE", help="ISO 8601, or a time ago like 90m, 24h, 7d."),
    ] = "24h",
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
    as_json: Annotated[
        bool,
        typer.Option("--json", envvar="ROOMSCRIBE_JSON", help="Print what the function returns."),
    ] = False,
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
    console = Console(width=WIDTH, highlight=False)
    if result["rooms"]:
        table = Table("room", "type", "outcome", "reason", box=None, pad_edge=False)
        for one in result["rooms"]:
            kind = {0: "numeric", 1: "string"}.get(one.get("room_id_type"), "?")
            name = make_printable(one["room_id"])
            table.add_row(name, kind, one["outcome"], make_printable(one["reason"]))
        console.print(table)
    counts = ", ".join(f"{count} {word}" for word, count in sorted(result["counts"].items()))
    console.print(counts or "No room.")
    if "message" in result:
        console.print(f"{result['error_code']}: {make_printable(result['message'])}")
