"""GET Bucket: the objects of a bucket, page by page, and the folders that a delimiter makes of them.

Source: "GET Bucket (List Objects)", COS document 436/7734.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.cos.errors import CosError
from local.cos.objects import StoredObject

MAX_KEYS = 1000


@dataclass(frozen=True)
class ListRequest:
    """What is to be listed."""

    prefix: str
    delimiter: str
    marker: str
    max_keys: int
    encodes_keys: bool


@dataclass(frozen=True)
class Page:
    """A page of a list; `next_marker` is None on the last one."""

    objects: Sequence[StoredObject]
    common_prefixes: Sequence[str]
    next_marker: str | None


def read_list_request(parameters: Mapping[str, str]) -> ListRequest:
    """Read the parameters of GET Bucket; raises CosError InvalidArgument."""
    encoding = parameters.get("encoding-type", "")
    if encoding not in ("", "url"):
        raise CosError("InvalidArgument", "encoding-type must be url.")
    return ListRequest(
        parameters.get("prefix", ""),
        parameters.get("delimiter", ""),
        parameters.get("marker", ""),
        _read_max_keys(parameters.get("max-keys", "")),
        encoding == "url",
    )


def list_page(objects: Sequence[StoredObject], asked: ListRequest) -> Page:
    """A page of `objects`, which are in the order of their keys."""
    entries: dict[str, StoredObject | None] = {}  # None: a common prefix
    for stored in objects:
        if not stored.key.startswith(asked.prefix):
            continue
        folder = _find_folder(stored.key, asked)
        name = folder or stored.key
        if name <= asked.marker or name in entries:
            continue
        if len(entries) == asked.max_keys:
            return _make_page(entries, next(reversed(entries)))
        entries[name] = None if folder else stored
    return _make_page(entries, None)


def _make_page(entries: Mapping[str, StoredObject | None], next_marker: str | None) -> Page:
    return Page(
        [stored for stored in entries.values() if stored],
        [name for name, stored in entries.items() if stored is None],
        next_marker,
    )


def _find_folder(key: str, asked: ListRequest) -> str:
    if not asked.delimiter:
        return ""
    head, found, _ = key[len(asked.prefix) :].partition(asked.delimiter)
    return asked.prefix + head + found if found else ""


def _read_max_keys(text: str) -> int:
    if not text:
        return MAX_KEYS
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise CosError("InvalidArgument", "max-keys must be from 1 to 1000.")
    return min(int(text), MAX_KEYS)
