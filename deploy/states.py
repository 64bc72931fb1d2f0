"""The states of functions on SCF: what changes one has to wait until it is at rest.

Source: SCF documentation, function states (product 583, document 115197).
"""

from __future__ import annotations

from deploy.advice import AGAIN, advise
from deploy.calls import CallError, DeployError, Scf
from deploy.functions import Json

BUSY = ("Creating", "Updating", "Publishing", "Deleting")
UNUSABLE = ("CreateFailed", "DeleteFailed")  # no change is possible any more
MISSING = ("ResourceNotFound", "ResourceNotFound.Function", "ResourceNotFound.FunctionName")
# What a change answers, among other things, while another one goes on.
PERHAPS_BUSY = ("FailedOperation", "ResourceInUse", "UnauthorizedOperation.FunctionStatus")
RESERVING = "FailedOperation.ReservedInProgress"
LOOKS = 90  # at one change; at the usual interval three minutes


class States:
    """Looks at functions, and changes them when they are at rest."""

    def __init__(self, scf: Scf) -> None:
        self._scf = scf

    def find(self, name: str) -> Json | None:
        """What SCF tells of a function; None when there is none. Raises CallError."""
        try:
            return self._scf.call("GetFunction", name)
        except CallError as error:
            if error.code in MISSING:
                return None
            raise

    def find_reserved_mb(self, name: str) -> int:
        """The memory that is reserved for a function's instances, in MB; 0 when none is. Raises CallError."""
        return self._scf.call("GetReservedConcurrencyConfig", name).get("ReservedMem") or 0

    def change(self, action: str, name: str, **parameters: object) -> None:
        """Call an action; somebody else may be at work on the function, too: then wait, and try again."""
        for attempt in range(LOOKS):
            try:
                self._scf.call(action, name, **parameters)
            except CallError as error:
                goes_on = error.code == RESERVING
                if not error.code.startswith(PERHAPS_BUSY) or (
                    attempt and not goes_on and not self._is_busy(name)
                ):
                    raise
                if goes_on:  # no status tells it
                    self._scf.pause()
                self.await_rest(name)
            else:
                return
        raise DeployError(f"{name} does not come to rest. {AGAIN}")

    def await_rest(self, name: str) -> Json | None:
        """What SCF tells of a function when nothing changes it any more; None when there is none."""
        shown = None
        for _ in range(LOOKS):
            found = self.find(name)
            if found is None or found["Status"] not in BUSY:
                return found
            if found["Status"] != shown:
                shown = found["Status"]
                print(f"{name} is {shown}; waiting", flush=True)
            self._scf.pause()
        raise DeployError(f"{name} is {shown} for too long. {AGAIN}")

    def await_active(self, name: str) -> None:
        """Wait until a change is done; raises DeployError when it failed."""
        found = self.await_rest(name)
        if found is None or found["Status"] != "Active":
            raise DeployError(f"{name} {explain_failure(found)}")

    def await_end(self, name: str) -> None:
        """Wait until a deleted function is gone."""
        for _ in range(LOOKS):
            if self.find(name) is None:
                return
            self._scf.pause()
        raise DeployError(f"{name} is still there after it was deleted. {AGAIN}")

    def _is_busy(self, name: str) -> bool:
        found = self.find(name)
        return found is not None and found["Status"] in BUSY


def explain_status(found: Json) -> str:
    """Why a change failed, as SCF says it."""
    reasons = found.get("StatusReasons") or []
    said = [f"{reason.get('ErrorCode')}: {reason.get('ErrorMessage')}" for reason in reasons]
    return "; ".join(said) or found.get("StatusDesc") or "SCF gives no reason"


def explain_failure(found: Json | None) -> str:
    """What is the matter with a function that did not become Active, and what to do."""
    if found is None:
        return f"is gone: somebody has deleted it meanwhile. {AGAIN}"
    codes = [str(reason.get("ErrorCode")) for reason in found.get("StatusReasons") or []]
    advice = advise(codes[0] if codes else "")
    return f"is {found['Status']}: {explain_status(found)} {advice} {AGAIN}"
