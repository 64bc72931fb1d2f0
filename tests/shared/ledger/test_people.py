"""What events about somebody add up to: the same in whatever order they arrive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.document import Half
from shared.ledger.sessions import Presence, RoomBook
from shared.room import Room

T = 1_700_000_000_000
EVENTS = [(True, None), (True, True), (True, False), (False, False)]  # 103, 203, 204, 104
histories = st.lists(
    st.tuples(st.integers(0, 5_000), st.sampled_from(EVENTS)),
    max_size=8,
    unique_by=lambda event: event[0],
)


@given(histories, st.randoms(use_true_random=False))
def test_events_add_up_to_the_same_in_any_order(
    history: list[tuple[int, tuple[bool, bool | None]]], chance: object
) -> None:
    shuffled = list(history)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    assert add_up(sorted(history)).show("ann") == add_up(shuffled).show("ann")
    assert add_up(shuffled * 2) == add_up(shuffled)


def test_microphone_that_was_on_before_the_person_was_known_is_on() -> None:
    assert add_up([(5, (True, True)), (3, (True, None))]).show("ann").microphone
    assert add_up([(5, (True, None)), (3, (True, True))]).show("ann").microphone


def test_person_who_came_back_is_silent_until_they_speak() -> None:
    came_back = [(1, (True, True)), (2, (False, False)), (3, (True, None))]
    person = add_up(came_back).show("ann")
    assert (person.present, person.microphone, person.event_ms) == (True, False, T + 3)


def test_event_known_to_the_second_counts_as_new_within_it() -> None:
    for precise in (True, False):
        book = meet()
        book.note_presence(T + 900, present=True, microphone=None)
        book.note_presence(T, present=False, microphone=False, precise=precise)
        assert book.presence.show("ann").present is precise


def add_up(history: list[tuple[int, tuple[bool, bool | None]]]) -> Presence:
    """Somebody's presence after these events."""
    book = meet()
    for ms, (present, microphone) in history:
        book.note_presence(T + ms, present=present, microphone=microphone)
    return book.presence


def meet() -> RoomBook:
    """A room in which nobody was seen so far."""
    return RoomBook(Room(1400000000, "lobby", 1), (Half(), Half()))
