"""Nothing that comes from outside reaches a terminal as it is."""

from __future__ import annotations

import ast
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.printable import make_printable, print_safely, write_json
from tests.support.local_commands import ROOT

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
ANY = st.text(st.characters(exclude_categories=()) | st.sampled_from(BIDI + CONTROLS))
RIGHT_TO_LEFT_MARKS = ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")


def is_harmless(text: str) -> bool:
    """As the Unicode database has it, whatever the pattern says."""
    kinds = {unicodedata.category(char) for char in text}
    turns = {unicodedata.bidirectional(char) for char in text} & set(RIGHT_TO_LEFT_MARKS)
    return not kinds & {"Cc", "Cs", "Zl", "Zp"} and not turns and not set(text) & set(BIDI)


@given(ANY)
def test_line_is_harmless_and_keeps_what_can_be_read(text: str) -> None:
    line = make_printable(text)
    assert is_harmless(line)
    if is_harmless(text):
        assert line == text


@pytest.mark.parametrize(
    "text", ["שלום עולם", "مرحبا", "👩\u200d👩\u200d👧", "می\u200cخواهم", "早上好"]
)
def test_scripts_and_emoji_stay_as_they_are(text: str) -> None:
    assert make_printable(text) == text


@given(st.dictionaries(ANY, ANY, max_size=3))
def test_json_is_harmless_and_says_the_same(value: dict[str, str]) -> None:
    text = write_json(value)
    assert all(map(is_harmless, text.split("\n")))
    assert json.loads(text) == value


def test_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_safely("one\ntwo\x9b31m\u202e", err=True)
    assert capsys.readouterr().err == "one\ntwo\\x9b31m\\u202e\n"


def test_nothing_at_home_prints_what_came_from_outside_as_it_is() -> None:
    """What is printed is constant, or our own paths, URLs and names: all else goes through printable.py."""
    own = ("package", "deploy.py", "server.py", "printable.py", "link.py", "senders.py")
    found = []
    for path in (ROOT / "local").rglob("*.py"):
        if set(path.parts) & set(own):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.fullmatch(
                r"print|(typer|click)\.s?echo", ast.unparse(node.func)
            ):
                told = [ast.unparse(each) for each in node.args]
                found += [f"{path.name}: {each}" for each in told if "write_json(" not in each]
    assert found == []
