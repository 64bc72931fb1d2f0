"""Waiting for rivals: in real time, whatever clock the rest of the instance lives on."""

from __future__ import annotations

import time

import pytest

from shared.ledger.retry import take_turns


def test_whoever_succeeds_at_once_waits_for_nobody() -> None:
    assert next(take_turns(0, 60)) is None


def test_second_try_follows_the_first_without_a_pause() -> None:
    turns = take_turns(60, 60)
    assert [next(turns), next(turns)] == [None, None]


def test_turns_end_with_the_patience() -> None:
    assert 2 <= sum(1 for _ in take_turns(0.02, 0.001)) <= 10_000


def test_whoever_was_kept_waiting_has_a_second_turn() -> None:
    assert sum(1 for _ in take_turns(0, 60)) == 2


def test_pauses_are_not_those_of_a_clock_that_somebody_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sleep_until_somebody_moves_it(_seconds: float) -> None:
        raise AssertionError("a rival's turn would wait for the clock")

    monkeypatch.setattr(time, "sleep", sleep_until_somebody_moves_it)
    assert sum(1 for _ in take_turns(0.02, 0.001)) > 2
