"""Faults as JSON: read, with what is wrong in words, and written."""

import json
import re
from typing import Any, get_args, get_type_hints

import msgspec

from local.cloud.faults.kinds import KINDS, AnyFault, ApiFault, Fault


class FaultError(ValueError):
    """A fault that makes no sense; the text says why."""


def parse_fault(value: object, actions: frozenset[str]) -> AnyFault:
    """Read a fault; `actions` are those that there are. Raises FaultError."""
    try:
        fault: AnyFault = msgspec.convert(value, AnyFault)
    except msgspec.ValidationError as error:
        raise FaultError(_reword(str(error), value)) from error
    unknown = sorted(set(getattr(fault, "actions", ())) - actions)
    if unknown:
        raise FaultError(
            f"actions: there is no {unknown[0]}; there are {', '.join(sorted(actions))}"
        )
    return fault


def parse_header(text: str, action: str) -> ApiFault:
    """Read an X-Local-Fault header: what happens to that one call of `action`. Raises FaultError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FaultError("must be a JSON object") from error
    if not isinstance(value, dict):
        raise FaultError("must be a JSON object")
    often = sorted(
        value.keys() & {"rate", "times", "skip", "every", "for_ms", "seed", "room", "actions"}
    )
    if often:
        raise FaultError(f"{often[0]} makes no sense for one call")
    value = {"where": "api", **value}
    if value["where"] != "api":
        raise FaultError("where must be api")
    fault = parse_fault(value, frozenset())
    assert isinstance(fault, ApiFault)  # noqa: S101  what `where` says
    try:
        fault.check_actions([action])
    except ValueError as error:
        raise FaultError(str(error)) from error
    return fault


def write_fault(fault: Fault) -> dict[str, object]:
    """A fault as JSON, without what was left open."""
    fields: dict[str, object] = msgspec.to_builtins(fault)
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _reword(message: str, value: object) -> str:
    """msgspec's words, with the key in front, and the choices where there are some."""
    found = re.fullmatch(r"(.*) - at `\$\.([^`\[]*).*`", message, re.DOTALL)
    if found is None:
        return message
    choices = _list_choices(value, found[2])
    return (
        f"{found[2]} must be one of {', '.join(choices)}" if choices else f"{found[2]}: {found[1]}"
    )


def _list_choices(value: Any, name: str) -> list[str]:
    if name == "where":
        return list(KINDS)
    kind = KINDS.get(str(value.get("where"))) if isinstance(value, dict) else None
    hint = get_type_hints(kind).get(name) if kind else None
    inner = [*get_args(hint), *(part for arg in get_args(hint) for part in get_args(arg))]
    return [choice for choice in inner if isinstance(choice, str)]
