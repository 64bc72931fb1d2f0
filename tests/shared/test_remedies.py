"""Every error code that anybody may meet has a reason and a remedy, in plain sentences."""

from __future__ import annotations

import re

import pytest

from local.cloud.errors import ACTION_CODES, COMMON_CODES, SIBLING_CODES
from shared import errors
from shared.lifecycle.claimed_start import QUOTA
from shared.lifecycle.task_api import DEADLINE, RATES
from shared.log import MAX_FOREIGN_TEXT
from shared.remedies import ENTRIES, TABLE, find_advice
from shared.services.kinds import GONE_CODES, VERDICTS
from tests.support.local_commands import ROOT

OWN_CODES = {
    known.code
    for known in vars(errors).values()
    if isinstance(known, type)
    and issubclass(known, errors.RoomscribeError)
    and hasattr(known, "code")
    and known.http_status >= 500
}
DOCUMENTED = {code for codes in ACTION_CODES.values() for code in codes} | {*COMMON_CODES}
CODES = {*VERDICTS, *GONE_CODES.values(), *RATES.values(), *SIBLING_CODES, DEADLINE, QUOTA}
SENTENCES = sorted({sentence for _, *both in ENTRIES for sentence in both})


@pytest.mark.parametrize("code", sorted(CODES | DOCUMENTED | OWN_CODES))
def test_every_code_has_advice(code: str) -> None:
    assert find_advice(code)


def test_own_errors_are_found() -> None:
    assert {"ledger", "archive", "settings", "bug"} <= OWN_CODES


@pytest.mark.parametrize("sentence", SENTENCES)
def test_reason_and_remedy_are_one_plain_sentence_each(sentence: str) -> None:
    assert 15 < len(sentence) <= MAX_FOREIGN_TEXT
    assert sentence.isascii()
    assert not sentence.endswith(".")
    assert not re.search(r"[.!?] |\n|  ", sentence)
    assert sentence[0].islower() or sentence.startswith(("AI ", "a "))
    assert {*re.findall(r"\{.*?\}", sentence)} <= {"{count}"}


def test_settings_that_a_remedy_names_exist() -> None:
    settings = (ROOT / "shared" / "settings.py").read_text(encoding="utf-8")
    named = {name for text in SENTENCES for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)}
    assert {"TASK_QUOTA", "TRTC_SDK_SECRET_KEY"} <= named
    assert {name for name in named if f'"{name}"' not in settings} == set()


def test_no_code_stands_in_the_table_twice() -> None:
    assert len(TABLE) == sum(len(codes.split()) for codes, *_ in ENTRIES)


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("InternalError.CTInternalError", "InternalError"),
        ("MissingParameter.Brand.New", "MissingParameter"),
        ("InvalidParameter.UserSig", "InvalidParameter.UserSig"),
        ("ClientNetworkError.ConnectionResetError", "ClientNetworkError"),
        ("AuthFailure.Brand", "AuthFailure"),
    ],
)
def test_longest_beginning_of_whole_parts_counts(code: str, known: str) -> None:
    assert find_advice(code) == TABLE[known]


@pytest.mark.parametrize("code", ["", "Brand.New", "LimitExceededAtAll", ".InternalError"])
def test_nothing_is_said_of_what_nobody_knows(code: str) -> None:
    assert find_advice(code) is None


def test_api_that_hangs_is_told_apart_from_one_that_is_out_of_reach() -> None:
    words = ("TimeoutError", "ConnectTimeout", "NoConnection", "UnknownHost", "SSLError")
    assert len({find_advice(f"ClientNetworkError.{word}") for word in words}) == len(words)


@pytest.mark.parametrize("code", [QUOTA, "LimitExceeded", "FailedOperation"])
def test_quota_is_told_with_its_numbers_where_they_are_known(code: str) -> None:
    counted, plain = find_advice(code, used=87, limit=100), find_advice(code)
    assert counted
    assert plain
    assert counted.reason == f"{plain.reason} (87 of 100 tasks run)"
    assert "{" not in plain.reason


def test_numbers_are_only_told_of_a_quota() -> None:
    assert find_advice("InternalError", used=87, limit=100) == TABLE["InternalError"]
