"""LEDGER_URL for Redis: what is read, what is refused by name, and never a piece of a password."""

from __future__ import annotations

import contextlib
import traceback

import describe_room
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from redis.connection import URL_QUERY_ARGUMENT_PARSERS

from local.doctor.examination import Asked, examine
from local.host.scf_runtime import DEFAULT_LIMITS, describe_context
from local.redis_server import pick_port
from shared.errors import LedgerError, SettingsError
from shared.ledger.redis_server import MALFORMED, OPTIONS, Server
from tests.support.instance import SETTINGS

PIECE = 4  # so many characters of a password in a row are one of its pieces
# Host and port of these URLs, and the rest that is ours, hold none of a password's letters.
LETTERS = st.sampled_from("ÄÖÜQXZäßqxz7!$&'()*+,;=\"<>\\^`{|}~ ?#/@%:[]\t\n\u200b")
FORMS = (
    "redis://:{}@127.0.0.1:1/0",
    "redis://ann:{}@127.0.0.1:1/0",
    "rediss://ann:{}@[::1]:1",
    "redis://{}@127.0.0.1:1",
    "unix://:{}@/no/s",
    "unix:///no/s?db=0&password={}",
    "redis://127.0.0.1:1/0?password={}",
)


@pytest.mark.parametrize(
    ("url", "place", "known"),
    [
        ("redis://h", "h:6379", {}),
        ("redis://h:1/", "h:1", {"port": 1}),
        ("redis://u:p%3F%40:@h/2", "h:6379", {"username": "u", "password": "p?@:", "db": 2}),
        ("redis://h/1?db=3", "h:6379", {"db": 3}),
        ("redis://[::1]:7/0", "::1:7", {"host": "::1", "port": 7}),
        ("rediss://:pä!ß@h?ssl_cert_reqs=none", "h:6379", {"password": "pä!ß"}),
        ("unix:///run/redis.sock?db=1&password=p", "/run/redis.sock", {"db": 1, "password": "p"}),
        ("unix://u:p@/run/redis.sock", "/run/redis.sock", {"username": "u", "password": "p"}),
    ],
)
def test_url_says_where_and_as_whom(url: str, place: str, known: dict[str, object]) -> None:
    with contextlib.closing(Server(url)) as server:
        made = server._pool.connection_kwargs  # noqa: SLF001  what connections are made with
        assert server.place == place
        assert known.items() <= made.items()
        assert (made["socket_timeout"], made["socket_connect_timeout"]) == (0.5, 0.5)


def read_problem(url: str) -> str:
    """The one problem of a URL that is refused."""
    with pytest.raises(SettingsError) as caught:
        Server(url)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    "option",
    [
        *("decode_responses=True", "socket_timeout=20", "socket_connect_timeout=9", "protocol=3"),
        *("retry_on_timeout=1", "health_check_interval=1", "max_connections=1", "client_name=x"),
        *("encoding=x", "timeout=9"),
    ],
)
def test_option_that_the_ledger_relies_on_is_refused_by_name(option: str) -> None:
    problem = read_problem(f"redis://:s3cret@h/0?{option}")
    name = option.partition("=")[0]
    assert problem == f"LEDGER_URL: the option {name} is not yours to set; leave it out"


def test_every_option_that_redis_py_converts_is_refused_or_known() -> None:
    for name in URL_QUERY_ARGUMENT_PARSERS:
        if name not in OPTIONS:
            assert name in read_problem(f"redis://h?{name}=1")


@pytest.mark.parametrize(
    "url",
    [
        *("redis://:pa?word@h:1/0", "redis://:pa#word@h:1/0", "redis://:pa/word@h:1/0"),
        *("redis://:pa@word@h:1/0", "redis://:pa%word@h:1/0", "redis://password?x=1@h"),
        *("redis://pass/word@h", "redis://:pa word@h", "redis://h/zero", "redis://h:70000"),
        *("redis://h?nonsense=1", "redis://h?db", "redis://h?db=x", "redis://", "redis://h/0#x"),
        *("redis://h?ssl_cert_reqs=none", "unix://h/s", "unix:///s?password=ab&secret=word"),
    ],
)
def test_url_of_another_form_is_told_how_to_encode(url: str) -> None:
    problem = read_problem(url)
    assert problem.startswith("LEDGER_URL: must be like redis://user:password@host:6379/0")
    assert "percent-encode" in problem
    assert all(word not in problem for word in ("word@h:1", "secret", "nonsense", "pass/"))


def find_pieces(password: str, text: str) -> list[str]:
    """The pieces of a password that are in a text, and not in what is said of any URL."""
    pieces = {password[i : i + PIECE] for i in range(len(password) - PIECE + 1)}
    always = MALFORMED + "LEDGER_URL: Redis at 127.0.0.1:1 ::1:1 /no/s"
    return [piece for piece in pieces if piece.strip() and piece in text and piece not in always]


def tell_everything(url: str) -> str:
    """What is said of it in errors and their tracebacks, when it is opened and asked."""
    try:
        with contextlib.closing(Server(url)) as server:
            server.ask(("PING",))
    except (SettingsError, LedgerError) as error:
        told = "".join(traceback.format_exception(None, error, None, chain=True))
        return f"{told}{error.__cause__}{error!r}"
    raise AssertionError("nobody listens there")


@pytest.mark.parametrize("form", FORMS)
@given(password=st.text(LETTERS, min_size=PIECE, max_size=24))
@example("zzqq?QQQQ")
@example("zzzz/QQQQ")
@example("zzzz#QQQQ")
@example("qqqq@7777")
@example("%41%zzQQ")
@example("[qqqq]")
def test_no_piece_of_a_password_is_told(form: str, password: str) -> None:
    said = tell_everything(form.format(password))
    assert "LEDGER_URL" in said
    assert find_pieces(password, said) == []


@pytest.mark.parametrize(
    "password", ["zzqq?zZÄqzz", "zzzz/QQQQ", "zz%zzQQzz", "qqqq@7777qqq", "77QZqx!zz"]
)
@pytest.mark.parametrize("form", FORMS)
def test_doctor_tells_no_piece_of_a_password(form: str, password: str) -> None:
    environ = {**SETTINGS, "LEDGER_URL": form.format(password)}
    environ["TRTC_ENDPOINT"] = f"http://127.0.0.1:{pick_port()}"
    told = "\n".join(map(str, examine(environ, "unknown", Asked(at_home=False))))
    assert "ledger" in told
    assert find_pieces(password, told) == []


@pytest.mark.parametrize("password", ["zzqq?zZÄqzz", "zzzz/QQQQ", "77QZqx!zz"])
def test_function_logs_and_answers_no_piece_of_a_password(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], password: str
) -> None:
    for form in FORMS:
        environment.setenv("LEDGER_URL", form.format(password))
        context = describe_context("describe_room", DEFAULT_LIMITS, "r-1")
        answer = describe_room.main_handler({"room_id": "7"}, context)
        told = f"{answer}{capsys.readouterr().out}"
        assert "LEDGER_URL" in told
        assert find_pieces(password, told) == []
