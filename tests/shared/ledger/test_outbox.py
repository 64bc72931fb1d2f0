"""The outbox: who is to be told of what, on each engine, whoever else changes it meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from shared.ledger import Ledger
from shared.ledger.events import DEAD, UNSENT, Entry, Event, Send, post, unsent_key
from shared.ledger.outbox import Outbox
from tests.support.event_endpoints import T, write_event
from tests.support.ledger_steps import APP, another_instance, open_session

ENDPOINTS = ("aaaa", "bbbb")


def put(ledger: Ledger, *events: Event, endpoints: tuple[str, ...] = ENDPOINTS) -> list[str]:
    """The names of events that are in the outbox now."""
    open_session(ledger)  # an application is known by its rooms
    for event in events:
        with ledger.engine.changing():
            ledger.engine.swap(str(APP), {}, post(event, endpoints))
    return [f"{APP}/{event.id}" for event in events]


def list_due(outbox: Outbox, endpoint: str, until_ms: int, most: int) -> list[str]:
    """The events of which an endpoint is to be told by then."""
    return outbox.list_names(unsent_key(endpoint), most, until_ms)


def note(key: str, send: Send) -> Callable[[Entry], None]:
    def work(entry: Entry) -> None:
        entry.sends[key] = send

    return work


def take(outbox: Outbox, name: str, key: str) -> None:
    outbox.change(name, note(key, Send(1, 0, True, "200")))


def test_event_is_due_at_each_endpoint_when_it_happened(ledger: Ledger) -> None:
    outbox, (name,) = Outbox(ledger), put(ledger, write_event(1))
    for key in ENDPOINTS:
        assert list_due(outbox, key, T, 9) == []
        assert list_due(outbox, key, T + 1, 9) == [name]
    assert list_due(outbox, "cccc", T + 1, 9) == []
    assert outbox.list_names(UNSENT, 9) == [name]
    assert outbox.read(name) == Entry(
        write_event(1), {key: Send(next_at_ms=T + 1) for key in ENDPOINTS}
    )


def test_events_are_due_in_the_order_in_which_they_happened(ledger: Ledger) -> None:
    names = put(ledger, *(write_event(number) for number in (3, 1, 2)))
    assert list_due(Outbox(ledger), "aaaa", T + 9, 9) == [names[1], names[2], names[0]]
    assert list_due(Outbox(ledger), "aaaa", T + 9, 2) == [names[1], names[2]]


def test_taken_by_one_is_due_at_the_other_alone(ledger: Ledger) -> None:
    outbox, (name,) = Outbox(ledger), put(ledger, write_event())
    take(outbox, name, "aaaa")
    assert (list_due(outbox, "aaaa", T + 9, 9), list_due(outbox, "bbbb", T + 9, 9)) == ([], [name])


def test_taken_by_all_is_gone(ledger: Ledger) -> None:
    outbox, (name,) = Outbox(ledger), put(ledger, write_event())
    for key in ENDPOINTS:
        take(outbox, name, key)
    assert outbox.read(name) is None
    assert (
        outbox.list_names(UNSENT, 9)
        == outbox.list_names(DEAD, 9)
        == list_due(outbox, "bbbb", T + 9, 9)
        == []
    )
    assert outbox.change(name, note("aaaa", Send())) is None


def test_tried_again_is_due_later(ledger: Ledger) -> None:
    outbox, (name,) = Outbox(ledger), put(ledger, write_event())
    outbox.change(name, note("aaaa", Send(1, T + 5_000, False, "503")))
    assert list_due(outbox, "aaaa", T + 4_999, 9) == []
    assert list_due(outbox, "aaaa", T + 5_000, 9) == [name]


def test_given_up_is_dead_until_it_is_sent_again(ledger: Ledger) -> None:
    outbox, (name,) = Outbox(ledger), put(ledger, write_event())
    take(outbox, name, "bbbb")
    outbox.change(name, note("aaaa", Send(10, 0, False, "503")))
    assert (outbox.list_names(DEAD, 9), outbox.list_names(UNSENT, 9)) == ([name], [])
    assert (outbox.list_names(DEAD, 9, T + 1), outbox.list_names(DEAD, 9, T)) == ([name], [])
    outbox.change(name, note("aaaa", Send(next_at_ms=T + 7)))
    assert (outbox.list_names(DEAD, 9), list_due(outbox, "aaaa", T + 7, 9)) == ([], [name])


def test_dropped_is_gone_everywhere(ledger: Ledger) -> None:
    outbox, (name,) = Outbox(ledger), put(ledger, write_event())
    outbox.change(name, note("aaaa", Send(10, 0, False, "503")))
    outbox.drop(name)
    outbox.drop(name)
    assert outbox.read(name) is None
    assert (
        outbox.list_names(DEAD, 9)
        == outbox.list_names(UNSENT, 9)
        == list_due(outbox, "bbbb", T + 9, 9)
        == []
    )


def leave(entry: Entry) -> None:
    del entry.sends["aaaa"]


def test_endpoint_that_leaves_an_entry_leaves_its_index(ledger: Ledger) -> None:
    outbox, (name,) = Outbox(ledger), put(ledger, write_event())
    outbox.change(name, leave)
    assert (list_due(outbox, "aaaa", T + 9, 9), list_due(outbox, "bbbb", T + 9, 9)) == ([], [name])


def test_two_who_change_an_entry_lose_nothing(ledger: Ledger) -> None:
    """One is interrupted between reading and writing by the other, who is done first."""
    outbox, (name,) = Outbox(ledger), put(ledger, write_event())
    if ledger.engine.is_exclusive:
        pytest.skip("one who changes keeps everybody else out")
    interruptions = [lambda: take(outbox, name, "bbbb")]

    def work(entry: Entry) -> None:
        entry.sends["aaaa"] = Send(entry.sends["aaaa"].tries + 1, T + 9, False, "503")
        if interruptions:
            interruptions.pop()()

    outbox.change(name, work)
    kept = outbox.read(name)
    assert kept
    assert kept.sends == {"aaaa": Send(1, T + 9, False, "503"), "bbbb": Send(1, 0, True, "200")}


def test_many_who_change_an_entry_at_once_lose_nothing(room_ledger_url: str) -> None:
    with another_instance(room_ledger_url) as ledger:
        outbox, (name,) = Outbox(ledger), put(ledger, write_event())

        def count(entry: Entry) -> None:
            former = entry.sends["aaaa"]
            entry.sends["aaaa"] = Send(former.tries + 1, former.next_at_ms)

        def change() -> None:
            for _ in range(10):
                outbox.change(name, count)

        threads = [threading.Thread(target=change) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kept = outbox.read(name)
        assert kept
        assert kept.sends["aaaa"].tries == 40
