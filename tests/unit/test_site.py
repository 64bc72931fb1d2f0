"""The site of an endpoint decides regions, parameters and ranges."""

import pytest

from shared.site import find_site


@pytest.mark.parametrize(
    ("endpoint", "site"),
    [
        ("trtc.intl.tencentcloudapi.com", "international"),
        ("https://trtc.intl.tencentcloudapi.com", "international"),
        ("https://trtc.ap-singapore.intl.tencentcloudapi.com:443", "international"),
        ("trtc.tencentcloudapi.com", "china"),
        ("https://TRTC.ap-guangzhou.tencentcloudapi.com", "china"),
        ("http://127.0.0.1:8321", "unknown"),
        ("https://proxy.example.com", "unknown"),
        ("https://tencentcloudapi.com.example.com", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_endpoint_belongs_to_a_site(endpoint: str, site: str) -> None:
    assert find_site(endpoint) == site
