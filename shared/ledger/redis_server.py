"""Talking to a Redis server: short patience, and errors that say what to do and never a password."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import URL_QUERY_ARGUMENT_PARSERS, ConnectionPool
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,  # noqa: A004  redis-py's own
    InvalidResponse,
    RedisError,
    TimeoutError,  # noqa: A004  redis-py's own
)
from redis.retry import Retry

from shared.errors import LedgerError, SettingsError
from shared.settings import DEFAULT_LEDGER_NAME

CONNECT_TIMEOUT_S = 0.5
ANSWER_TIMEOUT_S = 0.5
# Anything else in a user or password is percent-encoded: a raw / or ? would begin the next part of the URL.
_LOGIN, _QUERY = r"(?:(?:[^\s/?#\[\]@%]|%[0-9A-Fa-f]{2})*@)?", r"(?:\?[^\s?#@]*)?"
_HOST = r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
URL = re.compile(rf"(?:rediss?://{_LOGIN}{_HOST}(?:/[0-9]*)?|unix://{_LOGIN}/[^\s?#@]+){_QUERY}")
OPTIONS = (
    *("db", "username", "password", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"),
    *("ssl_cert_reqs", "ssl_check_hostname", "ssl_min_version"),
)
FIXED = ("decode_responses", "encoding", "client_name", *URL_QUERY_ARGUMENT_PARSERS)
MALFORMED = (
    "LEDGER_URL: must be like redis://user:password@host:6379/0, rediss://… or unix:///path?db=0, "
    f"with no options but {', '.join(OPTIONS)}; percent-encode what is special in user and password: "
    "%25 for %, %2F for /, %3F for ?, %23 for #, %40 for @"
)

Command = tuple[str | bytes | int, ...]
Reply = Any  # whatever a Redis command answers

_ADVICE = {  # by what the error says; from its text nothing else is repeated; KEYS are the ledger's own
    "LOADING": "is still loading its data; it answers when that is done",
    "READONLY": "is a read-only replica; name the primary",
    "MASTERDOWN": "is a replica without its primary; name the primary",
    "OOM": "is out of memory; raise its maxmemory, with maxmemory-policy noeviction",
    "MISCONF": "cannot write to its disk; free space, or mend its permissions",
    "NOREPLICAS": "has too few replicas to accept writes; bring them back",
    "CLUSTERDOWN": "says that its cluster is down; bring it back",
    "MOVED": "is one node of a cluster; name the proxy in front of it",
    "NOPERM": "forbids its user what the ledger does; allow ~KEYS and +@all -@dangerous",
    "WRONGTYPE": "holds another program's data under KEYS; name another database",
    "DB index": "has no database of that number; name another",
    "max number of clients": "has too many clients; raise its maxclients",
    "unknown command": "lacks a command; Redis 6.0 or newer is needed",
}


class Server:
    """One Redis server, reached when it is first asked; safe to use from several threads."""

    def __init__(self, url: str, name: str = DEFAULT_LEDGER_NAME) -> None:
        self.keys = f"{{{name}:*"  # a pattern
        self._pool = _make_pool(url)
        self._client = Redis(connection_pool=self._pool)
        parts = urlsplit(url)
        is_socket = parts.scheme == "unix"
        self.place = parts.path if is_socket else f"{parts.hostname}:{parts.port or 6379}"

    def ask(self, *commands: Command, atomic: bool = False) -> list[Reply]:
        """The replies to the commands, sent all at once; `atomic`: nobody else's come in between.

        No command is ever sent twice: the pool itself opens a new connection for one that the
        server closed while idle, before anything is sent.
        """
        if not commands:
            return []
        try:
            with self._client.pipeline(transaction=atomic) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py's
                return list(pipeline.execute())
        except (RedisError, OSError, ValueError) as error:
            # From None: the server's own text may repeat what it was sent, the password included.
            advice = _explain(error).replace("KEYS", self.keys)
            raise LedgerError(f"LEDGER_URL: Redis at {self.place} {advice}") from None

    def close(self) -> None:
        """Let go of every connection."""
        self._client.close()
        self._pool.disconnect()


def _make_pool(url: str) -> ConnectionPool:
    try:
        _check(url)
        pool = ConnectionPool.from_url(
            url,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=ANSWER_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # RESP3 and the library's name would be round trips more to connect
            driver_info=None,
        )
        pool.connection_class(**pool.connection_kwargs)  # refuses an option it does not know
    except (ValueError, TypeError, RedisError):
        raise SettingsError([MALFORMED]) from None  # its text may hold the URL
    return pool


def _check(url: str) -> None:
    """Refuse what a raw character of a password would make of the URL, and what the ledger relies on.

    Only an option that redis-py knows is named: another may be a piece of a password.
    """
    if not URL.fullmatch(url):
        raise ValueError
    query = urlsplit(url).query  # none at all is a bad one to Python 3.10
    for name in parse_qs(query, keep_blank_values=True, strict_parsing=True) if query else ():
        if name in FIXED and name not in OPTIONS:
            raise SettingsError(
                [f"LEDGER_URL: the option {name} is not yours to set; leave it out"]
            )
        if name not in OPTIONS:
            raise ValueError


def _explain(error: Exception) -> str:
    if isinstance(error, AuthenticationError):
        return "refuses the user or password in LEDGER_URL; correct them"
    if isinstance(error, TimeoutError):
        return f"did not answer within {ANSWER_TIMEOUT_S} s; see that it runs and can be reached"
    if isinstance(error, InvalidResponse):
        return "does not speak Redis; correct host and port"
    said = f"{getattr(error, 'status_code', '')} {error}"
    advice = next((advice for words, advice in _ADVICE.items() if words in said), None)
    if advice:
        return advice
    if isinstance(error, ConnectionError):
        cause = error.__context__
        reason = cause.strerror if isinstance(cause, OSError) else None
        return f"cannot be reached: {reason or 'it closed the connection'}; see that it runs"
    return f"refused a command ({type(error).__name__}); see its log"
