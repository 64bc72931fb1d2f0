"""The site that the functions will ask: by TRTC_ENDPOINT, wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.env_file import read_deployment
from local.errors import LocalError
from local.function_site import find_function_site

CHINA = {"TRTC_ENDPOINT": "trtc.tencentcloudapi.com"}


def test_default_is_the_international_site() -> None:
    assert find_function_site({}) == "international"
    assert find_function_site({"TRTC_ENDPOINT": " "}) == "international"


def test_env_file_counts_and_the_environment_goes_before_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TRTC_ENDPOINT=https://proxy.example.com\n")
    environ = {"ROOMSCRIBE_ENV_FILE": str(tmp_path / ".env")}
    assert find_function_site(read_deployment(environ)) == "unknown"
    assert find_function_site(read_deployment({**environ, **CHINA})) == "china"


def test_endpoint_that_is_none_is_named() -> None:
    with pytest.raises(LocalError, match="TRTC_ENDPOINT: must be a host"):
        find_function_site({"TRTC_ENDPOINT": "http://["})
