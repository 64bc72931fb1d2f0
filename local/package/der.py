"""As much of DER as it takes to read the subject of a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

SEQUENCE, SET, EXPLICIT_0 = 0x30, 0x31, 0xA0


class Value(NamedTuple):
    """One value: its tag, its content, and the whole of it as it was encoded."""

    tag: int
    content: bytes
    whole: bytes


def read_values(data: bytes) -> Iterator[Value]:
    """The values that stand one after another in `data`; ValueError where it is not DER."""
    start = 0
    while start < len(data):
        begin, length = _read_length(data, start + 1)
        end = begin + length
        if end > len(data):
            raise ValueError("DER: a value is longer than what holds it")
        yield Value(data[start], data[begin:end], data[start:end])
        start = end


def write_value(tag: int, content: bytes) -> bytes:
    """The encoding of one value."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def find_subject(certificate: bytes) -> bytes:
    """The content of a certificate's subject: one SET after another.

    Source: RFC 5280, section 4.1.
    """
    (outer,) = read_values(certificate)
    fields = list(read_values(next(read_values(outer.content)).content))
    numbered = fields[1:] if fields[0].tag == EXPLICIT_0 else fields  # version 1 has no number
    return numbered[4].content  # after serial number, algorithm, issuer and validity


def _read_length(data: bytes, start: int) -> tuple[int, int]:
    """Where the content begins, and how long it is."""
    if start >= len(data):
        raise ValueError("DER: a value ends after its tag")
    first = data[start]
    if first < 0x80:
        return start + 1, first
    begin = start + 1 + (first & 0x7F)
    return begin, int.from_bytes(data[start + 1 : begin], "big")
