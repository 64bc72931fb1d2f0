"""Our signature of a request to COS is the official SDK's, whatever the request."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from shared.archive.cos import sign_request
from tests.support.cos_sdk import sign_as_the_sdk
from tests.support.scripted_cos import CREDENTIALS

NOW_S = 1_764_150_000
HOST = "examplebucket-1250000000.cos.ap-singapore.myqcloud.com"
SIGNED = ["content-type", "Content-MD5", "x-cos-security-token", "X-Cos-Meta-A b", "x-cos-acl"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    method=st.sampled_from(["GET", "PUT", "DELETE", "HEAD"]),
    key=TEXTS.filter(lambda key: key and not key.startswith("/")),
    params=st.dictionaries(TEXTS.map(str.lower), TEXTS),
    headers=st.dictionaries(st.sampled_from(SIGNED), TEXTS),
)
@example("GET", "a b/ü/教室%2F+&=~*'()!", {"prefix": "a/教 +&", "max-keys": "1000"}, {})
@example("GET", "a", {"a": "1", "a!": "2", "a/b": "3", "Ab": "4", "": ""}, {})
def test_signature_is_that_of_the_sdk(
    method: str, key: str, params: dict[str, str], headers: dict[str, str]
) -> None:
    headers = {"Host": HOST, "Content-Length": "5", **headers}
    ours = sign_request(method, f"/{key}", params, headers, CREDENTIALS, NOW_S)
    assert ours == sign_as_the_sdk(method, key, params, headers, NOW_S + 0.9)
