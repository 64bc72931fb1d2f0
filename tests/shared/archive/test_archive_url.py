"""ARCHIVE_URL: what it may be, and what is said of a mistake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.archive.archive import open_archive
from shared.archive_url import check_archive_url
from shared.errors import SettingsError

ROOT = Path(__file__).parents[3]
COS = "cos://examplebucket-1250000000"
REGION = "?region=ap-singapore"
HEAVY = "{'tencentcloud', 'httptools', 'ssl', 'xml', 'requests', 'shared.api.transport'}"
LOOK = f"import shared.archive_url, shared.archive.archive, sys; print({HEAVY} & {{*sys.modules}})"
SDK = "import shared.archive.cos, sys; print({'tencentcloud', 'requests', 'xml'} & {*sys.modules})"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"{COS}{REGION}", f"{COS}/"),
        (f"{COS}/{REGION}", f"{COS}/"),
        (f"{COS}/text{REGION}", f"{COS}/text"),
        (f"{COS}/text/of/class_7.b/{REGION}", f"{COS}/text/of/class_7.b"),
        (f"{COS}/教室{REGION}", f"{COS}/教室"),
        (
            f"cos://a-b-1250000000/x{REGION}&endpoint=http://127.0.0.1:1234",
            "cos://a-b-1250000000/x",
        ),
        (f"{COS}?endpoint=https://cos.example.com/&region=eu-frankfurt", f"{COS}/"),
        ("file:///absolute/folder", "file:///absolute/folder"),
        ("file:///a%20folder/%E6%95%99", "file:///a folder/教"),
    ],
)
def test_url_of_an_archive_is_opened_once(url: str, place: str) -> None:
    assert check_archive_url(url) is None
    assert open_archive(url).place == place
    assert open_archive(url) is open_archive(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must be cos://BUCKET-APPID/prefix?region=ap-singapore or file:///absolute/folder"),
        ("s3://bucket/prefix", "must be cos://"),
        (COS.replace("cos:", "COS:") + REGION, "must be cos://"),
        ("cos:examplebucket-1250000000", "must be cos://"),
        (f"cos://examplebucket{REGION}", "full name"),
        (f"cos://Example-1250000000{REGION}", "full name"),
        (f"cos://-1250000000{REGION}", "full name"),
        (f"cos://a.b-1250000000{REGION}", "full name"),
        (f"cos://id:key@a-1250000000{REGION}", "full name"),
        (f"{COS}//text{REGION}", "prefix"),
        (f"{COS}/text//more{REGION}", "prefix"),
        (f"{COS}/../text{REGION}", "prefix"),
        (f"{COS}/text/.{REGION}", "prefix"),
        (f"{COS}/a text{REGION}", "prefix"),
        (f"{COS}/a%2Fb{REGION}", "prefix"),
        (f"{COS}/text", "region"),
        (f"{COS}/text?region=", "region"),
        (f"{COS}/text?region=ap.singapore", "region"),
        (f"{COS}/text{REGION}#x", "region"),
        (f"{COS}/text{REGION}&region=ap-tokyo", "each once"),
        (f"{COS}/text{REGION}&key=secret", "only region"),
        (f"{COS}/text{REGION}&secret", "only region"),
        (f"{COS}/text{REGION}&endpoint=127.0.0.1:1234", "endpoint"),
        (f"{COS}/text{REGION}&endpoint=http://127.0.0.1:1234/path", "endpoint"),
        (f"{COS}/text{REGION}&endpoint=http://id:secret@127.0.0.1", "endpoint"),
        ("file://relative/folder", "file:///absolute/folder"),
        ("file:///", "file:///absolute/folder"),
        ("file:///folder?x=1", "file:///absolute/folder"),
    ],
)
def test_mistake_is_named_and_what_to_write(url: str, words: str) -> None:
    problem = check_archive_url(url)
    assert problem
    assert words in problem
    assert "secret" not in problem
    with pytest.raises(SettingsError) as caught:
        open_archive(url)
    assert caught.value.problems == (f"ARCHIVE_URL: {problem}",)


@given(
    st.text()
    | st.from_regex(r"(cos|file)://[^\n]*")
    | st.from_regex(rf"{COS}/[^\n]*", fullmatch=True)
)
def test_any_text_is_refused_in_words_or_opened(text: str) -> None:
    if check_archive_url(text) is None:
        assert open_archive(text).place.startswith(("cos://", "file:///"))
    else:
        with pytest.raises(SettingsError):
            open_archive(text)


@pytest.mark.parametrize("code", [LOOK, SDK])
def test_nothing_is_imported_that_is_not_needed(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "set()\n"
