"""The benchmark of all meetings, small: what it fills a ledger with is what a list finds."""

from __future__ import annotations

from benchmarks.ledgers import running_ledger
from benchmarks.meetings import SETTINGS
from benchmarks.meetings.fill import BY_DAY, NOW_MS, SDK_APP_ID, add_meetings, find_day
from shared.ledger import close_ledgers, open_ledger
from shared.reading.meetings import find_meetings, read_search


def test_ledger_is_filled_with_a_hundred_delivered_meetings_a_day() -> None:
    with running_ledger("sqlite") as url:
        ledger = open_ledger(url)
        add_meetings(ledger, 3 * BY_DAY)
        counts = {}
        for number in range(4):
            search = read_search({"day": find_day(number), "limit": "200", "state": "delivered"})
            found = find_meetings(SDK_APP_ID, search, SETTINGS, NOW_MS, ledger)
            counts[number] = len(found["meetings"])
        close_ledgers()
    assert counts == {0: BY_DAY, 1: BY_DAY, 2: BY_DAY, 3: 0}
