"""Many threads call through one client, each with its own deadline and its own answer."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.api.transport import load_context
from shared.errors import ApiError
from tests.support.scripted_server import PATIENCE_S, Peer, echo, run_server

THREADS, CALLS = 16, 20
ACTIONS = ("StartAITranscription", "CreateCloudTranscription", "StopAITranscription")
REGIONS = ("ap-tokyo", "ap-singapore", "ap-guangzhou", "ap-hongkong")


def test_every_thread_gets_its_own_answers_over_few_connections(tls: Path | None) -> None:
    with run_server(echo, certificate=tls) as server:
        client = server.open_client()
        together = threading.Barrier(THREADS)

        def call_often(thread: int) -> list[dict[str, object]]:
            together.wait(PATIENCE_S)
            return [
                client.call(
                    ACTIONS[number % 3],
                    {"Thread": thread, "Number": number},
                    REGIONS[(thread + number) % 4],
                    timeout_s=10 + thread + number,
                )
                for number in range(CALLS)
            ]

        with ThreadPoolExecutor(THREADS) as threads:
            answers = list(threads.map(call_often, range(THREADS)))
        assert answers == [
            [
                {
                    "Action": ACTIONS[number % 3],
                    "Region": REGIONS[(thread + number) % 4],
                    "Params": {"Thread": thread, "Number": number},
                    "RequestId": "request-1",
                }
                for number in range(CALLS)
            ]
            for thread in range(THREADS)
        ]
        assert len(server.requests) == THREADS * CALLS
        assert len(server.peers) <= THREADS
        assert not any(peer.closed.is_set() for peer in server.peers)


def test_calls_of_one_thread_share_one_connection(tls: Path | None) -> None:
    with run_server(echo, certificate=tls) as server:
        client = server.open_client()
        for number in range(CALLS):
            client.call("X", {}, REGIONS[number % 4], 1 + number)
        assert len(server.peers) == 1


def test_connection_closed_while_idle_is_opened_anew(tls: Path | None) -> None:
    def answer_once(peer: Peer) -> None:
        peer.shake_hands()
        peer.read_request()
        peer.answer({"TaskId": "task-1"})
        peer.sock.close()
        closed.set()

    closed = threading.Event()
    with run_server(answer_once, echo, certificate=tls) as server:
        client = server.open_client()
        client.call("X", {}, "ap-tokyo", 5)
        assert closed.wait(PATIENCE_S)
        assert client.call("Y", {}, "ap-tokyo", 5)["Action"] == "Y"


def test_deadline_of_one_thread_is_not_that_of_another(tls: Path | None) -> None:
    """The patient thread is answered only after the impatient one has given up."""

    def answer_patience(peer: Peer) -> None:
        peer.shake_hands()
        request = peer.read_request()
        assert request
        if json.loads(request.body)["Patient"]:
            peer.server.given_up.wait(PATIENCE_S)
            peer.answer({"TaskId": "task-1"})

    with run_server(answer_patience, certificate=tls) as server, ThreadPoolExecutor() as pool:
        client = server.open_client()
        patient = pool.submit(client.call, "X", {"Patient": True}, "ap-tokyo", 30)
        impatient = pool.submit(client.call, "X", {"Patient": False}, "ap-tokyo", 0.4)
        assert isinstance(impatient.exception(PATIENCE_S), ApiError)
        assert not patient.done()
        server.given_up.set()
        assert patient.result(PATIENCE_S)["TaskId"] == "task-1"


def test_certificates_are_parsed_once_however_many_threads_connect(certificate: Path) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        contexts = set(threads.map(load_context, [str(certificate)] * THREADS))
    assert len(contexts) == 1
