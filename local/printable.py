"""Text from outside, made safe for a terminal: rooms, people and what they say must not steer it."""

from __future__ import annotations

import json
import re
import sys

# Control characters of both sets, line separators, halves of surrogate pairs, and what has the
# property Bidi_Control. Source: Unicode Standard, PropList.txt. The joiners of scripts and emoji stay.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def make_printable(text: str) -> str:
    """`text` in one line, with escapes like \\x1b for what could steer a terminal or turn text around."""
    return UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)


def write_json(value: object) -> str:
    """Indented JSON in any script; what `make_printable` escapes is escaped as JSON does it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    lines = (UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in text.split("\n"))
    return "\n".join(lines)


def print_safely(text: str, *, err: bool = False) -> None:
    """Print `text`, made printable line by line, to standard output or standard error."""
    lines = "\n".join(map(make_printable, text.split("\n")))
    print(lines, file=sys.stderr if err else sys.stdout, flush=True)
