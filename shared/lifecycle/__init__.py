"""What to do when: the one flow through rules, ledger and services, for callbacks and the drainer."""

from shared.lifecycle.events import act_on
from shared.lifecycle.outcome import Outcome, find_status, write_outcomes

__all__ = ["Outcome", "act_on", "find_status", "write_outcomes"]
