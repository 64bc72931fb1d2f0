"""`deliveries`: the events that no endpoint has taken yet; one of them again, or a test of the endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

from local.development import ENDPOINT
from local.errors import LocalError
from local.options import AsJson, Region, Stage, Url
from local.printable import print_safely, write_json
from local.remote import Where, invoke
from local.tables import print_table

TITLES = ("id", "type", "happened", "session", "endpoint", "state", "tries", "last", "next try")


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
    as_json: AsJson = False,
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
    if result["outcome"] == "listed":
        entries = [*result.get("dead", ()), *result.get("waiting", ())]
        print_table(TITLES, _list_rows(entries))
        if not entries:
            print_safely("Every event has been taken.")
        counts = [f"{result[f'{key}_count']} {key}" for key in ("dead", "waiting") if key in result]
        print_safely(", ".join(counts))
    elif "type" in result:  # one event
        print_table(TITLES, _list_rows([result]))
        if "payload" in result:
            print_safely(write_json(result["payload"]))
    else:
        for one in result["endpoints"]:
            verdict = "taken" if one["taken"] else "NOT taken"
            print_safely(f"endpoint {one['endpoint']}: {verdict} ({one['status']})")


def _list_rows(entries: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for entry in entries:
        about = (entry["id"], entry["type"], entry["at"], entry["session"])
        for one in entry["endpoints"]:
            how = one["endpoint"], one["state"], str(one["tries"]), one["status"]
            yield *about, *how, one.get("next_at", "")
