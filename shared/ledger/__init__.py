"""What we know of rooms: sessions, people and tasks, kept by an engine that LEDGER_URL names."""

from shared.ledger.book import Closing, Opening, RoomBook
from shared.ledger.contract import Ledger
from shared.ledger.open import close_ledgers, open_ledger
from shared.ledger.records import (
    Attempt,
    Hearing,
    Person,
    Room,
    Session,
    Task,
    TaskId,
    TaskState,
    Timing,
    name_session,
)
from shared.ledger.transcripts import KeptTranscripts

__all__ = [
    "Attempt",
    "Closing",
    "Hearing",
    "KeptTranscripts",
    "Ledger",
    "Opening",
    "Person",
    "Room",
    "RoomBook",
    "Session",
    "Task",
    "TaskId",
    "TaskState",
    "Timing",
    "close_ledgers",
    "name_session",
    "open_ledger",
]
