"""What COS does with an admitted request.

Source: "PUT Object", "GET Object", "HEAD Object", "DELETE Object", "GET Bucket" and "HEAD Bucket", COS
documents 436/7749, 7753, 7745, 7743, 7734 and 7735.
"""

from local.cloud.clock import Clock
from local.cloud.feed import Feed
from local.cos.answers import (
    REPLACEABLE,
    XML,
    Answer,
    write_list,
    write_object_headers,
    write_result_headers,
)
from local.cos.conditions import check_conditions, find_range
from local.cos.config import CosConfig
from local.cos.errors import CosError
from local.cos.listing import list_page, read_list_request
from local.cos.objects import Objects, StoredObject, check_digest
from local.cos.requests import CosRequest

KEPT_HEADERS = (*REPLACEABLE, "x-cos-meta-")  # beginnings of their names


class Operations:
    """The operations on the bucket that `config` names; what happens to objects is told to `feed`."""

    def __init__(self, config: CosConfig, objects: Objects, clock: Clock, feed: Feed) -> None:
        self._config = config
        self._objects = objects
        self._clock = clock
        self._feed = feed

    def perform(self, action: str, request: CosRequest, request_id: str) -> Answer:
        """Do it; raises CosError."""
        if action == "HeadBucket":
            return Answer(None, 200, {"x-cos-request-id": request_id}, media_type=XML)
        if action == "GetBucket":
            return self._list(request, request_id)
        key = request.read_key()
        if action == "PutObject":
            return self._put(key, request, request_id)
        if action == "DeleteObject":
            return self._delete(key, request_id)
        return self._get(key, request, request_id, is_told=action == "GetObject")

    def _put(self, key: str, request: CosRequest, request_id: str) -> Answer:
        if not request.headers.keys() & {"content-length", "transfer-encoding"}:
            raise CosError("MissingContentLength")
        check_digest(request.read_header("content-md5"), request.body)
        is_guarded = (request.read_header("x-cos-forbid-overwrite") or "").lower() == "true"
        if is_guarded and self._objects.find(key):
            raise CosError("FileAlreadyExists")
        kept = {
            name: value.decode("latin-1")
            for name, value in request.headers.items()
            if name.startswith(KEPT_HEADERS)
        }
        stored = self._objects.put(key, request.body, kept, self._clock.now_ms())
        self._feed.publish("cos.put", key=key, size=stored.size)
        return Answer(None, 200, write_result_headers(stored, request_id))

    def _get(self, key: str, request: CosRequest, request_id: str, *, is_told: bool) -> Answer:
        stored = self._find(key)
        check_conditions(request, stored)
        headers = write_object_headers(stored, request_id)
        part = find_range(request, stored.size)
        body = self._objects.read(stored)
        if part:
            body = body[slice(*part)]
            headers["content-range"] = f"bytes {part[0]}-{part[1] - 1}/{stored.size}"
        asked = request.parameters
        headers |= {
            name: _make_sendable(asked[f"response-{name}"])
            for name in REPLACEABLE
            if f"response-{name}" in asked
        }
        if is_told:
            self._feed.publish("cos.get", key=key, size=len(body))
        return Answer(body, 206 if part else 200, headers)

    def _delete(self, key: str, request_id: str) -> Answer:
        """204, also where there is nothing to delete."""
        stored = self._objects.delete(key)
        if stored:
            self._feed.publish("cos.deleted", key=key, size=stored.size)
        return Answer(None, 204, {"x-cos-request-id": request_id})

    def _list(self, request: CosRequest, request_id: str) -> Answer:
        asked = read_list_request(request.parameters)
        page = list_page(self._objects.list(), asked)
        body = write_list(self._config, asked, page)
        return Answer(body, 200, {"x-cos-request-id": request_id}, media_type=XML)

    def _find(self, key: str) -> StoredObject:
        stored = self._objects.find(key)
        if stored is None:
            raise CosError("NoSuchKey")
        return stored


def _make_sendable(value: str) -> str:
    """A parameter's value without what no header can say, like line ends."""
    return "".join(c for c in value if c.isprintable() and ord(c) < 256).strip()
