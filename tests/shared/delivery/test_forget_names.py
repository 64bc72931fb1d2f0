"""A name that is forgotten has every session delivered anew in which it stands, a piece at a time."""

from __future__ import annotations

from shared.ledger import Ledger
from shared.ledger.deliveries import DELIVERIES, SPEAKERS_KEPT, Deliveries, Delivery
from shared.ledger.engine import Put, Score, Write
from shared.ledger.layout import RoomKeys, delivered_cell
from shared.ledger.names import set_names
from shared.room import Room
from tests.support.ledger_steps import APP, ROOM, T, another_instance, close_room, open_session

NOW = T + 10_000_000
PIECE = 100


def deliver(ledger: Ledger, number: int, *speakers: str, opened_ms: int = 0, app: int = APP) -> str:
    """A session of a room of its own that was delivered, and is not to be looked at again."""
    at_ms = opened_ms or T + number
    room = Room(app, f"room-{number}", 1)
    session_id = open_session(ledger, at_ms, room).id
    close_room(ledger, at_ms + 1, room)
    kept = Deliveries(ledger).read(session_id)
    assert Deliveries(ledger).note(session_id, kept, Delivery(1, speakers=[*speakers]), None)
    return session_id


def make_known(ledger: Ledger, count: int, speaker: str, every: int) -> set[str]:
    """Delivered sessions, two in each ms; somebody spoke in every so many of them."""
    keys = RoomKeys(ROOM)
    concerned = set()
    writes: list[Write] = []
    for number in range(count):
        session_id = f"{keys.name}-{number}/{T + number // 2}"
        speakers = ["li"] if number % every else ["li", speaker]
        concerned |= {session_id} if speaker in speakers else set()
        writes.append(Score(keys.opened, session_id, -T - number // 2))
        writes.append(
            Put(delivered_cell(session_id), DELIVERIES.encode(Delivery(1, speakers=speakers)))
        )
    with ledger.engine.changing():
        ledger.engine.swap(keys.tag, {}, writes, keys.living)
    return concerned


def forget_names(ledger: Ledger, now_ms: int, most: int) -> int:
    return Deliveries(ledger).forget_names(now_ms, most)


def list_due(ledger: Ledger) -> set[str]:
    return {*Deliveries(ledger).list_due(NOW, 10_000)}


def forget(ledger: Ledger, *user_ids: str, app: int = APP) -> None:
    set_names(ledger, app, dict.fromkeys(user_ids, "Somebody"), T)
    set_names(ledger, app, dict.fromkeys(user_ids, ""), T)


def forget_all(ledger: Ledger, most: int = PIECE) -> list[int]:
    """What each piece said until nothing was left."""
    pieces = []
    while piece := forget_names(ledger, NOW, most):
        pieces.append(piece)
    return pieces


def test_sessions_in_which_the_user_spoke_are_delivered_anew(ledger: Ledger) -> None:
    concerned = deliver(ledger, 1, "amy", "bob")
    deliver(ledger, 2, "bob")
    assert forget_names(ledger, NOW, PIECE) == 0
    forget(ledger, "amy")
    assert forget_all(ledger) == [3]
    assert list_due(ledger) == {concerned}


def test_nothing_is_looked_for_when_no_name_was_known(ledger: Ledger) -> None:
    deliver(ledger, 1, "amy")
    set_names(ledger, APP, {"amy": ""}, T)
    assert forget_names(ledger, NOW, PIECE) == 0


def test_session_with_more_speakers_than_are_kept_is_looked_at(ledger: Ledger) -> None:
    full = deliver(ledger, 1, *(f"user-{i}" for i in range(SPEAKERS_KEPT)))
    forget(ledger, "somebody else")
    forget_all(ledger)
    assert list_due(ledger) == {full}


def test_other_applications_are_left_alone_and_get_their_turn(ledger: Ledger) -> None:
    ours, theirs = deliver(ledger, 1, "amy"), deliver(ledger, 2, "amy", app=APP + 1)
    forget(ledger, "amy")
    forget_all(ledger)
    assert list_due(ledger) == {ours}
    forget(ledger, "amy", app=APP + 1)
    forget_all(ledger)
    assert list_due(ledger) == {ours, theirs}


def test_three_thousand_sessions_are_gone_through_in_pieces(
    ledger: Ledger, ledger_url: str
) -> None:
    deliver(ledger, 1, "li")
    concerned = make_known(ledger, 3_000, "amy", 7)
    forget(ledger, "amy", "bob", "eve")
    first = forget_names(ledger, NOW, PIECE)
    assert 0 < len(list_due(ledger)) < len(concerned)
    with another_instance(ledger_url) as again:  # which goes on where the first was killed
        pieces = [first, *forget_all(again)]
        assert list_due(again) == concerned
    assert sum(pieces) - len(pieces) == 3_001  # each once, for three users together
    assert max(pieces) <= PIECE + 2


def test_sessions_of_one_ms_are_one_piece(ledger: Ledger) -> None:
    same = {deliver(ledger, number, "amy", opened_ms=T) for number in range(12)}
    forget(ledger, "amy")
    assert forget_all(ledger, most=5) == [13, 1]
    assert list_due(ledger) == same


def test_user_who_is_forgotten_again_is_looked_for_from_the_start(ledger: Ledger) -> None:
    sessions = [deliver(ledger, number, "amy") for number in range(10)]
    forget(ledger, "amy")
    forget_names(ledger, NOW, 5)
    kept = Deliveries(ledger).read(sessions[-1])
    assert Deliveries(ledger).note(sessions[-1], kept, kept.delivery, None)  # delivered meanwhile
    forget(ledger, "amy")
    forget_all(ledger, 5)
    assert list_due(ledger) == {*sessions}
