"""What we know of rooms: sessions, presence and tasks, kept by an engine that LEDGER_URL names."""

from shared.ledger.open import Ledger, open_ledger
from shared.ledger.records import Person, Room, Session, Task, TaskState

__all__ = ["Ledger", "Person", "Room", "Session", "Task", "TaskState", "open_ledger"]
