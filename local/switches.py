"""The emulator's switches on the command line: fields of CloudConfig, each an option with its default.

Its environment twin is ROOMSCRIBE_ and its name.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, get_type_hints

import typer

from local.cloud.assumed import QUOTA_CODES
from local.cloud.config import CloudConfig

Switches = Mapping[str, object]  # values by field
Command = Callable[..., None]
TYPES = get_type_hints(CloudConfig)

# What each says in --help, in that order.
HELP: Mapping[str, str] = {
    "callback_url": "Where its webhooks go.",
    "same_bot": "2.0: a second task whose bot has the same UserId replaces the first, is refused, "
    "or runs beside it.",
    "bots_hold_rooms": "Whether a bot alone keeps a room open.",
    "dismissed_room_id": "RoomId in the 102 of a numeric room: the same type as in its 101, "
    "or a string.",
    "preparing_ms": "1.0: how long a task is Preparing before it is InProgress.",
    "cleaning_ms": "1.0: how long a stopped task still holds its SessionId.",
    "idle_ms": "2.0: how long a task is Idle before it is InProgress.",
    "idle_stops": "Whether the server ends tasks that nobody needs any more.",
    "leave_code": "Which callbacks of a task's end say why: both, 902 alone, or none.",
    "start_needs": "2.0: a start is refused (FailedOperation) unless the room is open, "
    "or an anchor is in it.",
    "dismissal_ends_tasks": "Whether the tasks of a room that is dismissed end with it.",
    "lookup_lag_ms": "2.0: how long a new task is not found by Describe and Delete.",
    "bots_are_told": "Whether 103 and 104 tell of bots, too.",
    "room_data": "Whether the account has the package that DescribeRoomInfo and DescribeUserInfo "
    "need.",
    "room_data_delay_ms": "How long it takes until these two tell of something.",
    "site": "Whose regions and parameters the API has.",
    "quota_code_cloud": "2.0: how a start says that the quota is used up: "
    f"{', '.join(QUOTA_CODES['cloud'])}.",
    "quota_code_ai": f"1.0: the same: {', '.join(QUOTA_CODES['ai'])}.",
    "session_query_names_task": "1.0: whether a query by SessionId answers the TaskId.",
    "cloud_words": "2.0: the names in callbacks of a task's end and words: like those of 1.0, "
    "or as Tencent's web or iOS clients have them.",
}


def with_switches(
    *, left_out: Collection[str] = (), last: str = ""
) -> Callable[[Command], Command]:
    """Give a command an option for each switch, in place of its parameter `switches`.

    The command gets the chosen values there. Switches in `left_out` get no option; `last` names the
    parameter that stands at the end of --help.
    """
    names = [name for name in HELP if name not in left_out]
    options = [_make_parameter(name) for name in names]

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(**given: object) -> None:
            command(switches={name: given.pop(name) for name in names}, **given)

        parameters: list[inspect.Parameter] = []
        for own in inspect.signature(command, eval_str=True).parameters.values():
            parameters += options if own.name == "switches" else [own]
        parameters.sort(key=lambda parameter: parameter.name == last)
        # typer makes a command's options from its signature.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return run

    return decorate


def _make_parameter(name: str) -> inspect.Parameter:
    kind, default = TYPES[name], getattr(CloudConfig, name)
    option = typer.Option(
        envvar=f"ROOMSCRIBE_{name.upper()}",
        help=HELP[name],
        min=0 if kind is int else None,
        show_default="nowhere" if name == "callback_url" else True,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )
