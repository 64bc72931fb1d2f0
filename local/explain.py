"""`explain`: which rule a room gets, why, and the exact request that would be sent, secrets masked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from local.development import ENDPOINT, local_environment
from local.env_file import read_deployment
from local.errors import LocalError
from local.function_site import find_function_site
from local.naming import KINDS, RoomIdType, choose_room
from local.printable import print_safely, write_json
from shared.errors import RequestError, SettingsError
from shared.lifecycle.start import STARTERS
from shared.room import WHOLE_ROOM, Room
from shared.rules.decision import Miss, Rule, Rules, load_rules
from shared.services.service import SERVICES, StartOrder
from shared.settings import Settings, read_settings
from shared.site import Site

MASK = "***"
SITES: dict[Site, str] = {
    "china": "at the China site",
    "international": "at the international site",
    "unknown": "at an unknown site (TRTC_ENDPOINT), so what either site takes is let through",
}
ONLY_IN_ROOM = (
    "note: 1.0 (service ai) sends its translations into the room only: "
    "they are not in the transcript"
)
EVENT_NAMES = {
    101: "the room is created",
    103: "an anchor enters",
    203: "somebody's microphone starts",
}


def explain(
    room: Annotated[str, typer.Option(envvar="ROOMSCRIBE_ROOM", help="The room's id, as text.")],
    room_id_type: RoomIdType = "auto",
    user: Annotated[
        str | None,
        typer.Option(
            envvar="ROOMSCRIBE_USER", help="The speaker, for a rule with a task per speaker."
        ),
    ] = None,
    sdk_app_id: Annotated[
        int | None,
        typer.Option(
            envvar="ROOMSCRIBE_SDK_APP_ID",
            help="The application.",
            show_default="the first configured one",
        ),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(envvar="RULES_FILE", help="The rules file.", show_default="rules.toml"),
    ] = None,
) -> None:
    """Show which rule a room gets, why, and the request that would be sent.

    With the settings of .env and the environment, and development values for what they lack.
    """
    deployment = read_deployment()
    settings = read_settings(local_environment(deployment, endpoint=ENDPOINT))
    application = sdk_app_id or settings.applications[0].sdk_app_id
    named, why = choose_room(application, room, room_id_type, settings)
    site = find_function_site(deployment)
    if rules and not Path(rules).is_file():
        raise LocalError(f"{rules}: cannot be read; name a rules.toml by --rules, or by RULES_FILE")
    loaded = load_rules(rules or settings.rules_file, site)
    print_safely(f"room {room!r} ({KINDS[named.room_id_type]}) of application {application}")
    print_safely(f"{why}\n" if why else "")
    for line in explain_choice(loaded, named):
        print_safely(line)
    print()
    for line in explain_request(settings, loaded.decide(*named), named, user, site):
        print_safely(line)


def explain_choice(rules: Rules, room: Room) -> Iterator[str]:
    """A line for every rule up to the one that matches, with why."""
    for number, rule in enumerate(rules.rules, 1):
        miss = rule.find_miss(*room)
        if miss is None:
            yield f"rule {number} {rule.name!r}: matches {', '.join(map(repr, rule.room))}"
            return
        yield f"rule {number} {rule.name!r}: no, {_explain_miss(rule, miss)}"
    yield "no rule matches: the room is not transcribed"


def explain_request(
    settings: Settings, rule: Rule, room: Room, user: str | None, site: Site
) -> Iterator[str]:
    """When the task starts, and its request; a line of reason when there is none."""
    target = WHOLE_ROOM if rule.scope == "room" else user
    if target is None:
        yield "one task per speaker: name one with --user to see the request"
        return
    rule = rule if target == WHOLE_ROOM else rule.for_user(target)
    if rule.service == "none":
        yield "not transcribed: service is none"
        return
    events = [e for e in STARTERS[rule.start_on] if rule.scope == "room" or e != 101]
    yield f"starts when {EVENT_NAMES[events[0]]} (start_on = {rule.start_on!r})"
    for service in [rule.service] + ([rule.fallback] if rule.fallback != "none" else []):
        asked = "" if service == rule.service else "when that is refused, "
        region = rule.parameters(service).get("region") or "no region"
        yield f"{asked}{SERVICES[service].actions['start']} in {region}, {SITES[site]}:"
        try:
            application = settings.require_application(room.sdk_app_id)
        except SettingsError:
            mistake = f"--sdk-app-id: {room.sdk_app_id} is not a configured application"
            raise RequestError(mistake) from None
        now_ms = time.time_ns() // 1_000_000
        order = StartOrder(
            *(application, room, target, now_ms, 0, rule.max_idle_s, rule.parameters(service)),
            sign=lambda _: MASK,
        )
        yield write_json(SERVICES[service].build_start(order))
        if service == "ai" and rule.parameters(service).get("translate_to"):
            yield ONLY_IN_ROOM


def _explain_miss(rule: Rule, miss: Miss) -> str:
    if miss == "sdk_app_id":
        return f"it is for application {', '.join(map(str, rule.sdk_app_id))}"
    if miss == "room_id_type":
        return f"it is for rooms of room_id_type {rule.room_id_type}"
    return f"the room is none of {', '.join(map(repr, rule.room))}"
