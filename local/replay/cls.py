"""Exports of Tencent's Cloud Log Service (CLS): the line that a function wrote, out of an entry.

Source: CLS API, CreateExport (product 614, document 56451): the format is json (the default) or csv,
and the order is desc unless asc is asked for. SCF documentation, structure of logs (product 583,
document 60336): what a function writes stands in SCF_Message; entries of SCF_Type Platform are SCF's
own. SCF documentation, custom log fields (product 583): the first-level keys of a line that is JSON
become fields of the entry. CLS documentation, logs (product 614, document 50237): `__TIMESTAMP__`,
`__SOURCE__` and `__FILENAME__` are fields of every entry, `__CONTENT__` holds a line that was not
taken apart.
No document shows an exported file. Assumed: as json one object a line, or a list of them; as csv a
header with the names of the fields; a line that was taken apart may lack SCF_Message, and its numbers
may be text.
"""

from __future__ import annotations

import json
from typing import Any, TypeGuard

TEXT_FIELDS = ("SCF_Message", "__CONTENT__")
PREFIXES = ("SCF_", "__")


def is_entry(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a decoded JSON value or a CSV row is an entry of an export."""
    return isinstance(value, dict) and any(str(name).startswith(PREFIXES) for name in value)


def read_entry(entry: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON object that a function wrote; None for any other text and for SCF's own entries."""
    for name in TEXT_FIELDS:
        line = _read_object(entry.get(name))
        if line is not None:
            return read_entry(line) if is_entry(line) else line
    fields = {name: value for name, value in entry.items() if not name.startswith(PREFIXES)}
    return fields if isinstance(fields.get("message"), str) else None


def _read_object(text: object) -> dict[str, Any] | None:
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
