"""What a fault can say: docs/faults.md is this file in words."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

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
    """How often a fault strikes, and in which rooms: what all kinds have in common.

    `goes_with` says which of the fields that may be left out go with which `what`, `needs_ms` which `what`
    needs `ms`.
    """

    goes_with: ClassVar[Mapping[str, set[str]]] = {}
    needs_ms: ClassVar[str] = ""

    rate: Annotated[float, Meta(gt=0, le=1)] = 1.0
    times: Annotated[int, Meta(ge=1)] | None = None
    skip: Annotated[int, Meta(ge=0)] = 0
    every: Annotated[int, Meta(ge=1)] = 1
    for_ms: Annotated[int, Meta(ge=1, le=YEAR_MS)] | None = None
    room: Annotated[str, Meta(min_length=1)] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        what = getattr(self, "what", "")
        for name, kinds in self.goes_with.items():
            if getattr(self, name) is not None and what not in kinds:
                raise ValueError(f"{name} does not go with {what}")
        if what == self.needs_ms and getattr(self, "ms", None) is None:
            raise ValueError(f"ms is needed for {what}")


class ApiFault(Fault, frozen=True, tag="api"):
    """Something goes wrong with a call of the API."""

    what: Literal["error", "status", "hang", "drop", "drip", "latency", "throttle", "quota"]
    when: When | None = None
    actions: list[str] = []
    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)?$")] | None = None
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    ms: Milliseconds | None = None

    goes_with: ClassVar[Mapping[str, set[str]]] = {
        "when": {"error", "status", "hang", "drop", "latency"},
        "code": {"error", "quota"},
        "status": {"status"},
        "ms": {"latency", "drip", "hang"},
    }
    needs_ms: ClassVar[str] = "latency"

    def __post_init__(self) -> None:
        super().__post_init__()
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
    needs_ms: ClassVar[str] = "delay"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_events(self.events)


class MachineFault(Fault, frozen=True):
    """Something happens to what runs the functions: at once, or at a step of a callback or a call."""

    step: Step = "now"
    actions: list[str] = []
    events: list[int] = []

    def __post_init__(self) -> None:
        super().__post_init__()
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
        super().__post_init__()
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
    needs_ms: ClassVar[str] = "slow"


class CosFault(Fault, frozen=True, tag="cos"):
    """Something goes wrong with a request of the object storage COS."""

    what: Literal["error", "drop", "latency"]
    when: When | None = None
    operations: list[Operation] = []
    key: Annotated[str, Meta(min_length=1)] | None = None
    code: Literal["AccessDenied", "InternalError", "ServiceUnavailable", "SlowDown"] | None = None
    ms: Milliseconds | None = None

    goes_with: ClassVar[Mapping[str, set[str]]] = {"code": {"error"}, "ms": {"latency"}}
    needs_ms: ClassVar[str] = "latency"

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
    needs_ms: ClassVar[str] = "slow"


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


def _check_events(events: list[int]) -> None:
    unknown = sorted(set(events) - EVENT_TYPES)
    if unknown:
        known = ", ".join(str(event) for event in sorted(EVENT_TYPES))
        raise ValueError(f"events: there is no {unknown[0]}; there are {known}")
