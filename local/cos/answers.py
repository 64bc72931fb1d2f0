"""What COS answers: XML, and the headers of an object."""

import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.responses import Response

from local.cos.config import CosConfig
from local.cos.errors import CosError
from local.cos.listing import ListRequest, Page
from local.cos.objects import StoredObject

XML = "application/xml"
DECLARATION = "<?xml version='1.0' encoding='utf-8' ?>\n"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Parameters of GET Object that replace headers of its answer.
REPLACEABLE = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
)


class Answer(Response):
    """An answer whose headers are spelled as COS spells them: the Python SDK looks for `ETag`."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Write the headers."""
        super().init_headers(headers)
        self.raw_headers = [(_spell(name), value) for name, value in self.raw_headers]


def make_request_id() -> str:
    """An id as unlike any other as COS's are."""
    return uuid.uuid4().hex


def write_error(error: CosError, resource: str, request_id: str) -> Answer:
    """An error; 304 has no body."""
    headers = {**error.headers, "x-cos-request-id": request_id}
    if error.code == "NotModified":
        return Answer(None, error.status, headers)
    trace_id = make_request_id()
    body = _write(
        "Error",
        _write("Code", _write_text(error.code)),
        _write("Message", _write_text(error.message)),
        _write("Resource", _write_text(resource)),
        _write("RequestId", request_id),
        _write("TraceId", trace_id),
    )
    headers["x-cos-trace-id"] = trace_id
    return Answer(DECLARATION + body, error.status, headers, media_type=XML)


def write_object_headers(stored: StoredObject, request_id: str) -> dict[str, str]:
    """What GET and HEAD say of an object."""
    return {
        **stored.headers,
        "content-type": stored.content_type,
        "accept-ranges": "bytes",
        **write_result_headers(stored, request_id),
        "last-modified": stored.last_modified,
    }


def write_result_headers(stored: StoredObject, request_id: str) -> dict[str, str]:
    """What PUT says of the object that it made."""
    return {
        "etag": stored.etag,
        "x-cos-hash-crc64ecma": stored.crc64,
        "x-cos-request-id": request_id,
    }


def write_list(config: CosConfig, asked: ListRequest, page: Page) -> str:
    """The answer of GET Bucket."""

    def write_key(key: str) -> str:
        return _write_text(quote(key, safe="/") if asked.encodes_keys else key)

    parts = [
        _write("Name", config.bucket),
        *([_write("EncodingType", "url")] if asked.encodes_keys else []),
        _write("Prefix", write_key(asked.prefix)),
        _write("Marker", write_key(asked.marker)),
        _write("MaxKeys", str(asked.max_keys)),
        *([_write("Delimiter", write_key(asked.delimiter))] if asked.delimiter else []),
        _write("IsTruncated", "false" if page.next_marker is None else "true"),
        *([] if page.next_marker is None else [_write("NextMarker", write_key(page.next_marker))]),
    ]
    folders = (_write("Prefix", write_key(name)) for name in page.common_prefixes)
    parts += [_write("CommonPrefixes", folder) for folder in folders]
    parts += [_write_listed(config, stored, write_key(stored.key)) for stored in page.objects]
    return DECLARATION + _write("ListBucketResult", *parts)


def _write_listed(config: CosConfig, stored: StoredObject, key: str) -> str:
    app_id = config.bucket.rpartition("-")[2]
    modified = datetime.fromtimestamp(stored.modified_at_ms // 1000, timezone.utc)
    return _write(
        "Contents",
        _write("Key", key),
        _write("LastModified", modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")),
        _write("ETag", _write_text(stored.etag)),
        _write("Size", str(stored.size)),
        _write("Owner", _write("ID", app_id), _write("DisplayName", app_id)),
        _write("StorageClass", "STANDARD"),
    )


def _spell(name: bytes) -> bytes:
    if name == b"etag":
        return b"ETag"
    return name if name.startswith(b"x-cos-") else name.title()


def _write(name: str, *inner: str) -> str:
    return f"<{name}>{''.join(inner)}</{name}>"


def _write_text(text: str) -> str:
    """Text as XML; what XML cannot say is said all the same, which encoding-type is there to avoid."""
    shown = text.encode("utf-8", "replace").decode()
    return _CONTROL.sub(lambda found: f"&#x{ord(found[0]):X};", escape(shown))
