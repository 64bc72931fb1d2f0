"""The emulator's table of error codes."""

import re
from pathlib import Path

import pytest

import local.cloud
from local.cloud.errors import CODES, ApiError
from shared.services.kinds import GONE_CODES, VERDICTS

OF_THE_SDK = {"ClientNetworkError", "ServerNetworkError"}  # raised by the client, never sent
SOURCES = sorted(Path(next(iter(local.cloud.__path__))).glob("*.py"))


def test_every_code_that_the_functions_know_can_be_answered() -> None:
    assert (VERDICTS.keys() | set(GONE_CODES.values())) - OF_THE_SDK <= CODES.keys()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_code_in_the_emulators_sources_is_in_the_table(source: Path) -> None:
    families = "|".join(sorted({code.split(".")[0] for code in CODES}))
    used = re.findall(rf'"((?:{families})(?:\\.\\w+)?)"', source.read_text(encoding="utf-8"))
    assert set(used) <= CODES.keys()


def test_error_has_the_tables_message_unless_given_one() -> None:
    assert ApiError("InvalidAction").message == CODES["InvalidAction"]
    assert ApiError("InvalidAction", "No.").message == "No."
