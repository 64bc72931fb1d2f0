"""What travels, and what does not: no proxy, .netrc, cookie, redirect or debug line has a say."""

from __future__ import annotations

import logging
import shutil
import subprocess
from pathlib import Path

import pytest

from local.cloud.tc3 import RawRequest, hash_canonical_request, parse_authorization, sign
from shared.api.client import Client
from shared.errors import ApiError
from tests.support.scripted_server import (
    CREDENTIALS,
    Peer,
    Request,
    echo,
    run_server,
    write_answer,
)

INVOKE = {
    "FunctionName": "drain_starts",
    "InvocationType": "Event",
    "ClientContext": '{"Type": "Timer"}',
    "Namespace": "default",
    "Qualifier": "$DEFAULT",
}


def test_function_is_invoked_by_scf_s_own_api() -> None:
    with run_server(echo) as server:
        client = Client(
            server.url, credentials=lambda: CREDENTIALS, service="scf", version="2018-04-16"
        )
        answer = client.call("Invoke", INVOKE, "ap-singapore", 5)
        (request,) = server.requests
    assert answer["Params"] == INVOKE
    assert "/scf/tc3_request, " in request.headers["authorization"]
    assert request.headers["x-tc-action"] == "Invoke"
    assert request.headers["x-tc-version"] == "2018-04-16"
    assert request.headers["x-tc-region"] == "ap-singapore"
    assert is_signed(request)


def is_signed(request: Request) -> bool:
    """Whether the signature is the one that the emulator, which shares no code with us, expects."""
    authorization = parse_authorization(request.headers["authorization"])
    raw = RawRequest("POST", "/", "", request.headers, request.body)
    hashed = hash_canonical_request(raw, authorization.signed_headers, lower_values=False)
    timestamp = request.headers["x-tc-timestamp"]
    expected = sign(authorization, timestamp, hashed, CREDENTIALS.secret_key)
    return authorization.signature == expected


def test_proxy_variables_and_netrc_do_not_change_the_request(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    environment.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        environment.setenv(name, "http://127.0.0.1:9")
    with run_server(echo) as server:
        server.open_client().call("X", {}, "ap-tokyo", 5)
        (request,) = server.requests
    assert is_signed(request)


def test_proxy_variables_do_not_change_a_request_over_tls(
    environment: pytest.MonkeyPatch, certificate: Path
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        environment.setenv(name, "http://127.0.0.1:9")
    with run_server(echo, certificate=certificate) as server:
        assert server.open_client().call("X", {}, "ap-tokyo", 5)["Action"] == "X"


def test_hashed_directory_of_certificates_is_trusted(certificate: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)],
        check=True,
        capture_output=True,
        text=True,
        timeout=10,
    )
    directory = tmp_path / "hashed"
    directory.mkdir()
    shutil.copy(certificate, directory / f"{shown.stdout.strip()}.0")
    with run_server(echo, certificate=certificate) as server:
        server.ca = str(directory)
        assert server.open_client().call("X", {}, "ap-tokyo", 5)["Action"] == "X"


def test_request_is_not_repeated_at_another_address() -> None:
    def redirect(peer: Peer) -> None:
        while peer.read_request():
            peer.send(
                f"HTTP/1.1 302 Found\r\nLocation: {peer.server.url}/elsewhere\r\n"
                "Retry-After: 0\r\nContent-Length: 0\r\n\r\n".encode()
            )

    with run_server(redirect) as server:
        with pytest.raises(ApiError) as caught:
            server.open_client().call("X", {}, "ap-tokyo", 5)
        assert len(server.requests) == 1
    assert (caught.value.code, caught.value.may_have_happened) == ("ServerNetworkError", True)


def test_cookie_is_not_sent_back() -> None:
    def set_cookie(peer: Peer) -> None:
        while peer.read_request():
            answer = write_answer({"RequestId": "request-1"})
            peer.send(answer.replace(b"\r\n", b"\r\nSet-Cookie: of=another-call; Path=/\r\n", 1))

    with run_server(set_cookie) as server:
        client = server.open_client()
        for _ in range(2):
            client.call("X", {}, "ap-tokyo", 5)
        assert len(server.requests) == 2
        assert not any("cookie" in request.headers for request in server.requests)


def test_debug_lines_hold_nothing_of_requests_and_answers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with run_server(echo) as server:
        server.open_client().call("X", {"Word": "spoken"}, "ap-tokyo", 5)
    assert server.requests
    for secret in ("spoken", "the-id", "the-token", "Signature="):
        assert secret not in caplog.text


def test_request_is_one_tls_record_and_asks_for_nothing_packed(certificate: Path) -> None:
    def take_a_record(peer: Peer) -> None:
        peer.shake_hands()
        records.append(peer.sock.recv(65_536))  # under TLS never more than one
        peer.answer({"RequestId": "request-1"})

    records: list[bytes] = []
    with run_server(take_a_record, certificate=certificate) as server:
        server.open_client().call("X", {"Word": "spoken"}, "ap-tokyo", 5)
    head, _, body = records[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert (first, body) == ("POST / HTTP/1.1", b'{"Word": "spoken"}')
    assert headers["Host"] == server.url.removeprefix("https://")
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Connection"] == "keep-alive"
    assert headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\n ", "\N{EURO SIGN}"])
def test_value_that_is_more_than_a_header_is_never_sent(end: str) -> None:
    token = f"token{end}X-Injected: 1"
    with run_server(echo) as server:
        client = Client(server.url, credentials=lambda: CREDENTIALS._replace(token=token))
        with pytest.raises(ApiError) as caught:
            client.call("X", {}, "ap-tokyo", 5)
        assert caught.value.code == "ClientNetworkError.InvalidHeader"
        assert not caught.value.may_have_happened
        assert not server.requests


def test_every_address_of_a_host_is_tried() -> None:
    """localhost is often ::1 first, where this server does not listen."""
    with run_server(echo) as server:
        server.url = server.url.replace("127.0.0.1", "localhost")
        assert server.open_client().call("X", {}, "ap-tokyo", 5)["Action"] == "X"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "two..dots.example", "x" * 70])
def test_request_was_never_sent_to_a_host_that_is_none(host: str) -> None:
    client = Client(f"http://{host}", credentials=lambda: CREDENTIALS)
    with pytest.raises(ApiError) as caught:
        client.call("X", {}, "ap-tokyo", 5)
    assert caught.value.code == "ClientNetworkError.UnknownHost"
    assert not caught.value.may_have_happened
