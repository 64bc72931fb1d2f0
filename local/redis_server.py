"""A real Redis server on this machine, on a port of its own, that can die and come back with its data."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from local.errors import LocalError

HOST = "127.0.0.1"
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 15.0
POLL_S = 0.01
PORTS_TRIED = 3
HIGHEST_PORT, CLUSTER_OFFSET = 65_535, 10_000


class RedisServer:
    """Runs `redis-server` in a folder, and every write that it accepted is on disk.

    `options` are more of its own, like "--maxmemory", "100mb"; with a `password` it answers nobody
    else. It keeps its port and its data, which only their owner can read, from one start to the next,
    whether it was stopped or killed. It never outlives this process.
    """

    def __init__(self, folder: Path, *options: str, password: str = "") -> None:
        self._folder = folder
        self._options = options
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._has_run = False
        self.port = pick_port()

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Its LEDGER_URL."""
        user = f":{quote(self._password, safe='')}@" if self._password else ""
        return f"redis://{user}{HOST}:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers; LocalError when it does not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        tries = 1 if self._has_run else PORTS_TRIED
        for _ in range(tries):
            if self._try_start():
                self._has_run = True
                return
            self.port = self.port if self._has_run else pick_port()
        raise LocalError(f"redis-server does not start; see {self._folder}/redis.log")

    def stop(self) -> None:
        """Let it end in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it with SIGKILL, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def lose(self) -> None:
        """Kill it, and delete all that it has kept: it starts empty."""
        self.kill()
        shutil.rmtree(self._folder)

    def restart(self) -> None:
        """Kill it, and start it again."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Let it hang: it is connected to, and never answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after a pause."""
        self._signal(signal.SIGCONT)

    def _try_start(self) -> bool:
        try:
            self._process = subprocess.Popen(  # noqa: S603  nobody else's words
                self._make_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # its log is a file
                start_new_session=True,  # Ctrl-C in the terminal is not for it
                umask=0o077,
            )
        except FileNotFoundError as error:
            raise LocalError(
                "redis-server is not installed; on Debian: apt-get install redis-server"
            ) from error
        self._guard = _guard(self._process)
        self._tell_password(self._process)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self._is_ready(self._process.pid):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.kill()
                return False
            time.sleep(POLL_S)
        return True

    def _make_command(self) -> list[str]:
        settings = {
            "port": str(self.port),
            "bind": HOST,
            "dir": str(self._folder),
            "logfile": "redis.log",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
        }
        flags = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return ["redis-server", "-", *flags, *self._options]

    def _tell_password(self, process: subprocess.Popen[bytes]) -> None:
        """As a line of configuration on standard input: in the command everybody could see it."""
        line = f"requirepass {self._password}\n" if self._password else ""
        assert process.stdin  # noqa: S101  it was started with a pipe
        with contextlib.suppress(BrokenPipeError), process.stdin as configuration:
            configuration.write(line.encode())

    def _is_ready(self, pid: int) -> bool:
        """Whether it serves: it itself, and not somebody else who was quicker at that port."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                greeting = f"AUTH {self._password}\r\n" if self._password else ""
                connection.sendall(f"{greeting}PING\r\nINFO server\r\n".encode())
                answer = connection.recv(65_536).removeprefix(b"+OK\r\n")
        except OSError:
            return False
        return answer.startswith(b"+PONG") and f"process_id:{pid}\r".encode() in answer

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._signal(how)
        if self._guard:  # before the process is gone, and somebody else may have its number
            self._guard.kill()
            self._guard.communicate()
        self._process.wait(STOP_TIMEOUT_S)
        self._process = self._guard = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


def _guard(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Something that kills a process when this one is gone, and its end of the pipe with it."""
    command = ["sh", "-c", 'read -r _; kill -9 "$0"', str(process.pid)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603


def pick_port() -> int:
    """A port that nobody listens on now; a cluster's nodes use the one 10,000 above, too."""
    while True:
        with socket.socket() as listener:
            listener.bind((HOST, 0))
            port: int = listener.getsockname()[1]
            if port < HIGHEST_PORT - CLUSTER_OFFSET:
                return port
