"""One attempt: where it goes, what it says, and what servers do to whoever listens to them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.delivery.addresses import Resolve
from shared.delivery.sending import MOST_READ, Attempt, send
from tests.support.event_endpoints import T, answering, find_endpoint, read_event_settings
from tests.support.scripted_server import Peer, Script, run_server

HEAD = b"HTTP/1.1 200 OK\r\n"
LIMIT_S = 0.5  # of attempts that end by it


def attempt(
    url: str, limit_s: float = 10.0, resolve: Resolve = socket.getaddrinfo, **more: str
) -> Attempt:
    settings = read_event_settings(url, **more)
    endpoint = find_endpoint(settings)
    return send(endpoint, "msg_1", "{}", T, settings, resolve=resolve, limit_s=limit_s)


def try_server(script: Script, limit_s: float = 10.0) -> Attempt:
    with run_server(script) as server:
        return attempt(server.url, limit_s)


def raw(data: bytes) -> Script:
    """Answers with these bytes, and hangs up."""

    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)
        peer.sock.close()

    return answer


def ignore(peer: Peer) -> None:
    """Reads the request, and says nothing."""
    peer.read_request()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_event_is_taken_by_any_2xx(status: int) -> None:
    answer = try_server(answering(f"{status} Fine"))
    assert (answer.is_taken, answer.word) == (True, str(status))


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 410, 429, 500, 503, 599])
def test_event_is_not_taken_by_any_other_status(status: int) -> None:
    answer = try_server(answering(f"{status} No"))
    assert (answer.is_taken, answer.was_slow, answer.word) == (False, False, str(status))


def test_request_says_what_it_is() -> None:
    with run_server(answering("200 OK")) as server:
        attempt(f"{server.url}/events?for=us")
        (request,) = server.requests
    assert request.body == b"{}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == server.url.removeprefix("http://")
    assert request.headers["webhook-id"] == "msg_1"
    assert request.headers["webhook-timestamp"] == str(T // 1000)


def test_path_and_query_are_those_of_the_address() -> None:
    lines: list[str] = []

    def look(peer: Peer) -> None:
        with peer.sock.makefile("rb") as stream:
            lines.append(stream.readline().decode())
        peer.send(HEAD + b"Content-Length: 0\r\n\r\n")

    with run_server(look, look) as server:
        attempt(f"{server.url}/events?for=us")
        attempt(server.url)
    assert lines == ["POST /events?for=us HTTP/1.1\r\n", "POST / HTTP/1.1\r\n"]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_redirect_is_not_followed(status: str) -> None:
    with run_server(answering("200 OK")) as other:
        answer = try_server(answering(status, {"Location": f"{other.url}/"}))
        assert not other.peers
    assert (answer.is_taken, answer.word) == (False, status[:3])
    answer = try_server(answering(status, {"Location": "http://169.254.169.254/latest/meta-data"}))
    assert answer.word == status[:3]


def test_proxies_of_the_environment_are_not_used(environment: pytest.MonkeyPatch) -> None:
    with run_server(answering("200 OK")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            environment.setenv(name, proxy.url)
        assert try_server(answering("200 OK")).is_taken
        assert not proxy.peers


@pytest.mark.parametrize(
    ("headers", "expected_ms"),
    [({"Retry-After": "120"}, 120_000), ({"rEtRy-AfTeR": "7"}, 7_000), ({}, 0)],
)
def test_retry_after_is_heard(headers: Mapping[str, str], expected_ms: int) -> None:
    assert try_server(answering("503 Busy", headers)) == Attempt("503", expected_ms)


def test_byte_now_and_then_ends_in_time() -> None:
    def drip(peer: Peer) -> None:
        peer.read_request()
        peer.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000)

    answer = try_server(drip, LIMIT_S)
    assert (answer.word, answer.was_slow) == ("TimeoutError", True)


def test_silent_server_ends_in_time() -> None:
    answer = try_server(ignore, LIMIT_S)
    assert (answer.word, answer.was_slow) == ("TimeoutError", True)


def test_status_counts_although_the_body_never_ends() -> None:
    def drip(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD + b"Content-Length: 10000\r\n\r\n")
        peer.drip(b"x" * 10_000)

    assert try_server(drip, LIMIT_S).word == "200"


def test_endless_answer_is_read_only_so_far() -> None:
    sent: list[int] = []

    def pour(peer: Peer) -> None:
        peer.read_request()
        peer.send(HEAD + b"\r\n")
        try:
            while peer.bytes_sent < 100 * MOST_READ:
                peer.send(b"x" * 16_384)
        finally:
            sent.append(peer.bytes_sent)

    with run_server(pour) as server:
        assert attempt(server.url).word == "200"
        server.peers[0].closed.wait(10)
    assert sent[0] < 100 * MOST_READ


def test_huge_head_is_no_answer() -> None:
    answer = try_server(raw(HEAD + b"X-Big: " + b"x" * 2 * MOST_READ))
    assert (answer.word, answer.is_taken) == ("UnwantedAnswerError", False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_not_taken(data: bytes) -> None:
    answer = try_server(raw(data))
    assert (answer.is_taken, answer.word.isdecimal()) == (False, False)


def test_interim_answer_is_followed_by_the_answer() -> None:
    assert try_server(raw(b"HTTP/1.1 102 Wait\r\n\r\n" + HEAD + b"\r\n")).word == "200"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert attempt(f"http://127.0.0.1:{port}").word == "ConnectionRefusedError"


def leading_to(*addresses: str, later: str = "169.254.169.254") -> Any:
    """A resolver whose second answer would be another one."""
    answers = [addresses]

    def resolve(_host: str, port: int, **_more: Any) -> list[tuple[Any, ...]]:
        found = answers.pop() if answers else (later,)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    return resolve


def test_connection_goes_to_the_address_that_was_checked() -> None:
    """The name itself leads nowhere: nothing asks for it but the resolver, once."""
    with run_server(answering("200 OK")) as server:
        port = server.url.rpartition(":")[2]
        answer = attempt(f"http://events.test:{port}", resolve=leading_to("127.0.0.1"))
        assert (answer.word, server.requests[0].headers["host"]) == ("200", f"events.test:{port}")


def test_second_address_is_tried_when_nobody_answers_at_the_first() -> None:
    with run_server(answering("200 OK")) as server:
        port = server.url.rpartition(":")[2]
        url = f"http://events.test:{port}"
        assert attempt(url, resolve=leading_to("::1", "127.0.0.1")).word == "200"


def test_nothing_is_connected_to_where_an_address_may_not_be_told() -> None:
    with run_server(answering("200 OK")) as server:
        port = server.url.rpartition(":")[2]
        url = f"http://events.test:{port}"
        answer = attempt(url, resolve=leading_to("127.0.0.1", "169.254.169.254"))
        assert (answer.word, server.peers) == ("AddressRefusedError", [])
        answer = attempt(f"https://127.0.0.1:{port}", EVENTS_ALLOW_PRIVATE="false")
        assert (answer.word, server.peers) == ("AddressRefusedError", [])


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a..b", "x" * 64 + ".test"])
def test_name_that_leads_nowhere_is_said(host: str) -> None:
    word = attempt(f"http://{host}/").word
    assert word in ("gaierror", "UnicodeError", "UnicodeEncodeError")


def test_certificate_must_have_the_name_that_the_address_says(certificate: Path) -> None:
    names: list[str | None] = []
    with run_server(answering("200 OK"), certificate=certificate) as server:
        assert server.context
        server.context.sni_callback = lambda _sock, name, _context: names.append(name)
        port, ca = server.url.rpartition(":")[2], str(certificate)

        def ask(host: str) -> str:
            return attempt(
                f"https://{host}:{port}", resolve=leading_to("127.0.0.1"), TRTC_CA=ca
            ).word

        assert ask("events.test") == "200"
        assert ask("another.test") == ssl.SSLCertVerificationError.__name__
        assert attempt(f"https://events.test:{port}", resolve=leading_to("127.0.0.1")).word == (
            ssl.SSLCertVerificationError.__name__
        )
    assert names == ["events.test", "another.test", "events.test"]


def test_handshake_with_what_is_no_tls_fails() -> None:
    with run_server(lambda peer: peer.send(b"220 mail.test ready\r\n")) as server:
        assert attempt(server.url.replace("http:", "https:")).word == "SSLError"


def test_message_of_a_failure_names_no_address() -> None:
    assert "127.0.0.1" not in attempt("http://127.0.0.1:1/secret-path").word
