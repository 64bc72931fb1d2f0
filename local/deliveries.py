"""`deliveries`: the events that no endpoint has taken yet; one of them again, or a test of the endpoints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from local.development import ENDPOINT
from local.errors import LocalError
from local.printable import make_printable, print_safely, write_json
from local.remote import Region, Stage, Url, Where, invoke

WIDTH = 200  # characters: names are not cut off where a terminal is narrower


def deliveries(
    action: Annotated[
        Literal["list", "show", "retry", "test"],
        typer.Argument(
            envvar="ROOMSCRIBE_DELIVERIES", help="What to do; show and retry need an ID."
        ),
    ] = "list",
    event_id: Annotated[
        str, typer.Argument(envvar="ROOMSCRIBE_EVENT_ID", help="An event's id, like msg_….")
    ] = "",
    *,
    state: Annotated[
        Literal["dead", "waiting"] | None,
        typer.Option(envvar="ROOMSCRIBE_STATE", help="List only these.", show_default="both"),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100, envvar="ROOMSCRIBE_LIMIT", help="Of each state.")
    ] = 20,
    as_json: Annotated[
        bool,
        typer.Option("--json", envvar="ROOMSCRIBE_JSON", help="Print what the function returns."),
    ] = False,
    url: Url = ENDPOINT,
    stage: Stage = "",
    region: Region = "",
) -> None:
    """List events that no endpoint has taken yet, show one, send one again, or test the endpoints.

    Exits 1 when one is dead, or an endpoint did not take the test.
    """
    if action in ("show", "retry") and not event_id:
        raise LocalError(f"deliveries {action}: which event? Name its id, as `deliveries` lists it")
    event: dict[str, object] = {"action": action}
    if action == "list":
        event |= {"limit": limit, **({"state": state} if state else {})}
    elif action != "test":
        event["id"] = event_id
    result: dict[str, Any] = invoke("deliveries", event, Where(url, stage, region))
    if as_json:
        print_safely(write_json(result))
    else:
        _print(result)
    failed = result.get("dead_count") or result["outcome"] == "not_taken"
    raise typer.Exit(1 if failed else 0)


def _print(result: dict[str, Any]) -> None:
    console = Console(width=WIDTH, highlight=False)
    if result["outcome"] == "listed":
        entries = [*result.get("dead", ()), *result.get("waiting", ())]
        console.print(_make_table(entries) if entries else "Every event has been taken.")
        counts = [f"{result[f'{key}_count']} {key}" for key in ("dead", "waiting") if key in result]
        console.print(", ".join(counts))
    elif "type" in result:  # one event
        console.print(_make_table([result]))
        if "payload" in result:
            print_safely(write_json(result["payload"]))
    else:
        for one in result["endpoints"]:
            verdict = "taken" if one["taken"] else "NOT taken"
            console.print(f"endpoint {one['endpoint']}: {verdict} ({one['status']})")


def _make_table(entries: list[dict[str, Any]]) -> Table:
    titles = ("id", "type", "happened", "session", "endpoint", "state", "tries", "last", "next try")
    table = Table(*titles, box=None, pad_edge=False)
    for entry in entries:
        about = [entry["id"], entry["type"], entry["at"], make_printable(entry["session"])]
        for one in entry["endpoints"]:
            how = one["endpoint"], one["state"], str(one["tries"]), one["status"]
            table.add_row(*about, *how, one.get("next_at", ""))
    return table
