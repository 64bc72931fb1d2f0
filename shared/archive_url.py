"""The text of ARCHIVE_URL: where finished transcripts are kept, and what keeps a text from saying that."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

# Source: COS documentation, Bucket Overview, naming conventions (product 436, document 13312).
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]*-[0-9]+")
PREFIX = re.compile(r"(?:/(?!\.\.?(?:/|$))[\w.-]+)*/?")
REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
ENDPOINT = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/?")
FOLDER = re.compile(r"/[^/?#][^?#]*")


def check_archive_url(text: str) -> str | None:
    """What is wrong with an ARCHIVE_URL and what to write instead; None when it is right."""
    scheme, _, rest = text.partition("://")
    if scheme == "cos":
        return _check_cos(*split_cos_url(rest))
    if scheme == "file":
        right = FOLDER.fullmatch(rest)
        return None if right else "must be file:///absolute/folder, without ? and #"
    return "must be cos://BUCKET-APPID/prefix?region=ap-singapore or file:///absolute/folder"


def split_cos_url(rest: str) -> tuple[str, str, list[tuple[str, str]]]:
    """The bucket, the prefix with its slashes, and the query of what follows `cos://`."""
    path, _, query = rest.partition("?")
    bucket, slash, prefix = path.partition("/")
    return bucket, slash + prefix, parse_qsl(query, keep_blank_values=True)


def _check_cos(bucket: str, prefix: str, query: list[tuple[str, str]]) -> str | None:
    options = dict(query)
    if not BUCKET.fullmatch(bucket):
        return "the bucket must be its full name, such as cos://examplebucket-1250000000/prefix"
    if not PREFIX.fullmatch(prefix):
        return "the prefix may hold letters, digits, - _ and . between single slashes, no . or .. alone"
    if len(options) < len(query) or not options.keys() <= {"region", "endpoint"}:
        return "after the ? only region=… and &endpoint=… may stand, each once"
    if not REGION.fullmatch(options.get("region", "")):
        return "the bucket's region must follow, such as ?region=ap-singapore"
    if not ENDPOINT.fullmatch(options.get("endpoint", "https://none")):
        return "endpoint must be http(s)://host or http(s)://host:port, without a path"
    return None
