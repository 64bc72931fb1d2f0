"""Which of Tencent Cloud's two sites an API endpoint belongs to: they differ in regions and parameters."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

Site = Literal["china", "international", "unknown"]


def find_site(endpoint: str) -> Site:
    """The site of an endpoint (a host, or http(s)://host:port); "unknown" for an emulator or a proxy.

    Source: common parameters of API 3.0: China trtc[.REGION].tencentcloudapi.com, international
    trtc.intl.tencentcloudapi.com.
    """
    url = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    host = (url.hostname or "").rstrip(".")
    if host.endswith(".intl.tencentcloudapi.com"):
        return "international"
    return "china" if host.endswith(".tencentcloudapi.com") else "unknown"


def find_scf_host(endpoint: str) -> str:
    """The host of SCF's API at the site of a TRTC endpoint; China's where that is unknown."""
    site = ".intl" if find_site(endpoint) == "international" else ""
    return f"scf{site}.tencentcloudapi.com"
