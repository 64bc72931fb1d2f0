"""The callbacks that there are, by EventType.

Source: doc 647/51586 (2025-01-06) for groups 1 and 2, 647/109686 for group 9, 647/129976
(2026-04-03) for group 14.
"""

from collections.abc import Mapping

from local.cloud.assumed import Service

# EventType → its group, and what the feed calls it.
ROOM_EVENTS: Mapping[int, tuple[int, str]] = {
    101: (1, "room.created"),
    102: (1, "room.dismissed"),
    103: (1, "user.entered"),
    104: (1, "user.left"),
    105: (1, "role.changed"),
    203: (2, "audio.started"),
    204: (2, "audio.stopped"),
}
TASK_GROUPS: Mapping[Service, int] = {"ai": 9, "cloud": 14}
TASK_STARTED: Mapping[Service, int] = {"ai": 901, "cloud": 1401}
TASK_STOPPED: Mapping[Service, int] = {"ai": 902, "cloud": 1402}
SENTENCE_SPOKEN: Mapping[Service, int] = {"ai": 903, "cloud": 1403}
SENTENCE_TRANSLATED = 1404

EVENT_TYPES = frozenset(
    [
        *ROOM_EVENTS,
        *TASK_STARTED.values(),
        *TASK_STOPPED.values(),
        *SENTENCE_SPOKEN.values(),
        SENTENCE_TRANSLATED,
    ]
)
