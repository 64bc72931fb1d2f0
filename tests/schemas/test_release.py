"""The schemas keep what those of the last release promise.

A release keeps a copy of its schemas: `make schemas ARGS=--release`, once VERSION in shared/__init__.py is
its own. A break that is meant needs a new major version there, and its line in CHANGELOG.md under that
version, as this test prints it: such as "meta.unread: is gone".
"""

from __future__ import annotations

import pytest

from local.development import ROOT
from local.package.changelog import FILE, cut_section
from shared import VERSION
from tests.schemas.breaks import list_breaks
from tests.schemas.files import RELEASED, SCHEMAS, find_last_release, read_schemas

LAST = find_last_release()
RELEASED_SCHEMAS, SCHEMAS_NOW = read_schemas(RELEASED / LAST), read_schemas(SCHEMAS)
CHANGELOG = (ROOT / FILE).read_text(encoding="utf-8")


def find_section(changelog: str, version: str, last: str) -> str:
    """What the changelog says of a version; "" when its major version is that of the last release."""
    if version.partition(".")[0] == last.partition(".")[0]:
        return ""
    return cut_section(changelog, version) or ""


@pytest.mark.parametrize("name", RELEASED_SCHEMAS)
def test_promises_of_the_last_release_are_kept(name: str) -> None:
    breaks = [": is gone"]
    if name in SCHEMAS_NOW:
        is_read = name.startswith("console/")
        breaks = list_breaks(RELEASED_SCHEMAS[name], SCHEMAS_NOW[name], is_read=is_read)
    declared = find_section(CHANGELOG, VERSION, LAST)
    assert [line for one in breaks if (line := f"{name}{one}") not in declared] == []


def test_break_is_declared_under_a_new_major_version_alone() -> None:
    changelog = "# Changes\n\n## 2.0.0\n\n- meta.unread: is gone\n\n## 1.1.0\n\n- more\n"
    assert "meta.unread: is gone" in find_section(changelog, "2.0.0", "1.1.0")
    assert "more" not in find_section(changelog, "2.0.0", "1.1.0")
    assert find_section(changelog, "1.1.0", "1.0.0") == ""
    assert find_section(changelog, "3.0.0", "1.1.0") == ""
