"""Records as a store or an archive holds them, whichever version of Roomscribe has written them.

During a deploy old and new code share one ledger. Fields that this code does not know stay with the object
they belong to, and are written back with it: only a record with such fields is taken apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any, Generic, TypeVar

from msgspec import Struct, ValidationError, field
from msgspec.json import Decoder, decode, encode

from shared.errors import NewerError

GENERATION = 1  # raised when older code must not read what is written: docs/decisions/0012
HEAD = b"%d " % GENERATION
UNKNOWN = "+"
MARK = b'"+":"{'

Record = TypeVar("Record")
Visit = Callable[[dict[str, Any], Collection[str]], None]


class Stored(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A part of a record; `unknown` has the fields that newer code has given it, as JSON ("": none).

    A field that is added has a default, and is the last one.
    """

    unknown: str = field(default="", name=UNKNOWN)


class FrozenStored(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A part of a record like `Stored`, which is not changed, but replaced."""

    unknown: str = field(default="", name=UNKNOWN)


class Form(Generic[Record]):
    """Reads and writes one kind of records. Made once: msgspec 0.22 crashes if two threads learn a type."""

    def __init__(self, kind: type[Record]) -> None:
        self._kind, self._decoder = kind, Decoder(kind)

    def encode(self, record: Record) -> bytes:
        """The record after the number of its generation."""
        return HEAD + self.write(record)

    def decode(self, raw: bytes) -> Record:
        """The record in `raw`; NewerError if only newer code knows all of its values, ValueError for none."""
        if not raw.startswith(HEAD):
            raise NewerError if raw[:1].isdigit() else ValueError
        try:
            return self.read(raw[len(HEAD) :])
        except ValidationError:
            raise NewerError from None

    def write(self, record: Record) -> bytes:
        """The record as JSON, with what newer code has added to it."""
        raw = encode(record)
        return self._visit(raw, _put_back) if MARK in raw else raw

    def read(self, raw: bytes) -> Record:
        """The record in JSON; raises msgspec.MsgspecError."""
        try:
            return self._decoder.decode(raw)
        except ValidationError:
            return self._decoder.decode(self._visit(raw, _set_aside))

    def _visit(self, raw: bytes, visit: Visit) -> bytes:
        tree = decode(raw)
        _walk(tree, self._type, visit)
        return encode(tree)

    @cached_property
    def _type(self) -> Any:
        from msgspec.inspect import type_info  # late: hardly ever needed

        return type_info(self._kind)


def _walk(tree: Any, kind: Any, visit: Visit) -> None:
    """Let `visit` see every object of a struct, with the names of its known fields."""
    from msgspec.inspect import DictType, ListType, StructType, TupleType, UnionType

    parts: list[tuple[Any, Any]] = []
    match tree, kind:
        case dict(), StructType(fields=fields):
            known = {one.encode_name: one.type for one in fields}
            visit(tree, known)
            parts = [(tree[name], known[name]) for name in tree.keys() & known.keys()]
        case dict(), DictType(value_type=value_type):
            parts = [(value, value_type) for value in tree.values()]
        case list(), ListType(item_type=item_type):
            parts = [(item, item_type) for item in tree]
        case list(), TupleType(item_types=item_types):
            parts = [*zip(tree, item_types, strict=False)]
        case _, UnionType(types=types):
            parts = [(tree, one) for one in types]
    for part, its_kind in parts:
        _walk(part, its_kind, visit)


def _set_aside(tree: dict[str, Any], known: Collection[str]) -> None:
    unknown = {name: tree.pop(name) for name in [*tree] if name not in known}
    if unknown:
        tree[UNKNOWN] = encode(unknown).decode()


def _put_back(tree: dict[str, Any], _known: Collection[str]) -> None:
    tree |= decode(tree.pop(UNKNOWN, "{}"))
