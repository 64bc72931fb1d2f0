"""A scripted server in the place of COS: what it answers, and archives that are to reach it."""

from __future__ import annotations

from shared.archive.archive import Archive, open_archive
from shared.settings import Credentials
from tests.support.scripted_server import ApiServer, Peer, Script

CREDENTIALS = Credentials("AKIDofARunRole", "KeyOfARunRole", "TokenOfARunRole")
BUCKET = "examplebucket-1250000000"


def open_cos(server: ApiServer, prefix: str = "text") -> Archive:
    """The archive in a bucket that this server serves."""
    url = f"cos://{BUCKET}/{prefix}?region=ap-singapore&endpoint={server.url}"
    return open_archive(url, server.ca)


def write_answer(status: int, content: bytes = b"", etag: str = "") -> bytes:
    """An HTTP answer of COS."""
    head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(content)}\r\nx-cos-request-id: NjQ=\r\n"
    return f'{head}ETag: "{etag}"\r\n\r\n'.encode() + content


def write_error(status: int, code: str) -> bytes:
    """COS's answer to a request that it refuses.

    Source: COS documentation, Error Codes (product 436, document 7730).
    """
    return write_answer(
        status,
        f"""<?xml version='1.0' encoding='utf-8' ?>
<Error>
\t<Code>{code}</Code>
\t<Message>said by COS</Message>
\t<Resource>{BUCKET}.cos.ap-singapore.myqcloud.com/a</Resource>
\t<RequestId>NjQ5YzEzZThfNGQ5ZTU4NjRfNmFhNV83YTZjOGY=</RequestId>
\t<TraceId>OGVmYzZiMmQ=</TraceId>
</Error>""".encode(),
    )


def answer(*answers: bytes) -> Script:
    """Answer the requests of a connection like this; close it instead of another answer."""

    def script(peer: Peer) -> None:
        peer.shake_hands()
        for one in answers:
            if peer.read_request():
                peer.send(one)
        peer.read_request()
        peer.sock.close()

    return script


def cut(part: bytes) -> Script:
    """Answer the first request of a connection with a part of an answer, and close the connection."""

    def script(peer: Peer) -> None:
        peer.shake_hands()
        peer.read_request()
        peer.send(part)
        peer.sock.close()

    return script
