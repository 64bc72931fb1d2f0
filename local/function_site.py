"""Which site the functions will ask, once they are deployed with the settings at hand."""

from __future__ import annotations

from collections.abc import Mapping

from local.errors import LocalError
from shared.setting_texts import strip_text
from shared.settings import DEFAULT_ENDPOINT
from shared.site import Site, find_site


def find_function_site(deployment: Mapping[str, str]) -> Site:
    """The site of TRTC_ENDPOINT, as the functions will have it; LocalError when it is none."""
    try:
        return find_site(strip_text(deployment.get("TRTC_ENDPOINT", "")) or DEFAULT_ENDPOINT)
    except ValueError as error:
        raise LocalError("TRTC_ENDPOINT: must be a host, or http(s)://host:port") from error
