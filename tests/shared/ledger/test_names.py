"""What users are called, as the ledger keeps it; the same on every engine."""

from __future__ import annotations

import pytest

from shared.ledger import Ledger
from shared.ledger.deliveries import Deliveries, Delivery
from shared.ledger.names import NameKeys, User, merge_names, read_names, set_names
from tests.support.ledger_steps import APP, T, another_instance, close_room, open_session

OTHER_APP = APP + 1


def count(named: int, forgotten: int, unchanged: int) -> dict[str, int]:
    return {"set": named, "forgotten": forgotten, "unchanged": unchanged}


def read(ledger: Ledger, *user_ids: str, app: int = APP) -> dict[str, str]:
    return {user_id: user.name for user_id, user in read_names(ledger, app, user_ids).items()}


def read_version(ledger: Ledger) -> int:
    keys = NameKeys(APP)
    return int(ledger.engine.read(keys.tag, [keys.version])[0] or 0)


def test_names_are_kept_changed_and_forgotten(ledger: Ledger, ledger_url: str) -> None:
    assert set_names(ledger, APP, {"amy": "Amy", "bob": "Bob"}, T) == count(2, 0, 0)
    assert set_names(ledger, APP, {"amy": "Amy Lee", "bob": "Bob"}, T) == count(1, 0, 1)
    assert read(ledger, "amy", "bob", "eve") == {"amy": "Amy Lee", "bob": "Bob"}
    assert set_names(ledger, APP, {"amy": "", "eve": ""}, T) == count(0, 1, 1)
    with another_instance(ledger_url) as again:
        assert read(again, "amy", "bob") == {"bob": "Bob"}


def test_version_counts_only_what_changes(ledger: Ledger) -> None:
    for told, version in (
        ({"amy": "Amy"}, 1),
        ({"amy": "Amy"}, 1),
        ({"amy": "Amy Lee", "bob": "Bob"}, 2),
        ({"eve": ""}, 2),
        ({"bob": ""}, 3),
    ):
        set_names(ledger, APP, told, T)
        assert read_version(ledger) == version


def test_applications_do_not_know_each_others_names(ledger: Ledger) -> None:
    set_names(ledger, APP, {"amy": "Amy"}, T)
    assert read(ledger, "amy", app=OTHER_APP) == {}


def test_five_hundred_names_are_one_change(ledger: Ledger) -> None:
    told = {f"user-{i}|{{/}}": f"Name {i}" for i in range(500)}
    assert set_names(ledger, APP, told, T) == count(500, 0, 0)
    assert read(ledger, *told) == told
    assert read_version(ledger) == 1
    assert set_names(ledger, APP, dict.fromkeys(told, ""), T) == count(0, 500, 0)
    assert read(ledger, *told) == {}


def test_user_is_named_since_the_first_name_after_none(ledger: Ledger) -> None:
    for name, at_ms, since_ms in (("Amy", 1, 1), ("Amy Lee", 2, 1), ("", 3, 0), ("Ann", 4, 4)):
        set_names(ledger, APP, {"amy": name}, at_ms)
        expected = {"amy": User(name, since_ms)} if name else {}
        assert read_names(ledger, APP, ["amy"]) == expected


@pytest.mark.parametrize(
    ("archived", "users", "names"),
    [
        ({}, {}, {}),
        ({}, {"amy": User("Amy", 1)}, {"amy": "Amy"}),
        ({"amy": "Amy"}, {"amy": User("Amy Lee", 1)}, {"amy": "Amy"}),
        ({"amy": "Amy"}, {}, {}),
        ({"amy": "Amy"}, {"bob": User("Bob", 1)}, {"bob": "Bob"}),
        ({"amy": "Amy"}, {"amy": User("Ann", 9)}, {"amy": "Ann"}),
    ],
    ids=["nobody", "new", "renamed", "forgotten", "another", "forgotten and named"],
)
def test_archived_files_have_the_names_of_their_time(
    archived: dict[str, str], users: dict[str, User], names: dict[str, str]
) -> None:
    assert merge_names(archived, 5, users) == names


@pytest.mark.parametrize("name", ["Amy Lee", ""])
def test_files_made_while_a_name_is_forgotten_do_not_count(ledger: Ledger, name: str) -> None:
    deliveries = Deliveries(ledger)
    set_names(ledger, APP, {"amy": "Amy"}, T)
    session = open_session(ledger)
    close_room(ledger, T + 1_000)
    kept = deliveries.read(session.id)
    set_names(ledger, APP, {"amy": name}, T)
    assert deliveries.note(session.id, kept, Delivery(1), None) == bool(name)
