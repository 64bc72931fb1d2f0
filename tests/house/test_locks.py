"""The locks say what the requirements say, with hashes, and what is installed here is what they say."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
REQUIREMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (ROOT, ROOT / "deploy", ROOT / "tests", ROOT / "benchmarks" / "peers")
    for path in folder.glob("requirements*.txt")
)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def read_pins(file: str) -> set[str]:
    """What a requirements file pins, with the files that it includes, as name==version."""
    pins = set()
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            pins |= read_pins((Path(file).parent / text.removeprefix("-r ")).as_posix())
        elif text:
            pins.add(normalize(text))
    return pins


def read_lock(file: str) -> dict[str, str]:
    """The lines of each requirement in a lock, by the requirement with its marker."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    entries = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    found = {}
    for entry in re.split(r"\n(?=\S)", entries):
        requirement, _, hashes = entry.partition(" \\\n")
        found[requirement] = hashes
    return found


def normalize(requirement: str) -> str:
    """As every file spells it. Source: packaging specification, names of packages."""
    name, _, number = requirement.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower() + "==" + number


def name_lock(file: str) -> str:
    return file.removesuffix(".txt") + ".lock"


def test_all_requirements_are_looked_at() -> None:
    assert len(REQUIREMENTS) >= 8
    assert "requirements.txt" in REQUIREMENTS


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_lock_has_every_pin_of_its_requirements(file: str) -> None:
    locked = {normalize(entry.partition(" ;")[0]) for entry in read_lock(name_lock(file))}
    assert read_pins(file) - locked == set(), "run `make lock`"


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_lock_has_hashes_and_names_no_host(file: str) -> None:
    text = (ROOT / name_lock(file)).read_text(encoding="utf-8")
    assert "://" not in text
    assert "-index" not in text
    for requirement, hashes in read_lock(name_lock(file)).items():
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", requirement)
        lines = [line.strip(" \\") for line in hashes.splitlines()]
        assert lines, requirement
        assert all(HASH.fullmatch(line) for line in lines), requirement


def test_locks_agree_about_what_both_have() -> None:
    dev = read_lock("requirements-dev.lock").keys()
    for file in ("requirements.lock", "requirements-local.lock"):
        assert not read_lock(file).keys() - dev, "run `make lock`"


def test_what_is_installed_is_what_is_locked() -> None:
    asked = [Requirement(entry) for entry in read_lock("requirements-dev.lock")]
    here = [one for one in asked if one.marker is None or one.marker.evaluate()]
    assert len(here) > 50
    other = {
        f"{one.name} {version(one.name)}" for one in here if version(one.name) not in one.specifier
    }
    assert other == set()


def test_package_needs_nothing_that_is_not_listed() -> None:
    """requirements.txt is installed without looking for dependencies: it must name them itself."""
    names = {pin.partition("==")[0] for pin in read_pins("requirements.txt")}
    assert names == {entry.partition("==")[0] for entry in read_lock("requirements.lock")}
