"""`people`: tell what users of an application are called."""

from __future__ import annotations

from typing import Annotated

import typer

from local.development import ENDPOINT
from local.invoke import invoke_function, read_event
from local.printable import print_safely, write_json

MOST = 500  # users in one event of set_people


def people(
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="The JSON of set_people, or - for standard input.")
    ],
    url: Annotated[
        str, typer.Option(envvar="ROOMSCRIBE_URL", help="The local cloud to run it in.")
    ] = ENDPOINT,
) -> None:
    """Tell what users are called, as many as there are; a name that is null is forgotten.

    Prints what set_people returns, once for each 500 of them; exits 1 at the first that fails.
    """
    for event in cut_event(read_event(source)):
        succeeded, result = invoke_function(url, "set_people", event)
        print_safely(write_json(result))
        if not succeeded or not isinstance(result, dict) or result.get("outcome") == "error":
            raise typer.Exit(1)


def cut_event(event: object) -> list[object]:
    """The event in as many as set_people needs; it says itself what is wrong with another one."""
    told = event.get("people") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(told, list) or not told:
        return [event]
    return [{**event, "people": told[at : at + MOST]} for at in range(0, len(told), MOST)]
