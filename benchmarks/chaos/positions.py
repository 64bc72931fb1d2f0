"""The applications of the chaos: one for each position of the emulator's switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from local.cloud.config import Application, SameBot, StartNeeds
from local.development import CALLBACK_KEY, SDK_APP_ID, SDK_SECRET_KEY


@dataclass(frozen=True)
class Position:
    """An application, and how the switches stand in it."""

    sdk_app_id: int
    same_bot: SameBot
    bots_hold_rooms: bool
    start_needs: StartNeeds = "nothing"
    dismissal_ends_tasks: bool = True
    lookup_lag_ms: int = 0

    @property
    def name(self) -> str:
        """In a table."""
        words = [
            self.same_bot,
            *(["bots hold rooms"] if self.bots_hold_rooms else []),
            *([f"a start needs {self.start_needs}"] if self.start_needs != "nothing" else []),
            *([] if self.dismissal_ends_tasks else ["tasks outlive dismissals"]),
            *([f"found after {self.lookup_lag_ms // 1000} s"] if self.lookup_lag_ms else []),
        ]
        return ", ".join(words)


_SAME_BOT = tuple(
    Position(SDK_APP_ID + 2 * number + holding, same_bot, bool(holding))
    for number, same_bot in enumerate(get_args(SameBot))
    for holding in (0, 1)
)
_NEXT = SDK_APP_ID + len(_SAME_BOT)
POSITIONS = (
    *_SAME_BOT,
    Position(_NEXT, "replace", False, start_needs="anchor", lookup_lag_ms=10_000),
    Position(_NEXT + 1, "replace", False, start_needs="room", dismissal_ends_tasks=False),
)


def describe_applications() -> list[dict[str, object]]:
    """What TRTC_APPS says of them."""
    return [
        {"sdk_app_id": p.sdk_app_id, "secret_key": SDK_SECRET_KEY, "callback_key": _key(p)}
        for p in POSITIONS
    ]


def list_applications() -> tuple[Application, ...]:
    """What the emulator knows of them."""
    return tuple(
        Application(
            p.sdk_app_id,
            SDK_SECRET_KEY,
            _key(p),
            same_bot=p.same_bot,
            bots_hold_rooms=p.bots_hold_rooms,
            start_needs=p.start_needs,
            dismissal_ends_tasks=p.dismissal_ends_tasks,
            lookup_lag_ms=p.lookup_lag_ms,
        )
        for p in POSITIONS
    )


def _key(position: Position) -> str:
    return f"{CALLBACK_KEY}{position.sdk_app_id}"[-32:]
