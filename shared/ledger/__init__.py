"""What we know of rooms: sessions, people and tasks, kept by an engine that LEDGER_URL names."""

from shared.ledger.document import Session as Session
from shared.ledger.ledger import Ledger as Ledger
from shared.ledger.open import close_ledgers as close_ledgers
from shared.ledger.open import open_ledger as open_ledger
from shared.ledger.sessions import Person as Person
from shared.ledger.sessions import RoomBook as RoomBook
from shared.ledger.task import Attempt as Attempt
from shared.ledger.task import Hearing as Hearing
from shared.ledger.task import Task as Task
from shared.ledger.task import TaskId as TaskId
from shared.ledger.task import TaskState as TaskState
from shared.ledger.task import Timing as Timing
