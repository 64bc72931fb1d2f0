"""`people`: tell what users of an application are called."""

from __future__ import annotations

from typing import Annotated

import typer

from local.development import ENDPOINT
from local.errors import LocalError
from local.invoke import read_event
from local.options import Region, Stage, Url
from local.printable import print_safely, write_json
from local.remote import Where, invoke

MOST = 500  # users in one event of set_people


def people(
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="The JSON of set_people, or - for standard input.")
    ],
    url: Url = ENDPOINT,
    stage: Stage = "",
    region: Region = "",
) -> None:
    """Tell what users are called, as many as there are; a name that is null is forgotten.

    Prints what set_people returns, once for each 500 of them; exits 1 at the first that fails.
    """
    where = Where(url, stage, region)
    for event in cut_event(read_event(source)):
        print_safely(write_json(invoke("set_people", event, where)))


def cut_event(event: object) -> list[dict[str, object]]:
    """The event in as many as set_people needs; it says itself what is wrong with another one."""
    if not isinstance(event, dict):
        raise LocalError("the event must be a JSON object, as set_people takes it")
    told = event.get("people")
    if not isinstance(told, list) or not told:
        return [event]
    return [{**event, "people": told[at : at + MOST]} for at in range(0, len(told), MOST)]
