"""Meetings written down: a scenario file says who does what and when, and `play` does it.

A scenario is TOML: a `title`, and a `[[step]]` table for everything that happens.

    title = "A short talk"

    [[step]]
    at_s = 0.5                       # seconds after the start; 0 when left out
    do = "say"                       # create, enter, leave, audio, say or dismiss
    room_id = "class-7"
    room_id_type = 1                 # 0 numeric, 1 string; needed where both exist
    user_id = "amy"                  # every step but dismiss
    text = "Good morning"            # say
    translations = { zh = "早上好" }  # say: what a translator hears, by language; may be left out
    late_s = 2.5                     # say: how late its callbacks come; 0 when left out

`enter` takes a `role` (20 anchor, 21 audience), `audio` an `on` (true, false); `say` switches the
microphone on. Steps happen through `/_local/rooms`, as anybody's would: any local cloud will do.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Meta, Struct

from local.errors import LocalError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SAMPLE = Path(__file__).with_name("scenarios") / "meeting.toml"
SENTENCES = [903, 1403, 1404]  # the callbacks that tell what was said
Name = Annotated[str, Meta(min_length=1)]
Pause = Callable[[float], Awaitable[None]]


class Step(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="do"):
    """One thing that happens in a room, `at_s` seconds after the start."""

    room_id: Name
    room_id_type: Literal[0, 1] | None = None
    at_s: Annotated[float, Meta(ge=0)] = 0.0


class Create(Step, frozen=True, tag="create"):
    """The room is created and its creator is in it."""

    user_id: Name


class Enter(Step, frozen=True, tag="enter"):
    """Somebody comes in."""

    user_id: Name
    role: Literal[20, 21] = 20


class Leave(Step, frozen=True, tag="leave"):
    """Somebody leaves."""

    user_id: Name


class Audio(Step, frozen=True, tag="audio"):
    """Somebody switches the microphone on or off."""

    user_id: Name
    on: bool = True


class Say(Step, frozen=True, tag="say"):
    """Somebody says a sentence."""

    user_id: Name
    text: Name
    translations: dict[Name, Name] = {}
    late_s: Annotated[float, Meta(ge=0, le=60)] = 0.0


class Dismiss(Step, frozen=True, tag="dismiss"):
    """The room is closed."""


Action = Create | Enter | Leave | Audio | Say | Dismiss


class Scenario(Struct, frozen=True):
    """What happens, in order of time."""

    title: str
    steps: tuple[Action, ...]


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; raise LocalError naming file, step and key."""
    try:
        return parse_scenario(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise LocalError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LocalError(f"{path}: is not UTF-8 text") from error


def parse_scenario(text: str, file: str) -> Scenario:
    """Read a scenario; `file` is its name in error messages."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: thousands of digits, too
        raise LocalError(f"{file}: is not TOML: {error}") from error
    unknown = sorted(document.keys() - {"title", "step"})
    if unknown:
        raise LocalError(f"{file}: unknown key {unknown[0]}; there are title and [[step]]")
    tables = document.get("step")
    if not isinstance(tables, list) or not tables:
        raise LocalError(f"{file}: needs at least one [[step]]")
    title = document.get("title", file)
    if not isinstance(title, str):
        raise LocalError(f"{file}: title: must be a text")
    steps = [_read_step(table, f"{file}: step {n}") for n, table in enumerate(tables, 1)]
    return Scenario(title, tuple(sorted(steps, key=lambda step: step.at_s)))


async def play(
    scenario: Scenario, client: httpx.AsyncClient, *, pause: Pause = asyncio.sleep
) -> None:
    """Do every step when its time comes; `client` talks to the local cloud.

    Raises LocalError with the cloud's own words for a step that it refuses.
    """
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    for step in scenario.steps:
        wait_s = started_s + step.at_s - loop.time()
        if wait_s > 0:
            await pause(wait_s)
        await _do(step, client)


def _read_step(table: object, place: str) -> Action:
    try:
        # mypy does not see that a union of types is a type
        return msgspec.convert(table, Action)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise LocalError(f"{place}: {_reword(str(error))}") from error


def _reword(message: str) -> str:
    """msgspec's words, with the key in front where it only gives a path."""
    found = re.fullmatch(r"(.*) - at `\$\.([^`]*)`", message)
    return f"{found[2]}: {found[1]}" if found else message


async def _do(step: Action, client: httpx.AsyncClient) -> None:
    if not isinstance(step, Say) or not step.late_s:
        await _ask(step, client, "POST", *_write_request(step))
        return
    fault = await _ask(step, client, "POST", "/_local/faults", _write_delay(step))
    try:
        await _ask(step, client, "POST", *_write_request(step))
    finally:
        await _ask(step, client, "DELETE", f"/_local/faults/{fault['id']}")


async def _ask(
    step: Action, client: httpx.AsyncClient, method: str, path: str, body: object = None
) -> dict[str, object]:
    try:
        answer = await client.request(method, path, json=body)
    except httpx.TransportError as error:
        raise LocalError(f"no local cloud answers at {client.base_url}") from error
    if answer.is_error:
        action = type(step).__name__.lower()
        reason = _read_reason(answer)
        raise LocalError(f"{action} in room {step.room_id} at {step.at_s:g} s: {reason}")
    result: dict[str, object] = answer.json()
    return result


def _write_delay(step: Say) -> dict[str, object]:
    """The fault that makes all callbacks late which tell of a sentence."""
    about = {"room": step.room_id, "events": SENTENCES, "ms": round(step.late_s * 1000)}
    return {"where": "callback", "what": "delay", **about}


def _read_reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, TypeError, KeyError):
        return f"status {answer.status_code}"


def _write_request(step: Action) -> tuple[str, dict[str, object]]:
    body: dict[str, object] = msgspec.to_builtins(step)
    action, room_id, kind = body.pop("do"), body.pop("room_id"), body.pop("room_id_type")
    del body["at_s"]
    body.pop("late_s", None)
    if isinstance(step, Create):
        typed = {} if kind is None else {"room_id_type": kind}
        return "/_local/rooms", {"room_id": room_id, **typed, **body}
    query = "" if kind is None else f"?type={kind}"
    return f"/_local/rooms/{quote(str(room_id), safe='')}/{action}{query}", body
