"""The archive in a bucket of COS, Tencent's object storage: its XML API over our own transport.

Source: COS documentation, API (product 436): PUT Object 7749, GET Object 7753, DELETE Object 7743,
GET Bucket (List Objects) 7734, Error Codes 7730, Common Response Headers 7729, Request Signature 7778.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote, unquote, urlencode, urlsplit

from shared.api.deadline import set_deadline
from shared.api.transport import Answer, NotSentError, Transport, UnwantedAnswerError
from shared.archive.keys import check_key
from shared.errors import ArchiveError, SettingsError
from shared.settings import Credentials, read_credentials

Pairs = Mapping[str, str]
Request = tuple[str, str, Pairs, bytes]  # method, path and query, headers, content

MAX_ANSWER = 32_000_000  # bytes; no object that is larger can be read
ACTIONS = {  # by their names in policies: the method, and the time limit in s
    "PutObject": ("PUT", 10.0),
    "GetObject": ("GET", 10.0),
    "DeleteObject": ("DELETE", 5.0),
    "GetBucket": ("GET", 5.0),
}
NONE: Pairs = {}
EARLY_S, VALID_S = 60, 600  # the clocks may differ by a minute


class CosArchive:
    """Objects in a bucket, with keys below a prefix; any number of threads may use it at once.

    `url` leads to the bucket. A request is sent once more, in the same time limit, when the connection
    breaks or COS answers 5xx.
    """

    def __init__(self, bucket: str, prefix: str, url: str, ca: str | None = None) -> None:
        self.place = f"cos://{bucket}/{prefix}"
        self._prefix = f"{prefix}/" if prefix else ""
        self._host = urlsplit(url).netloc
        self._transport = Transport(url, ca, MAX_ANSWER)

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Create or overwrite an object; COS refuses content whose MD5 is not the one sent along.

        The answer's ETag is that MD5 again, unless the bucket encrypts: then the object is read back.
        """
        md5 = hashlib.md5(content, usedforsecurity=False)
        checksum = base64.b64encode(md5.digest()).decode()
        headers = {"Content-Type": content_type, "Content-MD5": checksum}
        answer = self._ask("PutObject", self._locate(key), headers, content)
        etag = answer.headers.get("etag", "") if answer else ""
        if etag.strip('"') != md5.hexdigest() and self.get(key) != content:
            raise ArchiveError(f"{self.place}: PutObject: the object is not what was written")

    def get(self, key: str) -> bytes | None:
        """The object's content; None when there is no such object."""
        answer = self._ask("GetObject", self._locate(key))
        return answer.content if answer else None

    def delete(self, key: str) -> None:
        """Delete an object; an object that does not exist is no error."""
        self._ask("DeleteObject", self._locate(key))

    def list(self, folder: str) -> list[str]:
        """At most 1,000 keys that begin with `folder` and a slash; COS may not list yet what was just put."""
        prefix = f"{self._locate(folder)[1:]}/"
        answer = self._ask("GetBucket", "/", params={"encoding-type": "url", "prefix": prefix})
        content = answer.content if answer else b""
        if b"</ListBucketResult>" not in content:
            raise ArchiveError(f"{self.place}: GetBucket: the answer is no list")
        found = re.findall(b"<Key>([^<]+)</Key>", content)  # percent-encoded, so without entities
        return [unquote(key.decode()).removeprefix(self._prefix) for key in found]

    def _locate(self, key: str) -> str:
        check_key(key)
        return f"/{self._prefix}{key}"

    def _ask(
        self,
        action: str,
        path: str,
        headers: Pairs = NONE,
        content: bytes = b"",
        params: Pairs = NONE,
    ) -> Answer | None:
        """COS's answer to an action that was done; None when there is no such object."""
        method, timeout_s = ACTIONS[action]
        set_deadline(timeout_s)
        try:
            request = self._sign(method, path, headers, content, params)
            answer = self._send(request)
        except (NotSentError, UnwantedAnswerError, OSError, SettingsError) as error:
            problem = str(error) or type(error).__name__
            raise ArchiveError(f"{self.place}: {action}: {problem}") from None
        if answer.status_code in (200, 204):
            return answer
        code = _find(answer, "Code") or f"HTTP {answer.status_code}"
        if code == "NoSuchKey":
            return None
        hint = f"; the policy must allow name/cos:{action}" if code == "AccessDenied" else ""
        request_id = _find(answer, "RequestId") or "none"
        raise ArchiveError(f"{self.place}: {action}: {code} (RequestId {request_id}){hint}")

    def _sign(self, method: str, path: str, given: Pairs, content: bytes, params: Pairs) -> Request:
        """The request, signed with the credentials as they are now."""
        credentials = read_credentials()
        headers = {"Host": self._host, **given}
        if method != "GET":
            headers["Content-Length"] = str(len(content))
        if credentials.token:
            headers["x-cos-security-token"] = credentials.token
        signature = sign_request(method, path, params, headers, credentials, int(time.time()))
        # What a proxy would take for steps of a path is encoded, as Tencent's SDKs do.
        target = quote(path).replace("./", ".%2F")
        query = f"?{urlencode(params, quote_via=quote, safe='')}" if params else ""
        return method, target + query, {**headers, "Authorization": signature}, content

    def _send(self, request: Request) -> Answer:
        with suppress(ConnectionError):
            answer = self._transport.send(*request)
            if answer.status_code < 500:
                return answer
        return self._transport.send(*request)


def _find(answer: Answer, name: str) -> str:
    """The text of the element of that name, if it is plain; "" else."""
    found = re.search(rf"<{name}>([A-Za-z0-9_.+/=-]{{1,128}})</{name}>".encode(), answer.content)
    return found[1].decode() if found else ""


def sign_request(
    method: str,
    path: str,
    params: Pairs,
    headers: Pairs,
    credentials: Credentials,
    now_s: int,
) -> str:
    """COS's signature of a request that has these headers, all of them signed: its Authorization.

    `path` begins with a slash and is not percent-encoded; `now_s` is in seconds since 1970.
    """
    window = f"{now_s - EARLY_S};{now_s + VALID_S}"
    param_names, param_text = _join(params)
    header_names, header_text = _join(headers)
    request = f"{method.lower()}\n{path}\n{param_text}\n{header_text}\n"
    digest = hashlib.sha1(request.encode(), usedforsecurity=False).hexdigest()
    sign_key = _hash(credentials.secret_key, window)
    signature = _hash(sign_key, f"sha1\n{window}\n{digest}\n")
    return (
        f"q-sign-algorithm=sha1&q-ak={credentials.secret_id}&q-sign-time={window}&q-key-time={window}"
        f"&q-header-list={header_names}&q-url-param-list={param_names}"
        f"&q-signature={signature}"
    )


def _join(pairs: Pairs) -> tuple[str, str]:
    """The names in lower case, and names with values; percent-encoded, in the order of the names."""
    encoded = sorted((quote(name, "").lower(), quote(pairs[name], "")) for name in pairs)
    return ";".join(name for name, _ in encoded), "&".join(map("=".join, encoded))


def _hash(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha1).hexdigest()
