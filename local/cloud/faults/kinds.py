"""What a fault can say: docs/faults.md is this file in words."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from local.cloud.assumed import LeaveCode, Service
from local.cloud.errors import ACTION_CODES, has_code, list_codes
from local.cloud.events import EVENT_TYPES

When = Literal["before", "after"]
Step = Literal["now", "event", "call", "effect"]
Milliseconds = Annotated[int, Meta(ge=0, le=86_400_000)]
Operation = Literal[
    "PutObject", "GetObject", "HeadObject", "DeleteObject", "GetBucket", "HeadBucket"
]
YEAR_MS = 366 * 86_400_000

STARTS = ("StartAITranscription", "CreateCloudTranscription")
DEFAULT_DRIP_MS = 1_000
DEFAULT_REORDER_MS = 10_000


class Fault(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="where"):
    """How often a fault strikes, and in which rooms: what all kinds have in common."""

    rate: Annotated[float, Meta(gt=0, le=1)] = 1.0
    times: Annotated[int, Meta(ge=1)] | None = None
    skip: Annotated[int, Meta(ge=0)] = 0
    every: Annotated[int, Meta(ge=1)] = 1
    for_ms: Annotated[int, Meta(ge=1, le=YEAR_MS)] | None = None
    room: Annotated[str, Meta(min_length=1)] | None = None
    seed: int = 0


class ApiFault(Fault, frozen=True, tag="api"):
    """Something goes wrong with a call of the API."""

    what: Literal["error", "status", "hang", "drop", "drip", "latency", "throttle", "quota"]
    when: When | None = None
    actions: list[str] = []
    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)?$")] | None = None
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    ms: Milliseconds | None = None

    # Which of the fields that may be left out go with which `what`.
    goes_with: ClassVar[Mapping[str, set[str]]] = {
        "when": {"error", "status", "hang", "drop", "latency"},
        "code": {"error", "quota"},
        "status": {"status"},
        "ms": {"latency", "drip", "hang"},
    }

    def __post_init__(self) -> None:
        _refuse_stray(self, self.what, self.goes_with)
        if self.what == "latency" and self.ms is None:
            raise ValueError("ms is needed for latency")
        self.check_actions(self.actions)

    def check_actions(self, actions: list[str]) -> None:
        """Raise ValueError where one of these actions can never answer this."""
        if self.what == "quota" and not {*actions}.issubset(STARTS):
            raise ValueError(f"quota is of {' and '.join(STARTS)} only")
        if self.code is None:
            return
        for action in actions:
            if not has_code(action, self.code):
                known = ", ".join(list_codes(action))
                raise ValueError(f"code: {action} has no {self.code}; it has {known}")
        possible = STARTS if self.what == "quota" else tuple(ACTION_CODES)
        if not actions and not any(has_code(action, self.code) for action in possible):
            known = ", ".join(sorted({code for action in possible for code in list_codes(action)}))
            raise ValueError(f"code: no action has {self.code}; there are {known}")

    def can_strike(self, action: str) -> bool:
        """Whether that action is one of those it is about, and can answer it."""
        meant = action in (self.actions or (STARTS if self.what == "quota" else (action,)))
        return meant and (self.code is None or has_code(action, self.code))

    @property
    def phase(self) -> When:
        """Whether it strikes before or after the call's effect; an answer drips after it."""
        return "after" if self.what == "drip" else self.when or "before"


class CallbackFault(Fault, frozen=True, tag="callback"):
    """Something goes wrong with a callback on its way to the webhook."""

    what: Literal["lose", "duplicate", "delay", "reorder"]
    events: list[int] = []
    copies: Annotated[int, Meta(ge=1, le=1000)] | None = None
    ms: Milliseconds | None = None

    goes_with: ClassVar[Mapping[str, set[str]]] = {
        "copies": {"duplicate"},
        "ms": {"duplicate", "delay", "reorder"},
    }

    def __post_init__(self) -> None:
        _refuse_stray(self, self.what, self.goes_with)
        _check_events(self.events)
        if self.what == "delay" and self.ms is None:
            raise ValueError("ms is needed for delay")


class MachineFault(Fault, frozen=True):
    """Something happens to what runs the functions: at once, or at a step of a callback or a call."""

    step: Step = "now"
    actions: list[str] = []
    events: list[int] = []

    def __post_init__(self) -> None:
        _check_events(self.events)
        if self.events and self.step != "event":
            raise ValueError("events goes with step event only")
        if self.actions and self.step not in ("call", "effect"):
            raise ValueError("actions goes with the steps call and effect only")
        often = (self.rate, self.times, self.skip, self.every, self.for_ms, self.room)
        if self.step == "now" and often != (1.0, None, 0, 1, None, None):
            raise ValueError(
                "rate, times, skip, every, for_ms and room need a step: event, call or effect"
            )


class InstanceFault(MachineFault, frozen=True, tag="instance"):
    """The busy instances of a function, or of all, are killed."""

    what: Literal["kill"] = "kill"
    function: Annotated[str, Meta(min_length=1)] | None = None
    ms: Annotated[int, Meta(ge=0, le=60_000)] = 0


class RedisFault(MachineFault, frozen=True, tag="redis"):
    """Redis stops, and is back after `ms`."""

    what: Literal["restart"] = "restart"
    ms: Annotated[int, Meta(ge=0, le=60_000)] = 1_000


class TaskFault(Fault, frozen=True, tag="task"):
    """A started task ends by itself, `after_ms` later."""

    what: Literal["crash"] = "crash"
    service: Service | None = None
    leave_code: int = LeaveCode.INTERNAL_ERROR
    after_ms: Milliseconds = 0

    def __post_init__(self) -> None:
        if self.leave_code not in set(LeaveCode):
            known = ", ".join(str(int(code)) for code in LeaveCode)
            raise ValueError(f"leave_code must be one of {known}")


class FunctionFault(Fault, frozen=True, tag="function"):
    """SCF cannot do what it was told to do with a function, or needs longer for it."""

    what: Literal["fail", "slow"]
    function: Annotated[str, Meta(min_length=1)] | None = None
    reason_code: str = "FailedOperation.ClsServiceUnregistered"
    reason: str = "CLS is not activated."
    ms: Milliseconds | None = None

    goes_with: ClassVar[Mapping[str, set[str]]] = {"ms": {"slow"}}

    def __post_init__(self) -> None:
        _refuse_stray(self, self.what, self.goes_with)
        if self.what == "slow" and self.ms is None:
            raise ValueError("ms is needed for slow")


class CosFault(Fault, frozen=True, tag="cos"):
    """Something goes wrong with a request of the object storage COS."""

    what: Literal["error", "drop", "latency"]
    when: When | None = None
    operations: list[Operation] = []
    key: Annotated[str, Meta(min_length=1)] | None = None
    code: Literal["AccessDenied", "InternalError", "ServiceUnavailable", "SlowDown"] | None = None
    ms: Milliseconds | None = None

    goes_with: ClassVar[Mapping[str, set[str]]] = {"code": {"error"}, "ms": {"latency"}}

    def __post_init__(self) -> None:
        _refuse_stray(self, self.what, self.goes_with)
        if self.what == "latency" and self.ms is None:
            raise ValueError("ms is needed for latency")

    @property
    def phase(self) -> When:
        """Whether it strikes before or after the request's effect."""
        return self.when or "before"


class EndpointFault(Fault, frozen=True, tag="endpoint"):
    """Something goes wrong with an event at the endpoint it is sent to, which is this cloud's receiver."""

    what: Literal["away", "drop", "slow", "status"]
    receiver: Annotated[str, Meta(min_length=1)] | None = None
    status: Annotated[int, Meta(ge=300, le=599)] | None = None
    ms: Milliseconds | None = None

    goes_with: ClassVar[Mapping[str, set[str]]] = {"status": {"status"}, "ms": {"slow"}}

    def __post_init__(self) -> None:
        _refuse_stray(self, self.what, self.goes_with)
        if self.what == "slow" and self.ms is None:
            raise ValueError("ms is needed for slow")


AnyFault = (
    ApiFault
    | CallbackFault
    | CosFault
    | EndpointFault
    | FunctionFault
    | InstanceFault
    | RedisFault
    | TaskFault
)
KINDS: Mapping[str, type[Fault]] = {
    "api": ApiFault,
    "callback": CallbackFault,
    "cos": CosFault,
    "endpoint": EndpointFault,
    "function": FunctionFault,
    "instance": InstanceFault,
    "redis": RedisFault,
    "task": TaskFault,
}


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


def _refuse_stray(fault: Fault, what: str, goes_with: Mapping[str, set[str]]) -> None:
    for name, kinds in goes_with.items():
        if getattr(fault, name) is not None and what not in kinds:
            raise ValueError(f"{name} does not go with {what}")


def _check_events(events: list[int]) -> None:
    unknown = sorted(set(events) - EVENT_TYPES)
    if unknown:
        known = ", ".join(str(event) for event in sorted(EVENT_TYPES))
        raise ValueError(f"events: there is no {unknown[0]}; there are {known}")


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
