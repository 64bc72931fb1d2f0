"""What doctor makes of describe_fleet's numbers."""

from __future__ import annotations

from typing import Any

from local.doctor.fleet import explain_fleet

QUIET: dict[str, Any] = {
    "running": 3,
    "quota": 100,
    "warnings": [],
    "waiting": {"count": 0, "codes": {}},
    "failed": {"count": 0, "codes": {}},
    "last_callback": {"1": {"at": "2026-11-27T09:00:00.000Z", "age_ms": 3_500}},
}


def explain(**changes: object) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in explain_fleet({**QUIET, **changes})]


def test_nothing_is_wrong() -> None:
    assert explain() == [
        ("ok", "3 of 100 tasks run"),
        ("ok", "last callback of group 1, room events: 3.5s ago"),
    ]


def test_every_trouble_is_a_finding_with_a_remedy() -> None:
    answer = {
        **QUIET,
        "running": 87,
        "warnings": ["TASK_QUOTA: tasks: 87 of 100 are in use; ask Tencent for a higher quota"],
        "waiting": {"count": 12, "codes": {}, "oldest_ms": 250_000},
        "failed": {"count": 3, "codes": {"InvalidParameter.UserSig": 3}},
        "last_callback": {"9": None},
    }
    found = [*explain_fleet(answer)]
    assert [(one.level, one.text) for one in found[1:]] == [
        ("warn", "TASK_QUOTA: tasks: 87 of 100 are in use"),
        ("warn", "12 tasks waiting, the oldest for 4m10s"),
        ("warn", "3 tasks failed with InvalidParameter.UserSig"),
        ("warn", "no callback of group 9, AI service events (1.0), was ever accepted"),
    ]
    assert all(one.remedy for one in found[1:])


def test_short_wait_is_no_warning() -> None:
    waits = {"count": 1, "codes": {}, "oldest_ms": 59_000}
    assert ("ok", "1 task waiting, the oldest for 59.0s") in explain(waiting=waits)
