"""How many streams Tencent recognises and translates: microphones that are on in rooms whose tasks run.

Looked at once a minute, because people come and go too often for each of them to change a sum.
"""

from __future__ import annotations

from contextlib import suppress

from shared.errors import UnreadableError
from shared.ledger import Ledger, RoomBook
from shared.ledger.document import DOCUMENTS, EMPTY
from shared.ledger.fleet import MANY
from shared.ledger.layout import RoomKeys
from shared.ledger.sessions import PRESENCES
from shared.transcripts.records import FOR_EVER_MS

PIECE = 200  # rooms read at once


def count_streams(sdk_app_id: int, ledger: Ledger) -> tuple[int, int]:
    """The recognition and the translation streams of an application; raises LedgerError.

    A running task is due to be checked, so the index of what is due names its room.
    """
    tag, due = str(sdk_app_id), ledger.list_due(FOR_EVER_MS, MANY)
    rooms = [room for room in due if room.sdk_app_id == sdk_app_id]
    recognised = translated = 0
    for at in range(0, len(rooms), PIECE):
        keys = [RoomKeys(room) for room in rooms[at : at + PIECE]]
        named = [key for one in keys for key in (one.document.key, one.people)]
        found = ledger.engine.list_cells(tag, named)
        for room, documents, people in zip(rooms[at:], found[::2], found[1::2], strict=False):
            with suppress(UnreadableError):
                document = ledger.decode(DOCUMENTS.decode, documents.get("") or EMPTY)
                session = RoomBook(room, document).open_now
                if session and any(task.state == "running" for task in session.tasks.values()):
                    known = [ledger.decode(PRESENCES.decode, raw) for raw in people.values()]
                    on = sum(one.present and one.microphone for one in known)
                    recognised += on
                    parameters = session.rule.parameters(session.rule.service)
                    translated += on * len(parameters.get("translate_to", ()))
    return recognised, translated
