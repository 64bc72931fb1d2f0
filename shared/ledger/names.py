"""The names of an application's users, as the application tells them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from shared.ledger.engine import Cell, Put, Score, Write
from shared.ledger.ledger import Ledger
from shared.stored import Form, FrozenStored
from shared.transcripts.records import FOR_EVER_MS

# An index of users whose name archived files must still forget, as SDKAPPID/USER: see `forget_names`.
FORGOTTEN = "forgotten"
NOTHING_YET = 1 - FOR_EVER_MS
Counts = dict[str, int]  # of users, by what became of them


class User(FrozenStored, frozen=True):
    """What an application told of one of its users; `since_ms` is since when the user has had a name."""

    name: str = ""
    since_ms: int = 0


USERS = Form(User)


class NameKeys:
    """Where the names of an application lie; `owner` is its SDKAppID, or the id of one of its sessions.

    `users` has its users by id. `version` counts how often names have changed, `forgets` how often any
    was forgotten.
    """

    def __init__(self, owner: int | str) -> None:
        self.tag = str(owner).partition("/")[0]
        self.users = f"users:{self.tag}"
        self.version = Cell(f"names:{self.tag}", "version")
        self.forgets = Cell(f"names:{self.tag}", "forgets")


def merge_names(
    archived: Mapping[str, str], archived_at_ms: int, users: Mapping[str, User]
) -> dict[str, str]:
    """The names in files that are written anew: those of their time, and none that was forgotten since."""
    return {
        user_id: archived.get(user_id, user.name) if user.since_ms < archived_at_ms else user.name
        for user_id, user in users.items()
    }


def set_names(ledger: Ledger, sdk_app_id: int, told: Mapping[str, str], now_ms: int) -> Counts:
    """Keep what users are called until that is forgotten: told as "", in archived files too.

    Raises LedgerError.
    """
    keys = NameKeys(sdk_app_id)
    cells = [keys.version, keys.forgets, *(Cell(keys.users, user_id) for user_id in told)]

    def change(seen: list[bytes]) -> tuple[Counts, list[Write]]:
        users = [_open(ledger, raw) for raw in seen[2:]]
        renamed = {
            user_id: replace(user, name=name, since_ms=user.since_ms or now_ms)
            for (user_id, name), user in zip(told.items(), users, strict=True)
            if name != user.name
        }
        forgotten = [user_id for user_id in renamed if not told[user_id]]
        writes: list[Write] = [
            Put(Cell(keys.users, user_id), USERS.encode(user) if user.name else b"")
            for user_id, user in renamed.items()
        ]
        writes += (Score(FORGOTTEN, f"{keys.tag}/{one}", NOTHING_YET) for one in forgotten)
        for cell, raw, changed in zip(cells, seen, (renamed, forgotten), strict=False):
            if changed:
                writes.append(Put(cell, b"%d" % (int(raw or 0) + 1)))
        return {
            "set": len(renamed) - len(forgotten),
            "forgotten": len(forgotten),
            "unchanged": len(told) - len(renamed),
        }, writes

    return ledger.exchange(keys.tag, cells, change)


def read_names(ledger: Ledger, owner: int | str, user_ids: Collection[str]) -> dict[str, User]:
    """Those of the users who have a name; `owner` as in `NameKeys`. Raises LedgerError."""
    keys = NameKeys(owner)
    found = ledger.engine.read(keys.tag, [Cell(keys.users, one) for one in user_ids])
    users = {one: _open(ledger, raw) for one, raw in zip(user_ids, found, strict=True)}
    return {user_id: user for user_id, user in users.items() if user.name}


def _open(ledger: Ledger, raw: bytes) -> User:
    return ledger.decode(USERS.decode, raw) if raw else User()
