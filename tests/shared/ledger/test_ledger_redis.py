"""The Redis ledger when something is wrong: a clear error in time, no password told, and what heals."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from itertools import takewhile
from pathlib import Path

import pytest

from local.redis_server import RedisServer, pick_port
from shared.errors import LedgerError
from shared.ledger import Ledger, RoomBook, Session
from shared.room import Room
from shared.rules.decision import Rule
from tests.support.ledger_steps import (
    APP,
    ROOM,
    RULE,
    TAG,
    T,
    claim,
    close_room,
    finish,
    hear,
    note_person,
    open_redis,
    open_session,
)
from tests.support.redis_servers import connect, empty, need_redis

PATIENCE_S = 1.3  # a webhook has 4 s for everything
PASSWORD = "s3cret-p4ss"
LATER = T + 10_000_000
SESSION = Session("session", ROOM, T, T, Rule(name="r", room=["*"]))
METHODS: list[Callable[[Ledger], object]] = [
    lambda ledger: ledger.read(ROOM),
    lambda ledger: open_session(ledger),
    lambda ledger: ledger.list_sessions(ROOM, 5),
    lambda ledger: note_person(ledger, SESSION, "ann", T, present=True, microphone=None),
    lambda ledger: ledger.list_people(SESSION),
    lambda ledger: ledger.forget_sentences(SESSION.id, T),
    lambda ledger: ledger.list_due(T, 5),
    lambda ledger: ledger.find_next_due(),
    lambda ledger: ledger.count_living(APP),
    lambda ledger: ledger.take_slot("cloud", 1, T),
    lambda ledger: ledger.take_lease("drainer", "a", T, 9_000),
    lambda ledger: ledger.drop_lease("drainer", "a"),
]


@pytest.fixture
def ledger(redis_server: RedisServer) -> Iterator[Ledger]:
    empty(redis_server)
    with contextlib.closing(open_redis(redis_server.url)) as ledger:
        yield ledger


def complain(url: str, work: Callable[[Ledger], object] = METHODS[1]) -> str:
    """What the ledger's error says; it comes in time, and no password with it."""
    with contextlib.closing(open_redis(url)) as ledger:
        return complain_of(ledger, work)


def complain_of(ledger: Ledger, work: Callable[[Ledger], object] = METHODS[1]) -> str:
    """The same of a ledger that may be connected already. A machine that stalls is not late three times."""
    for tries_left in (2, 1, 0):
        began_s = time.monotonic()
        with pytest.raises(LedgerError, match=r"^LEDGER_URL: Redis at ") as raised:
            work(ledger)
        assert PASSWORD not in "".join(traceback.format_exception(None, raised.value, None))
        took_s = time.monotonic() - began_s
        if took_s < PATIENCE_S:
            break
        assert tries_left, f"took {took_s} s"
    return str(raised.value)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_that_nobody_is_there(method: Callable[[Ledger], object]) -> None:
    url = f"redis://:{PASSWORD}@127.0.0.1:{pick_port()}/0"
    assert "cannot be reached: Connection refused; see that it runs" in complain(url, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("connected", [True, False])
def test_every_method_gives_up_on_a_server_that_hangs(
    ledger: Ledger,
    redis_server: RedisServer,
    method: Callable[[Ledger], object],
    connected: bool,
) -> None:
    if connected:
        ledger.read(ROOM)
    redis_server.pause()
    try:
        assert "did not answer within 0.5 s" in complain_of(ledger, method)
    finally:
        redis_server.resume()
    method(ledger)


def test_host_that_has_no_name_is_named() -> None:
    assert "Redis at redis.invalid:6379 cannot be reached" in complain("redis://redis.invalid/0")


def test_server_that_was_stopped_and_came_back_needs_no_new_ledger(tmp_path: Path) -> None:
    need_redis()
    with (
        RedisServer(tmp_path / "redis") as server,
        contextlib.closing(open_redis(server.url)) as ledger,
    ):
        claim(ledger)
        server.stop()
        assert "cannot be reached" in complain_of(ledger)
        server.start()
        assert ledger.read(ROOM).sessions[0].tasks["*"].token == "t"
        server.restart()
        assert ledger.count_living(APP) == 1


def test_connection_that_the_server_closed_while_idle_is_opened_again(
    ledger: Ledger, redis_server: RedisServer
) -> None:
    open_session(ledger)
    with connect(redis_server) as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "normal")
    assert ledger.read(ROOM).sessions


@pytest.mark.parametrize(
    ("user", "says"),
    [
        (f":{PASSWORD}", "refuses the user or password"),
        ("", "refuses the user or password"),
        (f"nobody:{PASSWORD}", "refuses the user or password"),
        ("reader:right", "forbids its user what the ledger does; allow ~{roomscribe:*"),
        (":right", ""),
    ],
)
def test_user_who_may_not_is_told_so(tmp_path: Path, user: str, says: str) -> None:
    need_redis()
    with RedisServer(tmp_path / "redis") as server:
        with connect(server) as client:
            client.execute_command("ACL", "SETUSER", "reader", "on", ">right", "~*", "+get")
            client.config_set("requirepass", "right")
        url = server.url.replace("//", f"//{user}@")
        if says:
            assert says in complain(url)
        else:
            with contextlib.closing(open_redis(url)) as ledger:
                assert claim(ledger)


def test_password_for_a_server_that_has_none_is_told_so(redis_server: RedisServer) -> None:
    url = redis_server.url.replace("//", f"//:{PASSWORD}@")
    assert "refuses the user or password" in complain(url)


def test_database_that_does_not_exist_is_told_so(redis_server: RedisServer) -> None:
    assert "has no database of that number" in complain(redis_server.url + "99")


def test_read_only_replica_and_full_memory_are_told_so(tmp_path: Path) -> None:
    need_redis()
    with RedisServer(tmp_path / "redis") as server, connect(server) as client:
        client.config_set("maxmemory", "1")
        for work in METHODS[1], claim:  # with nothing to add to the agenda, and with something
            assert "is out of memory; raise its maxmemory" in complain(server.url, work)
        assert client.keys() == []
        client.config_set("maxmemory", "0")
        client.replicaof("127.0.0.1", str(pick_port()))
        assert "is a read-only replica; name the primary" in complain(server.url)


def test_cluster_that_is_down_is_told_so(tmp_path: Path) -> None:
    need_redis()
    with RedisServer(tmp_path / "redis", "--cluster-enabled", "yes") as server:
        assert "says that its cluster is down" in complain(server.url)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", "is still loading its data"),
        (b"-MOVED 866 10.0.0.7:6379\r\n", "is one node of a cluster; name the proxy"),
        (b"-MISCONF Redis is configured to save RDB snapshots\r\n", "cannot write to its disk"),
        (b"-ERR unknown command 'EVAL'\r\n", "Redis 6.0 or newer is needed"),
        (b"-ERR max number of clients reached\r\n", "has too many clients"),
        (b"-ODD something new\r\n", "refused a command (ResponseError); see its log"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nAUTH " + PASSWORD.encode(), "does not speak Redis"),
        (b"-ERR what is AUTH " + PASSWORD.encode() + b"\r\n", "refused a command"),
        (b"", "cannot be reached: it closed the connection"),
    ],
)
def test_whatever_else_answers_there_is_named(answer: bytes, says: str) -> None:
    with answering(answer) as port:
        assert says in complain(f"redis://:{PASSWORD}@127.0.0.1:{port}/0")


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A server that says the same to everybody, and goes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(4096)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def leave_a_session(ledger: Ledger) -> None:
    """The room's third session begins: the first one leaves the document."""

    def begin(book: RoomBook) -> None:
        for number in range(3):
            book.open_session(T + 10 * number, RULE)
            book.close_session(T + 10 * number + 5)

    ledger.change(ROOM, begin)


DOCUMENT = f"{TAG}document:{APP}/lobby"
APPLICATIONS = (
    "{roomscribe:0}:applications"  # who has rooms here is known before anything is written
)


@pytest.mark.parametrize(
    ("key", "value", "work"),
    [
        (DOCUMENT, "text", METHODS[1]),
        (f"{TAG}living:{APP}", "text", METHODS[1]),
        (f"{TAG}due", "text", claim),
        (f"{TAG}older:{APP}/1/lobby", "text", leave_a_session),
    ],
)
def test_data_of_another_program_is_told_so_and_nothing_is_written_beside_it(
    ledger: Ledger,
    redis_server: RedisServer,
    key: str,
    value: str,
    work: Callable[[Ledger], object],
) -> None:
    with connect(redis_server) as client:
        client.set(key, value)
    says = "holds another program's data under {roomscribe:*; name another database"
    assert says in complain_of(ledger, work)
    with connect(redis_server) as client:
        assert {*client.keys()} - {APPLICATIONS} == {key}
        assert client.get(key) == value


def test_document_that_cannot_be_read_is_told_and_left_alone(
    ledger: Ledger, redis_server: RedisServer
) -> None:
    with connect(redis_server) as client:
        client.hset(DOCUMENT, "", '{"sessions": 1}')
        assert "holds another program's data under {roomscribe:*" in complain_of(ledger)
        assert client.hgetall(DOCUMENT) == {"": '{"sessions": 1}'}


def test_encrypted_connection_wants_a_certificate_it_can_trust(tmp_path: Path) -> None:
    need_redis()
    key, certificate, port = tmp_path / "key.pem", tmp_path / "ca.pem", pick_port()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    options = ("--tls-port", str(port), "--tls-auth-clients", "no")
    files = (
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
        "--tls-ca-cert-file",
        certificate,
    )
    with RedisServer(tmp_path / "redis", *options, *map(str, files)):
        url = f"rediss://127.0.0.1:{port}/0"
        assert "certificate verify failed" in complain(url)
        with contextlib.closing(open_redis(f"{url}?ssl_ca_certs={certificate}")) as ledger:
            assert claim(ledger)


def test_unix_socket_serves_as_well(tmp_path: Path) -> None:
    need_redis()
    path = tmp_path / "s"
    ledger = open_redis(f"unix://{path}?db=1")
    with RedisServer(tmp_path / "redis", "--unixsocket", str(path)), contextlib.closing(ledger):
        assert claim(ledger)


def test_round_trips_are_as_few_as_they_can_be(ledger: Ledger, redis_server: RedisServer) -> None:
    claim(ledger)
    room, numeric = Room(APP, "lobby", 0), Room(APP, "7", 0)

    def enter(book: RoomBook) -> RoomBook:
        book.note_presence(T + 1, present=True, microphone=None)
        return book

    with connect(redis_server) as client:

        def count_trips(work: Callable[[], object]) -> int:
            before = int(client.info("stats")["total_reads_processed"])
            work()
            return int(client.info("stats")["total_reads_processed"]) - before - 1

        assert count_trips(lambda: ledger.read(ROOM, "ann")) == 1
        assert count_trips(lambda: finish(ledger)) == 2
        assert count_trips(lambda: open_session(ledger)) == 1
        assert count_trips(lambda: claim(ledger, room=numeric)) == 2
        known = ledger.read(ROOM, "ann")
        change = partial(ledger.change, ROOM, enter, user_id="ann", known=known)
        assert count_trips(change) == 1
        assert count_trips(lambda: ledger.change(ROOM, enter, user_id="ann")) == 1
        assert count_trips(lambda: ledger.change(ROOM, enter, user_id="bob")) == 2
        known = ledger.change(ROOM, enter, user_id="cat")
        assert count_trips(lambda: ledger.change(ROOM, name_room, known=known)) == 1
        bury = partial(ledger.change, room, lambda book: book.bury(T), known=known.twin)
        assert count_trips(bury) == 1
        assert count_trips(lambda: ledger.take_slot("cloud", 1, T)) == 1
        assert count_trips(lambda: close_room(ledger, T + 5)) == 2
        assert count_trips(lambda: ledger.list_due(T, 9)) == 2


def test_person_who_comes_writes_the_document_never(
    ledger: Ledger, redis_server: RedisServer
) -> None:
    open_session(ledger)
    with (
        connect(redis_server) as client,
        connect(redis_server) as watcher,
        watcher.monitor() as monitor,
    ):
        for number in range(20):
            ledger.change(ROOM, partial(greet, at_ms=T + number), user_id=f"user-{number}")
        client.echo("end")
        told = iter(lambda: str(monitor.next_command()["command"]), "ECHO end")
        heard = [command.replace(TAG, "").partition(":")[0] for command in told]
    assert heard.count("HSET people") == 20
    assert not [one for one in heard if one.startswith("HSET document")]


def name_room(book: RoomBook) -> str:
    """Changes nothing."""
    return book.room.room_id


def greet(book: RoomBook, at_ms: int) -> None:
    book.note_presence(at_ms, present=True, microphone=None)


def fill(ledger: Ledger, name: str) -> Session:
    """Something of all that a ledger keeps; what it says of it carries the name."""
    claim(ledger, name)
    finish(ledger, name)
    claim(ledger, name, room=ROOM.twin)
    session = open_session(ledger)
    note_person(ledger, session, name, T, present=True, microphone=True)
    ledger.keep_sentence(session, hear(1))
    assert ledger.take_slot("cloud", 1, T) == 0
    assert ledger.take_lease("drainer", name, T, 9_000)
    return session


def tell(ledger: Ledger, session: Session) -> list[object]:
    return [
        ledger.read(ROOM).sessions[0].tasks["*"].task_id,
        ledger.read(ROOM.twin).sessions[0].tasks["*"].token,
        [person.user_id for person in ledger.list_people(session)],
        ledger.list_due(LATER, 9),
        ledger.find_next_due(),
        ledger.count_living(APP),
        ledger.list_sentences(session, 0),
        ledger.read_version(session.id),
        ledger.take_slot("cloud", 1, T),
    ]


def test_two_deployments_share_a_redis_and_do_not_see_each_other(redis_server: RedisServer) -> None:
    empty(redis_server)
    with (
        contextlib.closing(open_redis(redis_server.url, name="blue")) as blue,
        contextlib.closing(open_redis(redis_server.url, name="green")) as green,
    ):
        session = fill(blue, "blue")
        assert green.read(ROOM).sessions == []
        assert (green.list_due(LATER, 9), green.find_next_due()) == ([], None)
        assert green.count_living(APP) == 0
        assert green.list_people(session) == []
        fill(green, "green")
        before = [tell(ledger, session) for ledger in (blue, green)]
        assert [told[:3] for told in before] == [
            [f"task-{name}", name, [name]] for name in ("blue", "green")
        ]
        assert green.forget_sentences(session.id, T + 5_000) == 1
        green.drop_lease("drainer", "green")
        close_room(green, T + 5)
        assert not blue.take_lease("drainer", "green", T, 9_000)
        assert tell(blue, session) == before[0]
        with connect(redis_server) as client:
            tags = {re.split("[:}]", key)[0] for key in client.scan_iter()}
    assert tags == {"{blue", "{green"}


def test_user_who_may_use_the_keys_of_one_deployment_has_a_ledger(tmp_path: Path) -> None:
    need_redis()
    with RedisServer(tmp_path / "redis") as server:
        with connect(server) as client:
            rights = ("~{blue:*", "+@all", "-@dangerous")
            client.execute_command("ACL", "SETUSER", "blue", "on", ">right", *rights)
        url = server.url.replace("//", "//blue:right@")
        with contextlib.closing(open_redis(url, name="blue")) as ledger:
            tell(ledger, fill(ledger, "blue"))
            close_room(ledger, T + 5)
        with contextlib.closing(open_redis(url, name="green")) as ledger:
            assert "allow ~{green:* and +@all -@dangerous" in complain_of(ledger)


def test_change_that_was_saved_is_not_said_to_have_failed(tmp_path: Path) -> None:
    """Its user may not touch what was said, of which a closed session says until when it is kept."""
    need_redis()
    with RedisServer(tmp_path / "redis") as server:
        with connect(server) as client:
            rights = (f"~{TAG}*", "~{roomscribe:0}:*", "+@all", "-@dangerous")
            client.execute_command("ACL", "SETUSER", "blue", "on", ">right", *rights)
        url = server.url.replace("//", "//blue:right@")
        with contextlib.closing(open_redis(url)) as ledger:
            session = open_session(ledger)
            try:
                close_room(ledger, T + 5)
                says_closed = True
            except LedgerError:
                says_closed = False
            is_closed = ledger.read(ROOM).get(session.id).closed_ms is not None
    assert says_closed == is_closed


def test_change_is_one_read_and_one_script_so_that_nothing_comes_between_document_and_index(
    ledger: Ledger, redis_server: RedisServer
) -> None:
    claim(ledger)
    with (
        connect(redis_server) as client,
        connect(redis_server) as watcher,
        watcher.monitor() as monitor,
    ):
        client.echo("begin")
        finish(ledger)
        close_room(ledger, T + 5)
        client.echo("end")
        told = iter(lambda: monitor.next_command(), None)
        next(one for one in told if one["command"] == "ECHO begin")
        heard = [
            (one["client_type"], one["command"].split()[0])
            for one in takewhile(lambda one: one["command"] != "ECHO end", told)
        ]
    sent = [name for client_type, name in heard if client_type != "lua"]
    written = {name for client_type, name in heard if client_type == "lua"}
    change = ["MULTI", "HMGET", "HMGET", "EXEC", "SADD", "EVAL"]
    assert sent == [*change, *change]
    assert {"HSET", "ZADD", "ZREM", "ZINCRBY"} <= written


def test_attempt_that_loses_the_race_leaves_nothing_beside_the_book(
    ledger: Ledger, redis_server: RedisServer
) -> None:
    """The first wants a task that is due and lives; a rival is quicker, and the second attempt breaks off."""
    seen: list[int] = []
    kept: list[dict[str, object]] = []

    def work(book: RoomBook) -> None:
        seen.append(len(book.sessions))
        if len(seen) > 1:
            raise KeyError
        with contextlib.closing(open_redis(redis_server.url)) as rival:
            claim(rival, "rival", T + 1)
            finish(rival, "rival", T + 1)
            close_room(rival, T + 2)
        kept.append(dump(redis_server))
        _, session = book.open_session(T, RULE)
        assert session
        session.tasks["*"] = claimed.tasks["*"]

    claim(ledger, room=ROOM.twin)
    claimed = ledger.read(ROOM.twin).sessions[0]
    with pytest.raises(KeyError):
        ledger.change(ROOM, work)
    assert seen == [0, 1]
    assert kept == [dump(redis_server)]
    assert ledger.count_living(APP) == 1
    assert ledger.list_due(LATER, 9) == [ROOM.twin]


def dump(server: RedisServer) -> dict[str, object]:
    """All that lies in Redis."""
    with connect(server) as client:
        return {key: client.dump(key) for key in client.scan_iter()}


def test_change_that_is_never_the_first_gives_up_in_time(
    ledger: Ledger, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In real time, also where somebody moves the clock that `time.sleep` follows by hand."""

    def sleep_until_somebody_moves_it(_seconds: float) -> None:
        raise AssertionError("a rival's turn would wait for the clock")

    monkeypatch.setattr(time, "sleep", sleep_until_somebody_moves_it)
    with contextlib.closing(open_redis(redis_server.url)) as rival:
        numbers = iter(range(10**9))

        def work(book: RoomBook) -> None:
            rival.change(ROOM, lambda own: own.bury(T + next(numbers)))
            book.open_session(T + 10**9, RULE)

        says = complain_of(ledger, lambda own: own.change(ROOM, work))
    assert "too many change the same room at once" in says
    assert ledger.read(ROOM).sessions == []
