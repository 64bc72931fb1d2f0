"""The names of an application's users, as the application tells them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, encode
from msgspec.structs import replace

from shared.ledger.engine import Cell, Put, Score, Write
from shared.ledger.ledger import Ledger
from shared.transcripts.records import FOR_EVER_MS

# An index of users whose name archived files must still forget, as SDKAPPID/USER: see `forget_names`.
FORGOTTEN = "forgotten"
NOTHING_YET = 1 - FOR_EVER_MS


class User(Struct, frozen=True, omit_defaults=True):
    """What an application told of one of its users; `since_ms` is since when the user has had a name."""

    name: str = ""
    since_ms: int = 0

    def rename(self, name: str, now_ms: int) -> User:
        """The user with that name; "": without one."""
        return replace(self, name=name, since_ms=(self.since_ms or now_ms) if name else 0)


USERS = Decoder(User)  # made here, once: msgspec 0.22 crashes when two threads learn a type


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


class NameChanges(NamedTuple):
    """How many users got a name or another one, lost theirs, and were known as told already."""

    set: int
    forgotten: int
    unchanged: int


def merge_names(
    archived: Mapping[str, str], archived_at_ms: int, users: Mapping[str, User]
) -> dict[str, str]:
    """The names in files that are written anew: those of their time, and none that was forgotten since."""
    return {
        user_id: archived.get(user_id, user.name) if user.since_ms < archived_at_ms else user.name
        for user_id, user in users.items()
    }


class Names:
    """The names in a ledger; every method raises LedgerError when the engine does not answer.

    A name is kept until its application has it forgotten.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def set(self, sdk_app_id: int, told: Mapping[str, str], now_ms: int) -> NameChanges:
        """Keep what users are called from now on; "": forget it, in archived files too."""
        keys = NameKeys(sdk_app_id)
        cells = [keys.version, keys.forgets, *(Cell(keys.users, user_id) for user_id in told)]

        def change(seen: list[bytes]) -> tuple[NameChanges, list[Write]]:
            users = map(self._open, seen[2:])
            renamed = {
                user_id: user.rename(name, now_ms)
                for (user_id, name), user in zip(told.items(), users, strict=True)
                if name != user.name
            }
            forgotten = [user_id for user_id in renamed if not told[user_id]]
            counted = [*([keys.version] if renamed else []), *([keys.forgets] if forgotten else [])]
            known = dict(zip(cells, seen, strict=True))
            writes: list[Write] = [Put(c, b"%d" % (int(known[c] or 0) + 1)) for c in counted]
            for user_id, user in renamed.items():
                raw = b"" if user == User() else encode(user)
                writes.append(Put(Cell(keys.users, user_id), raw))
            writes += (Score(FORGOTTEN, f"{keys.tag}/{one}", NOTHING_YET) for one in forgotten)
            changed, lost = len(renamed), len(forgotten)
            return NameChanges(changed - lost, lost, len(told) - changed), writes

        return self._ledger.exchange(keys.tag, cells, change)

    def read(self, owner: int | str, user_ids: Collection[str]) -> dict[str, User]:
        """Those of the users who have a name; `owner` as in `NameKeys`."""
        keys = NameKeys(owner)
        found = self._ledger.engine.read(keys.tag, [Cell(keys.users, one) for one in user_ids])
        users = zip(user_ids, map(self._open, found), strict=True)
        return {user_id: user for user_id, user in users if user.name}

    def _open(self, raw: bytes) -> User:
        return self._ledger.decode(USERS.decode, raw) if raw else User()
