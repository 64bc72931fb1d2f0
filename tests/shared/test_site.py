"""The site of an endpoint decides regions, parameters and ranges."""

import pytest

from shared.site import find_scf_host, find_site


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


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("https://trtc.intl.tencentcloudapi.com", "scf.intl.tencentcloudapi.com"),
        ("trtc.ap-guangzhou.tencentcloudapi.com", "scf.tencentcloudapi.com"),
        ("http://127.0.0.1:8321", "scf.tencentcloudapi.com"),
    ],
)
def test_scf_is_called_at_the_site_of_trtc(endpoint: str, host: str) -> None:
    assert find_scf_host(endpoint) == host
