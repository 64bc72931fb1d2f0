"""A call ends at its deadline whatever the server does, and what was given up is closed."""

from __future__ import annotations

import gzip
import socket
import time
from pathlib import Path

import pytest

from shared.api.client import Client
from shared.errors import ApiError
from tests.support.scripted_server import (
    CREDENTIALS,
    PATIENCE_S,
    Peer,
    Script,
    echo,
    run_server,
    write_answer,
)

TIMEOUT_S = 0.5
OVER_S = 2.0  # a busy machine is late, but a hang would be noticed
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def fail(client: Client, timeout_s: float = TIMEOUT_S, **params: str) -> ApiError:
    """Call, and be refused in time."""
    began = time.monotonic()
    with pytest.raises(ApiError) as caught:
        client.call("StartAITranscription", params, "ap-tokyo", timeout_s)
    assert time.monotonic() - began < timeout_s + OVER_S
    return caught.value


def call_other(client: Client) -> str:
    return str(client.call("StopAITranscription", {}, "ap-tokyo", 5)["Action"])


def read_nothing(peer: Peer) -> None:
    peer.shake_hands()
    peer.server.given_up.wait(PATIENCE_S)


def never_answer(peer: Peer) -> None:
    peer.shake_hands()
    peer.read_request()


def drip_headers(peer: Peer) -> None:
    never_answer(peer)
    peer.send(HEAD)
    peer.drip(b"X-Drip: drop\r\n")


def drip_one_header(peer: Peer) -> None:
    never_answer(peer)
    peer.send(HEAD + b"X-Drip: ")
    peer.drip(b"drop")


def drip_body(peer: Peer) -> None:
    never_answer(peer)
    peer.send(HEAD + b"Content-Length: 900000\r\n\r\n")
    peer.drip(b" ")


def drip_chunks(peer: Peer) -> None:
    never_answer(peer)
    peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    peer.drip(b"1\r\n \r\n")


def drip_continues(peer: Peer) -> None:
    never_answer(peer)
    peer.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def stop_in_the_body(peer: Peer) -> None:
    never_answer(peer)
    peer.send(write_answer({"TaskId": "task-1"})[:-5])


HANGING = [
    *(read_nothing, never_answer, drip_headers, drip_one_header),
    *(drip_body, drip_chunks, drip_continues, stop_in_the_body),
]


@pytest.mark.parametrize("script", HANGING)
def test_call_ends_at_its_deadline_and_its_connection_is_closed(
    script: Script, tls: Path | None
) -> None:
    with run_server(script, certificate=tls) as server:
        client = server.open_client()
        error = fail(client)
        server.given_up.set()
        assert (error.code, error.may_have_happened) == ("ClientNetworkError.TimeoutError", True)
        assert server.peers[0].closed.wait(PATIENCE_S)


@pytest.mark.slow
def test_call_ends_while_the_server_does_not_even_take_the_request(tls: Path | None) -> None:
    with run_server(read_nothing, certificate=tls) as server:
        client = server.open_client()
        error = fail(client, 1.5, Much="x" * 8_000_000)
        server.given_up.set()
        assert (error.code, error.may_have_happened) == ("ClientNetworkError.TimeoutError", True)
        assert server.peers[0].closed.wait(PATIENCE_S)


def hang_in_the_handshake(peer: Peer) -> None:
    """Say nothing at all."""


def drip_the_handshake(peer: Peer) -> None:
    peer.send(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")  # of a long ServerHello
    peer.drip(b"\0")


@pytest.mark.parametrize("script", [hang_in_the_handshake, drip_the_handshake])
def test_request_was_never_sent_when_the_handshake_does_not_end(
    script: Script, certificate: Path
) -> None:
    with run_server(script, certificate=certificate) as server:
        client = server.open_client()
        error = fail(client)
        assert (error.code, error.may_have_happened) == ("ClientNetworkError.ConnectTimeout", False)
        assert server.peers[0].closed.wait(PATIENCE_S)


@pytest.mark.slow
@pytest.mark.parametrize("timeout_s", [TIMEOUT_S, 30.0])
def test_connecting_takes_a_second_at_most(timeout_s: float) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address):  # now its queue is full: more are not answered
            client = Client(f"http://127.0.0.1:{address[1]}", credentials=lambda: CREDENTIALS)
            began = time.monotonic()
            error = fail(client, timeout_s)
    assert (error.code, error.may_have_happened) == ("ClientNetworkError.ConnectTimeout", False)
    assert time.monotonic() - began < min(timeout_s, 1.0) + OVER_S


def answer_late(peer: Peer) -> None:
    never_answer(peer)
    peer.server.given_up.wait(PATIENCE_S)
    peer.answer({"Action": "the late answer"})


def finish_late(peer: Peer) -> None:
    never_answer(peer)
    answer = write_answer({"Action": "the late answer"})
    peer.send(answer[:-5])
    peer.server.given_up.wait(PATIENCE_S)
    peer.send(answer[-5:] + answer)


@pytest.mark.parametrize("script", [answer_late, finish_late])
def test_late_answer_is_never_taken_for_the_next_call_s(script: Script, tls: Path | None) -> None:
    with run_server(script, echo, certificate=tls) as server:
        client = server.open_client()
        fail(client)
        server.given_up.set()
        assert call_other(client) == "StopAITranscription"
        assert len(server.peers) == 2
        assert server.peers[0].closed.wait(PATIENCE_S)


def answer_twice(peer: Peer) -> None:
    never_answer(peer)
    peer.send(write_answer({"Action": "first"}) + write_answer({"Action": "second"}))
    peer.echo()


def test_answer_that_nobody_asked_for_is_not_read(tls: Path | None) -> None:
    with run_server(answer_twice, echo, certificate=tls) as server:
        client = server.open_client()
        client.call("StartAITranscription", {}, "ap-tokyo", 5)
        assert call_other(client) == "StopAITranscription"


HUGE = 200_000_000


def flood(peer: Peer) -> None:
    never_answer(peer)
    peer.send(HEAD + b"Content-Length: %d\r\n\r\n" % HUGE)
    while peer.bytes_sent < HUGE:
        peer.send(b" " * 65_536)


def flood_headers(peer: Peer) -> None:
    never_answer(peer)
    peer.send(HEAD)
    while peer.bytes_sent < HUGE:
        peer.send(b"X-Flood: " + b"x" * 60_000 + b"\r\n")


def flood_compressed(peer: Peer) -> None:
    never_answer(peer)
    packed = gzip.compress(b" " * HUGE, 1)
    peer.send(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)


def flood_chunks(peer: Peer) -> None:
    never_answer(peer)
    peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while peer.bytes_sent < HUGE:
        peer.send(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def flood_interim_answers(peer: Peer) -> None:
    never_answer(peer)
    while peer.bytes_sent < HUGE:
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


FLOODS = [flood, flood_headers, flood_compressed, flood_chunks, flood_interim_answers]


@pytest.mark.parametrize("script", FLOODS)
def test_answer_without_end_is_given_up(script: Script, tls: Path | None) -> None:
    with run_server(script, certificate=tls) as server:
        client = server.open_client()
        error = fail(client, 30)
        assert error.code in ("ServerNetworkError", "ClientNetworkError.UnwantedAnswerError")
        assert error.may_have_happened
        assert server.peers[0].closed.wait(PATIENCE_S)
        assert server.peers[0].bytes_sent < HUGE / 4


def test_large_answer_is_read_whole(tls: Path | None) -> None:
    with run_server(echo, certificate=tls) as server:
        large = {"Large": "x" * 900_000}
        answer = server.open_client().call("X", large, "ap-tokyo", 10)
    assert answer["Params"] == large
