"""How callbacks are written and signed, against TRTC's own sample."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloud.callbacks import sign_body, write_body

# Source: doc 647/90450, "Verify the signature": key, body and Sign are the vendor's.
OFFICIAL_BODY = (
    b'{\n\t"EventGroupId":\t2,\n\t"EventType":\t204,\n\t"CallbackTs":\t1664209748188,\n'
    b'\t"EventInfo":\t{\n\t\t"RoomId":\t8489,\n\t\t"EventTs":\t1664209748,\n'
    b'\t\t"EventMsTs":\t1664209748180,\n\t\t"UserId":\t"user_85034614",\n\t\t"Reason":\t0\n\t}\n}'
)
OFFICIAL_SIGN = "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA="


def test_official_sample_is_signed_alike() -> None:
    assert sign_body(OFFICIAL_BODY, "123654") == OFFICIAL_SIGN


def test_official_sample_is_written_alike() -> None:
    assert write_body(json.loads(OFFICIAL_BODY)) == OFFICIAL_BODY


@pytest.mark.parametrize("position", [0, 40, len(OFFICIAL_BODY) - 1])
def test_changed_byte_changes_the_signature(position: int) -> None:
    changed = bytearray(OFFICIAL_BODY)
    changed[position] ^= 1
    assert sign_body(bytes(changed), "123654") != OFFICIAL_SIGN


def test_body_written_again_by_json_has_another_signature() -> None:
    again = json.dumps(json.loads(OFFICIAL_BODY)).encode()
    assert sign_body(again, "123654") != OFFICIAL_SIGN


_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(_TEXT, _JSON, max_size=5))
def test_whatever_is_written_is_that_json(value: dict[str, object]) -> None:
    assert json.loads(write_body(value)) == value
