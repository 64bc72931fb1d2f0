"""A connection that breaks: whether the request may have arrived, and that the next call goes on."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from shared.api.client import Client
from shared.errors import ApiError
from tests.support.scripted_server import (
    PATIENCE_S,
    Peer,
    Script,
    echo,
    make_certificate,
    run_server,
    write_answer,
)


def fail(client: Client) -> ApiError:
    with pytest.raises(ApiError) as caught:
        client.call("StartAITranscription", {}, "ap-tokyo", 5)
    return caught.value


def close_at_once(peer: Peer) -> None:
    peer.shake_hands()
    peer.sock.close()


def close_after_reading(peer: Peer) -> None:
    peer.shake_hands()
    peer.read_request()
    peer.sock.close()


def close_in_the_headers(peer: Peer) -> None:
    peer.shake_hands()
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    peer.sock.close()


def close_in_the_body(peer: Peer) -> None:
    peer.shake_hands()
    peer.read_request()
    peer.send(write_answer({"TaskId": "task-1"})[:-5])
    peer.sock.close()


@pytest.mark.parametrize(
    "script", [close_at_once, close_after_reading, close_in_the_headers, close_in_the_body]
)
def test_connection_closed_without_an_answer_may_have_happened(
    script: Script, tls: Path | None
) -> None:
    with run_server(script, echo, certificate=tls) as server:
        client = server.open_client()
        assert fail(client).may_have_happened
        assert client.call("X", {}, "ap-tokyo", 5)["Action"] == "X"


def break_tls(peer: Peer) -> None:
    peer.shake_hands()
    peer.read_request()
    plain = socket.socket(fileno=peer.sock.detach())
    peer.sock = plain
    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_tls_that_breaks_after_the_request_may_have_happened(certificate: Path) -> None:
    with run_server(break_tls, certificate=certificate) as server:
        client = server.open_client()
        error = fail(client)
        assert (error.code, error.may_have_happened) == ("ClientNetworkError.ConnectionError", True)
        assert server.peers[0].closed.wait(PATIENCE_S)


def leave_before_the_handshake(peer: Peer) -> None:
    peer.sock.close()


def test_request_was_never_sent_when_there_was_no_handshake(certificate: Path) -> None:
    with run_server(leave_before_the_handshake, certificate=certificate) as server:
        assert not fail(server.open_client()).may_have_happened


def test_request_was_never_sent_to_a_server_with_a_certificate_of_others(
    certificate: Path, tmp_path: Path
) -> None:
    with run_server(echo, certificate=certificate) as server:
        server.ca = str(make_certificate(tmp_path))
        client = server.open_client()
        error = fail(client)
        assert (error.code, error.may_have_happened) == ("ClientNetworkError.SSLError", False)
        assert not server.requests


def test_request_was_never_sent_to_a_server_of_another_name(certificate: Path) -> None:
    """Its certificate is one that we trust, but of 127.0.0.1."""
    with run_server(echo, certificate=certificate) as server:
        server.url = server.url.replace("127.0.0.1", "localhost")
        error = fail(server.open_client())
        assert (error.code, error.may_have_happened) == ("ClientNetworkError.SSLError", False)
        assert not server.requests
