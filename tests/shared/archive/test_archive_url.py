"""ARCHIVE_URL: what it may be, and what is said of a mistake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.archive.archive import WRONG_URL, open_archive
from shared.errors import SettingsError

ROOT = Path(__file__).parents[3]
COS = "cos://examplebucket-1250000000"
REGION = "?region=ap-singapore"
HEAVY = "{'tencentcloud', 'httptools', 'ssl', 'xml', 'requests', 'shared.api.transport'}"
LOOK = f"import shared.archive.archive, sys; print({HEAVY} & {{*sys.modules}})"
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
        (f"{COS}?region=eu-frankfurt&endpoint=https://cos.example.com/", f"{COS}/"),
        ("file:///absolute/folder", "file:///absolute/folder"),
        ("file:///a%20folder/%E6%95%99", "file:///a folder/教"),
    ],
)
def test_url_of_an_archive_is_opened_once(url: str, place: str) -> None:
    assert open_archive(url).place == place
    assert open_archive(url) is open_archive(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3://bucket/prefix",
        COS.replace("cos:", "COS:") + REGION,
        "cos:examplebucket-1250000000",
        f"cos://examplebucket{REGION}",
        f"cos://Example-1250000000{REGION}",
        f"cos://-1250000000{REGION}",
        f"cos://a.b-1250000000{REGION}",
        f"cos://id:secret@a-1250000000{REGION}",
        f"{COS}//text{REGION}",
        f"{COS}/text//more{REGION}",
        f"{COS}/a text{REGION}",
        f"{COS}/a%2Fb{REGION}",
        f"{COS}/text",
        f"{COS}/text{REGION}&endpoint=http://127.0.0.1:99999",
        f"{COS}/text?region=",
        f"{COS}/text?region=ap.singapore",
        f"{COS}/text{REGION}#x",
        f"{COS}/text{REGION}&region=ap-tokyo",
        f"{COS}/text{REGION}&key=secret",
        f"{COS}/text{REGION}&secret",
        f"{COS}/text{REGION}&endpoint=127.0.0.1:1234",
        f"{COS}/text{REGION}&endpoint=http://127.0.0.1:1234/path",
        f"{COS}/text{REGION}&endpoint=http://id:secret@127.0.0.1",
        "file://relative/folder",
        "file:///",
        "file:///folder?x=1",
    ],
)
def test_mistake_is_told_by_what_to_write(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_archive(url)
    assert caught.value.problems == (WRONG_URL,)


@given(
    st.text()
    | st.from_regex(r"(cos|file)://[^\n]*")
    | st.from_regex(rf"{COS}/[^\n]*", fullmatch=True)
)
def test_any_text_is_refused_in_words_or_opened(text: str) -> None:
    try:
        place = open_archive(text).place
    except SettingsError:
        return
    assert place.startswith(("cos://", "file:///"))


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
