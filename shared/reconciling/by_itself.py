"""Reconciling without being asked: when no webhook has come for a while."""

from __future__ import annotations

from shared.ledger.engine import Cell, Put, Write
from shared.lifecycle.outcome import write_outcomes
from shared.resources import Resources
from shared.traffic import read_traffic

SILENT_MS = 600_000


def reconcile_if_silent(resources: Resources) -> None:
    """Reconcile applications of which no room event was accepted for ten minutes, once in ten minutes.

    Only if RECONCILE is auto.
    """
    ledger, now_ms = resources.ledger, resources.now_ms()

    def take(seen: list[bytes]) -> tuple[bool, list[Write]]:
        is_free = not now_ms - SILENT_MS < int(seen[0] or 0) <= now_ms
        return is_free, [Put(asked, b"%d" % now_ms)] if is_free else []

    wanted = resources.settings.applications if resources.settings.reconciles_by_itself else ()
    for application in wanted:
        sdk_app_id = application.sdk_app_id
        asked = Cell(f"reconciled:{sdk_app_id}")  # when this was last done, in ms since 1970
        accepted_ms = read_traffic(ledger, sdk_app_id, now_ms).accepted.get(1, 0)
        is_silent = now_ms >= accepted_ms + SILENT_MS
        if is_silent and ledger.exchange(str(sdk_app_id), [asked], take):
            from shared.reconciling.reconcile import reconcile  # late: few sweeps need it

            outcomes, _ = reconcile({"sdk_app_id": sdk_app_id}, resources)
            write_outcomes(outcomes)
