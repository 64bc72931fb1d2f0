"""Which site the functions will ask, once they are deployed with the settings at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local.doctor.env_file import read_env_file
from local.errors import LocalError
from shared.settings import DEFAULT_ENDPOINT
from shared.site import Site, find_site

ENV_FILE = Path(".env")


def find_function_site(environ: Mapping[str, str], env_file: Path = ENV_FILE) -> Site:
    """The site of TRTC_ENDPOINT in the environment or `.env`, as the functions will have it."""
    settings = read_env_file(env_file, environ) if env_file.exists() else environ
    try:
        return find_site(settings.get("TRTC_ENDPOINT") or DEFAULT_ENDPOINT)
    except ValueError as error:
        raise LocalError("TRTC_ENDPOINT: must be a host, or http(s)://host:port") from error
