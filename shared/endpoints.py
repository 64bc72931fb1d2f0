"""The event endpoints that the settings name, and the secrets that sign what they are told."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from msgspec import Struct

ADDRESS = re.compile(
    r"(https?)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(?:[/?][!\"$-~]*)?"
)
LAST_PORT = 65_535
PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)  # Source: Standard Webhooks, Signature scheme, 2023-11


class Endpoint(Struct, frozen=True):
    """Where events are sent: `secrets` sign them, the new one first while they are being replaced."""

    url: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Endpoint({self.key})"

    @property
    def key(self) -> str:
        """What names the endpoint in the ledger and in logs: an address may hold a secret."""
        return hashlib.blake2b(self.url.encode(), digest_size=4).hexdigest()


def read_endpoints(environ: Mapping[str, str], problems: list[str]) -> tuple[Endpoint, ...]:
    """Every endpoint of EVENTS_URL with its secrets of EVENTS_SECRET; what is wrong joins `problems`.

    Both are lists with spaces between; one secret serves all addresses, else each address has its own.
    "NEW,OLD" in the place of a secret are two, which both sign. http is for a laptop only.
    """
    urls, given = environ["EVENTS_URL"].split(), environ["EVENTS_SECRET"].split()
    secrets = [tuple(text.split(",")) for text in given]
    is_on_scf = environ["TENCENTCLOUD_RUNENV"] == "SCF"
    is_laptop = environ["EVENTS_ALLOW_PRIVATE"] == "true" and not is_on_scf
    problem = ""
    if not all(map(_is_address, urls)) or len(set(urls)) < len(urls):
        problem = (
            "EVENTS_URL: must be addresses like https://example.com/events with spaces between them, "
            "none twice, and without a user name"
        )
    elif not is_laptop and any(url.startswith("http://") for url in urls):
        problem = "EVENTS_URL: must begin with https://"
    elif urls and len(given) not in (1, len(urls)):
        problem = "EVENTS_SECRET: must be one secret, or as many as EVENTS_URL has addresses"
    elif urls and not all(map(_is_secret, sum(secrets, ()))):
        problem = (
            f"EVENTS_SECRET: must be {PREFIX} and the base64 of 24 to 64 bytes; make one with "
            f"`echo {PREFIX}$(openssl rand -base64 32)`"
        )
    problems += [problem] if problem else []
    if problem or not urls:
        return ()
    return tuple(
        Endpoint(url, secret)
        for url, secret in zip(urls, secrets * (len(urls) // len(secrets)), strict=True)
    )


def _is_address(url: str) -> bool:
    found = ADDRESS.fullmatch(url)
    return found is not None and 0 < int(found[2] or 1) <= LAST_PORT


def _is_secret(text: str) -> bool:
    try:
        raw = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        return False
    return text.startswith(PREFIX) and len(raw) in SECRET_BYTES
