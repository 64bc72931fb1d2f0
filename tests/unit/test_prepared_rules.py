"""Rules that the package holds ready: used while they are of the same text, and never otherwise."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from shared.errors import RulesError
from shared.prepared_rules import SUFFIX, Prepared, load_rules, prepare_rules
from shared.rules_file import parse_rules

SHIPPED = (Path(__file__).parent.parent.parent / "rules.toml").read_text(encoding="utf-8")
NOBODY = '[[rules]]\nname = "nobody"\nroom = "*"\nservice = "none"\n'
WRONG = '[[rules]]\nname = "nobody"\n'


def write(folder: Path, text: str, prepared: bytes) -> str:
    """A rules file and what was prepared of it, or of another."""
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    Path(f"{path}{SUFFIX}").write_bytes(prepared)
    return str(path)


def test_prepared_rules_are_those_of_the_file(tmp_path: Path) -> None:
    assert load_rules(write(tmp_path, SHIPPED, prepare_rules(SHIPPED))) == parse_rules(SHIPPED)


def test_prepared_rules_are_not_checked_again(tmp_path: Path) -> None:
    """They are what is used: here they say what the text, which is wrong, does not."""
    digest = hashlib.sha256(WRONG.encode()).hexdigest()
    prepared = msgspec.json.encode(Prepared(digest, parse_rules(NOBODY)))
    assert load_rules(write(tmp_path, WRONG, prepared)).rules[0].name == "nobody"


@pytest.mark.parametrize("prepared", [b"", b"{}", b"[]", b"\xff", prepare_rules(SHIPPED)])
def test_rules_that_were_changed_since_are_read_themselves(tmp_path: Path, prepared: bytes) -> None:
    assert load_rules(write(tmp_path, NOBODY, prepared)) == parse_rules(NOBODY)


def test_wrong_rules_cannot_be_prepared() -> None:
    with pytest.raises(RulesError, match="room: is missing"):
        prepare_rules(WRONG)
