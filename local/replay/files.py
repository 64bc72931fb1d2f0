"""Files of saved callbacks and logs: every JSON value or CSV row in them, with its place."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from local.errors import LocalError
from local.replay.cls import TEXT_FIELDS

STANDARD_INPUT = Path("-")
LINE_SUFFIXES = (".jsonl", ".ndjson", ".log")
TABLE_SUFFIX = ".csv"
SUFFIXES = (".json", *LINE_SUFFIXES, TABLE_SUFFIX)


class RecordError(LocalError):
    """A file holds something that cannot be played; the text says where, what, and what to do."""


def find_files(path: Path) -> list[Path]:
    """The file itself, or the callback files of a folder; raises RecordError for neither."""
    if path == STANDARD_INPUT or path.is_file():
        return [path]
    if not path.is_dir():
        raise RecordError(f"{path}: no such file or folder; name files with saved callbacks")
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise RecordError(f"{path}: no {', '.join(SUFFIXES)} file in this folder; name another")
    return files


def read_values(file: Path) -> Iterator[tuple[str, object]]:
    """Each value of a file with its place: a list's items, a line's value, a row, or the only one."""
    text = _read_text(file)
    name = "standard input" if file == STANDARD_INPUT else str(file)
    if file.suffix == TABLE_SUFFIX or _is_table(text):
        yield from _read_table(name, text)
        return
    if file.suffix not in LINE_SUFFIXES:
        whole = parse_json(text)
        if not isinstance(whole, ValueError):
            values = whole if isinstance(whole, list) else [whole]
            yield from ((f"{name}:{index}", value) for index, value in enumerate(values, 1))
            return
        if file.suffix == ".json" and not _holds_lines(text):
            raise RecordError(
                f"{name}: not JSON ({whole}); mend it, or name it .jsonl if each line is a value"
            )
    yield from _read_lines(name, text)


def parse_json(text: str) -> object:
    """The value, or the error that says why there is none."""
    try:
        return json.loads(text)
    except RecursionError:
        return ValueError("nested too deeply")
    except ValueError as error:
        return error


def _read_text(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise RecordError(f"{file}: cannot be read: {error.strerror}") from error


def _is_table(text: str) -> bool:
    """Whether the first line is the header of an export as CSV."""
    header = text.partition("\n")[0]
    return not header.lstrip().startswith(("{", "[")) and any(
        name in header for name in TEXT_FIELDS
    )


def _read_table(name: str, text: str) -> Iterator[tuple[str, object]]:
    """Each row by the names in the header; a field that a row leaves empty is left out."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for row in rows:
            yield (
                f"{name}:{rows.line_num}",
                {key: cell for key, cell in row.items() if key and cell},
            )
    except csv.Error as error:
        raise RecordError(f"{name}:{rows.line_num}: not CSV ({error}); export it again") from error


def _holds_lines(text: str) -> bool:
    """Whether the lines are those of an export, whatever the file is called."""
    first = parse_json(text.partition("\n")[0])
    return isinstance(first, dict) and any(name in first for name in TEXT_FIELDS)


def _read_lines(name: str, text: str) -> Iterator[tuple[str, object]]:
    # Not splitlines(): JSON text may hold U+2028, which is no end of a line there.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        value = parse_json(line)
        if isinstance(value, ValueError):
            raise RecordError(
                f"{name}:{number}: not JSON ({value}); each line must be one JSON object"
            )
        yield f"{name}:{number}", value
