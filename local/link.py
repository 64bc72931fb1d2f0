"""`link`: the address at which a room's transcript, or the list of all meetings, can be read."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from local.development import ENDPOINT, local_environment, refuse_development_key
from local.env_file import read_environment_of
from local.errors import LocalError
from local.naming import KINDS, RoomIdType, choose_room
from local.options import SdkAppId
from local.printable import print_safely
from local.transcripts import READER, write_list_link
from shared.ledger import Session, open_ledger
from shared.links import write_link
from shared.room import Room
from shared.settings import Settings, read_settings


def link(
    room: Annotated[
        str | None,
        typer.Option(envvar="ROOMSCRIBE_ROOM", help="The room's id, as text.", show_default=False),
    ] = None,
    all_meetings: Annotated[
        bool,
        typer.Option(
            "--all",
            envvar="ROOMSCRIBE_LINK_ALL",
            help="Instead of one room's: the list of all meetings of the application, for a day.",
        ),
    ] = False,
    room_id_type: RoomIdType = "auto",
    sdk_app_id: SdkAppId = None,
    url: Annotated[
        str,
        typer.Option(
            envvar="ROOMSCRIBE_LINK_URL",
            help="read_transcript's own URL; for one elsewhere the settings come from .env, too.",
        ),
    ] = ENDPOINT + READER,
) -> None:
    """Print the link to what is said in a room: to its latest session only, for a week.

    With --all the link to the list of all meetings instead.
    """
    settings = read_settings(local_environment(read_environment_of(url), endpoint=ENDPOINT))
    known = [application.sdk_app_id for application in settings.applications]
    if sdk_app_id is None and len(known) > 1:
        raise LocalError(f"--sdk-app-id: name one of {known}")
    application = sdk_app_id or known[0]
    key_name = "OPERATOR_LINK_KEY" if all_meetings else "TRANSCRIPT_LINK_KEY"
    key = settings.operator_link_key if all_meetings else settings.transcript_link_key
    refuse_development_key(key_name, key or "", url)
    if all_meetings:
        print(write_list_link(settings, url, application, int(time.time())))
        return
    if room is None:
        raise LocalError("--room: name a room, or ask for --all")
    chosen, why = choose_room(application, room, room_id_type, settings)
    session = find_latest(settings, chosen)
    if settings.transcript_link_key is None:
        raise LocalError("TRANSCRIPT_LINK_KEY is not set")
    if why:
        print_safely(why, err=True)  # what a program reads has the link alone
    print(write_link(settings.transcript_link_key, url, session.id, int(time.time())))


def find_latest(settings: Settings, room: Room) -> Session:
    """The newest session of a room; LocalError for a room that is not known."""
    ledger = open_ledger(settings.ledger_url, name=settings.ledger_name)
    sessions = ledger.list_sessions(room, 1)
    if not sessions:
        kind = KINDS[room.room_id_type]
        raise LocalError(f"no {kind} room {room.room_id!r} is in the ledger; try --room-id-type")
    return sessions[0]
