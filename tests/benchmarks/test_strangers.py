"""Callbacks among bad requests are answered, and the benchmark of it judges that."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest

from benchmarks.ledgers import running_ledger
from benchmarks.strangers import MOST_MS, describe
from benchmarks.strangers.besieging import BODY_BYTES, Crowd, write_post
from benchmarks.strangers.calling_in import Answer
from benchmarks.strangers.siege import CALLBACKS, Siege, besiege_functions
from local.host.app import MAX_INSTANCES

ALL_WELL = Siege(
    [Answer(200, 1.0)] * CALLBACKS, set(range(CALLBACKS)), Counter({401: 9, 403: 9}), 1.0
)


@pytest.mark.slow
def test_callbacks_among_strangers_are_answered_and_strangers_refused() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    # More of the slow than there are instances: none of them may take one.
    crowd = Crowd(unsigned=8, wrongly_signed=8, bad_links=8, slow=2 * MAX_INSTANCES)
    with running_ledger("sqlite") as url:
        siege = besiege_functions(url, crowd, callbacks=2)
    assert [answer.status for answer in siege.answers] == [200, 200]
    assert len(siege.transcribed) == 2
    assert set(siege.statuses) == {401, 403}


def test_bad_post_is_as_large_as_it_says() -> None:
    body = write_post(80, "").partition(b"\r\n\r\n")[2]
    assert len(body) == BODY_BYTES


@pytest.mark.parametrize(
    ("siege", "missed"),
    [
        (ALL_WELL, []),
        (
            ALL_WELL._replace(answers=[*ALL_WELL.answers[1:], Answer(200, MOST_MS + 1)]),
            ["answer to a callback, longest"],
        ),
        (
            ALL_WELL._replace(answers=[*ALL_WELL.answers[1:], Answer(503, 1.0)]),
            ["callbacks not answered with 200"],
        ),
        (ALL_WELL._replace(transcribed={1}), ["rooms without a task"]),
        (ALL_WELL._replace(statuses=Counter({401: 9, 200: 1})), ["bad requests not refused"]),
        (ALL_WELL._replace(statuses=Counter({401: 9, 500: 1})), ["bad requests not refused"]),
    ],
)
def test_benchmark_misses_its_goal_when_one_callback_does(siege: Siege, missed: list[str]) -> None:
    figures = list(describe("sqlite", siege))
    assert [figure.what for figure in figures if not figure.is_met] == missed
