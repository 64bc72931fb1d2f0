"""What we know of rooms: sessions, people and tasks, kept by an engine that LEDGER_URL names."""

from shared.ledger.document import (
    Attempt,
    Hearing,
    Person,
    Session,
    Task,
    TaskId,
    TaskState,
    Timing,
)
from shared.ledger.ledger import Ledger
from shared.ledger.open import close_ledgers, open_ledger
from shared.ledger.sessions import Closing, Opening, RoomBook
from shared.ledger.transcripts import KeptTranscripts

__all__ = [
    "Attempt",
    "Closing",
    "Hearing",
    "KeptTranscripts",
    "Ledger",
    "Opening",
    "Person",
    "RoomBook",
    "Session",
    "Task",
    "TaskId",
    "TaskState",
    "Timing",
    "close_ledgers",
    "open_ledger",
]
