"""The site that the functions will ask: by TRTC_ENDPOINT, wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.errors import LocalError
from local.function_site import find_function_site

CHINA = {"TRTC_ENDPOINT": "trtc.tencentcloudapi.com"}


def test_default_is_the_international_site(tmp_path: Path) -> None:
    assert find_function_site({}, tmp_path / ".env") == "international"
    assert find_function_site({"TRTC_ENDPOINT": ""}, tmp_path / ".env") == "international"


def test_env_file_counts_and_the_environment_goes_before_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TRTC_ENDPOINT=https://proxy.example.com\n")
    assert find_function_site({}, file) == "unknown"
    assert find_function_site(CHINA, file) == "china"


def test_endpoint_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="TRTC_ENDPOINT: must be a host"):
        find_function_site({"TRTC_ENDPOINT": "http://["}, tmp_path / ".env")
