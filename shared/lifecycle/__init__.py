"""What to do when: the one flow through rules, ledger and service, for callbacks.

What people ask for stands in `by_hand`, `describing` and `deleting`: no callback imports these.
"""

from shared.lifecycle.events import act_on
from shared.lifecycle.outcome import Outcome, find_status

__all__ = [
    "Outcome",
    "act_on",
    "find_status",
]
