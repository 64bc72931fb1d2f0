"""Who may start a session's task, and what becomes of it: pure changes of a Session.

A claim is a lease with a token: whoever holds it starts the task, and finishing is refused when
it was lost meanwhile. A task keeps every TaskId it ever got until each is known to be over.
"""

from shared.ledger.claims.starts import Release as Release
from shared.ledger.claims.starts import claim_start as claim_start
from shared.ledger.claims.starts import finish_start as finish_start
from shared.ledger.claims.starts import release_start as release_start
from shared.ledger.claims.starts import settle_attempts as settle_attempts
from shared.ledger.claims.starts import switch_service as switch_service
from shared.ledger.claims.stops import begin_stops as begin_stops
from shared.ledger.claims.stops import hold_session as hold_session
from shared.ledger.claims.stops import lift_hold as lift_hold
from shared.ledger.claims.stops import note_ended as note_ended
from shared.ledger.claims.task_reports import Ending as Ending
from shared.ledger.claims.task_reports import note_bot_left as note_bot_left
from shared.ledger.claims.task_reports import note_checked as note_checked
from shared.ledger.claims.task_reports import note_ending as note_ending
from shared.ledger.claims.task_reports import note_first_text as note_first_text
from shared.ledger.claims.task_reports import note_running as note_running
from shared.ledger.claims.task_reports import resume as resume
from shared.ledger.task import LEASE_MS as LEASE_MS
