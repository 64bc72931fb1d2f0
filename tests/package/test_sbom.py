"""The bill of materials and the licences: of what others wrote in the package, and of nothing else."""

from __future__ import annotations

import json
import re
from email.parser import HeaderParser
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from local.development import ROOT
from local.package.archive import pack_files
from local.package.contents import NEVER_USED, Files, collect_files
from local.package.licences import APACHE, LICENCES, list_bundled
from local.package.sbom import write_sbom
from shared import VERSION
from tests.support.openssl import require_openssl
from tests.support.packages import copy_dependencies

pytestmark = pytest.mark.slow

SHORTEST_LICENCE = 800  # characters: the shortest of those that people use has about a thousand


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What requirements.txt names, from this environment."""
    require_openssl()
    folder = tmp_path_factory.mktemp("installed")
    copy_dependencies(folder)
    return folder


@pytest.fixture(scope="module")
def files(installed: Path) -> Files:
    return collect_files(ROOT, installed, site="international")


def write(files: Files, installed: Path) -> bytes:
    return write_sbom(pack_files(files), files, installed)


def list_components(sbom: bytes) -> dict[str, str]:
    """The version of each, by name."""
    return {each["name"]: each["version"] for each in json.loads(sbom)["components"]}


def read_pins() -> dict[str, str]:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))


def fold(names: dict[str, str]) -> dict[str, str]:
    """By names that are spelled alike."""
    return {name.lower().replace("_", "-"): version for name, version in names.items()}


def test_bill_of_materials_is_a_cyclonedx_document(files: Files, installed: Path) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(write(files, installed).decode()) is None
    broken = write(files, installed).decode().replace('"library"', '"lib"')
    assert validator.validate_str(broken) is not None


def test_bill_names_what_is_in_the_package(files: Files, installed: Path) -> None:
    left_out = {name.replace("_", "-") for name in NEVER_USED} - {"certifi"}
    expected = {name: version for name, version in read_pins().items() if name not in left_out}
    assert fold(list_components(write(files, installed))) == fold(expected)


def test_every_file_of_others_belongs_to_something_in_the_bill(
    files: Files, installed: Path
) -> None:
    records = [about / "RECORD" for about in list_bundled(files, installed)]
    owned = {line.partition(",")[0] for path in records for line in path.read_text().splitlines()}
    ours = {path.name for path in (ROOT / "functions").iterdir()} | {
        "LICENSE",
        "NOTICE",
        "LICENSES.txt",
    }
    others = [name for name in files if not name.startswith(("shared/", "ca/", "rules.toml"))]
    assert {*others} - owned == ours & {*others}


def test_bill_follows_what_is_left_out(installed: Path) -> None:
    files = collect_files(ROOT, installed, site="international", redis=False)
    assert not list_components(write(files, installed)).keys() & {"redis", "async-timeout"}


def test_bill_is_the_same_for_the_same_package_and_names_it(files: Files, installed: Path) -> None:
    assert write(files, installed) == write(dict(reversed([*files.items()])), installed)
    assert write({**files, "rules.toml": b"# another\n"}, installed) != write(files, installed)


def test_bill_is_that_of_this_version(files: Files, installed: Path) -> None:
    assert json.loads(write(files, installed))["metadata"]["component"]["version"] == VERSION


def test_notice_in_the_repository_is_that_of_the_package(files: Files, installed: Path) -> None:
    notice = files["NOTICE"].decode()
    assert (ROOT / "NOTICE").read_text(encoding="utf-8") == notice, "run `make lock`"
    assert len(notice.splitlines()) == 5 + len(list(list_bundled(files, installed)))
    assert "None" not in notice


def test_licences_of_all_that_is_bundled_are_complete(files: Files, installed: Path) -> None:
    text = files["LICENSES.txt"].decode()
    sections = dict(re.findall(r"^===== (\S+) =====\n\n(.*?)(?=^===== |\Z)", text, re.M | re.S))
    apache = APACHE.read_text(encoding="utf-8").strip()
    bundled = list(list_bundled(files, installed))
    assert len(bundled) > 5
    assert len(sections) == len(bundled)
    for about in bundled:
        section = sections[about.name.removesuffix(".dist-info")]
        refers = "Licensed under the Apache License, Version 2.0" in section and apache in text
        assert len(section) > SHORTEST_LICENCE or refers, about
        for path in list_licence_files(about):
            assert path.read_text(encoding="utf-8").strip() in section, path


def list_licence_files(about: Path) -> set[Path]:
    """Those that the metadata list, and those that are called like one."""
    metadata = HeaderParser().parsestr((about / "METADATA").read_text(encoding="utf-8"))
    listed = list(metadata.get_all("License-File", []))
    named = {path for path in about.rglob("*") if path.name.upper().startswith(LICENCES)}
    placed = {folder / name for name in listed for folder in (about, about / "licenses")}
    found = {path for path in named | placed if path.is_file()}
    assert len(found) >= len(listed)
    return found
