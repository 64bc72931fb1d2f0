"""Rules that the package holds ready: used while they are of the same text, and never otherwise."""

from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from shared.errors import RulesError
from shared.rules.decision import SUFFIX, Prepared, load_rules, prepare_rules
from shared.rules.file import parse_rules
from shared.site import Site

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "rules.toml").read_text(encoding="utf-8")
NOBODY = '[[rules]]\nname = "nobody"\nroom = "*"\nservice = "none"\n'
WRONG = '[[rules]]\nname = "nobody"\n'


def write(folder: Path, text: str, prepared: bytes) -> str:
    """A rules file and what was prepared of it, or of another."""
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    Path(f"{path}{SUFFIX}").write_bytes(prepared)
    return str(path)


def test_prepared_rules_are_those_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, SHIPPED, prepare_rules(SHIPPED, "international"))
    assert load_rules(path, "international") == parse_rules(SHIPPED)


def prepare_as_nobody(site: Site) -> bytes:
    """What says of a text, which is wrong, that nobody is transcribed: the rules it stands for show it."""
    digest = hashlib.sha256(WRONG.encode()).hexdigest()
    return msgspec.json.encode(Prepared(digest, site, parse_rules(NOBODY)))


@pytest.mark.parametrize("site", ["china", "international", "unknown"])
def test_prepared_rules_are_not_checked_again(tmp_path: Path, site: Site) -> None:
    path = write(tmp_path, WRONG, prepare_as_nobody(site))
    assert load_rules(path, site).rules[0].name == "nobody"


def test_what_suits_one_site_suits_a_function_whose_site_is_unknown(tmp_path: Path) -> None:
    path = write(tmp_path, WRONG, prepare_as_nobody("china"))
    assert load_rules(path, "unknown").rules[0].name == "nobody"


@pytest.mark.parametrize(
    ("prepared_for", "site"),
    [("china", "international"), ("international", "china"), ("unknown", "china")],
)
def test_rules_prepared_for_another_site_are_checked_anew(
    tmp_path: Path, prepared_for: Site, site: Site
) -> None:
    path = write(tmp_path, WRONG, prepare_as_nobody(prepared_for))
    with pytest.raises(RulesError, match="room: is missing"):
        load_rules(path, site)


def test_function_at_another_site_than_the_package_names_what_that_site_refuses(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, SHIPPED, prepare_rules(SHIPPED, "international"))
    with pytest.raises(RulesError, match="'ap-singapore' is in no list of the china site"):
        load_rules(path, "china")


@pytest.mark.parametrize(
    "prepared", [b"", b"{}", b"[]", b"\xff", prepare_rules(SHIPPED, "international")]
)
def test_rules_that_were_changed_since_are_read_themselves(tmp_path: Path, prepared: bytes) -> None:
    assert load_rules(write(tmp_path, NOBODY, prepared), "international") == parse_rules(NOBODY)


def test_wrong_rules_cannot_be_prepared() -> None:
    with pytest.raises(RulesError, match="room: is missing"):
        prepare_rules(WRONG, "international")


def test_byte_order_mark_is_no_part_of_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(NOBODY, encoding="utf-8-sig")
    assert load_rules(str(path), "china").rules[0].name == "nobody"


def test_rules_prepared_of_a_text_with_a_byte_order_mark_are_used(tmp_path: Path) -> None:
    path = write(tmp_path, WRONG, prepare_as_nobody("china"))
    Path(path).write_text(WRONG, encoding="utf-8-sig")
    assert load_rules(path, "china").rules[0].name == "nobody"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_said_clearly(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(NOBODY.replace("nobody", "für niemand"), encoding=encoding)
    with pytest.raises(RulesError, match=r"rules\.toml: cannot be read; save it as UTF-8"):
        load_rules(str(path), "china")


def test_prepared_rules_come_without_what_checks_them(tmp_path: Path) -> None:
    """A cold start imports neither the checks nor the lists of the documents."""
    path = write(tmp_path, SHIPPED, prepare_rules(SHIPPED, "international"))
    program = (
        "import sys; from shared.rules.decision import load_rules; import shared.services; "
        f"load_rules({path!r}, 'international'); "
        "print([name for name in sys.modules if name.startswith('shared.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = ast.literal_eval(done.stdout)
    late = {"rules.file", "services.checks"}
    assert "shared.rules.decision" in loaded
    assert late.isdisjoint(name.removeprefix("shared.") for name in loaded)
