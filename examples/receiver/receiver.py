"""Receives Roomscribe's events: verifies each one, keeps it once, answers 204.

    pip install standardwebhooks
    EVENTS_SECRET=whsec_… python3 receiver.py 8400 events.jsonl

EVENTS_SECRET is Roomscribe's, or `whsec_NEW,whsec_OLD` while it is being changed. Before a new event is
answered, it is a line of the file, with its id; the work is done by whatever reads that file. It listens on
this machine alone: Roomscribe sends to https, so put a proxy with a certificate before it. docs/events.md has
the format.
"""

import json
import os
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

MOST_BYTES = 262_144  # of a body


class Inbox:
    """The file of events. Ids are known for as long as the file is kept: Roomscribe tries for four days."""

    def __init__(self, path: Path) -> None:
        kept = path.read_bytes() if path.exists() else b""
        whole = kept[: kept.rfind(b"\n") + 1]  # without half a line that a crash has left
        self._ids = {json.loads(line)["id"] for line in whole.splitlines()}
        self._lock = threading.Lock()
        self._file = path.open("ab")
        self._file.truncate(len(whole))

    def keep(self, event_id: str, event: dict[str, Any]) -> None:
        """Write the event unless one of this id is there; it is on the disk when this returns."""
        with self._lock:
            if event_id not in self._ids:
                self._file.write(json.dumps({"id": event_id, **event}).encode() + b"\n")
                self._file.flush()
                os.fsync(self._file.fileno())
                self._ids.add(event_id)


def verify(body: bytes, headers: dict[str, str], secrets: list[str]) -> dict[str, Any] | None:
    """The event, if one of the secrets has signed these bytes in the last five minutes; None otherwise."""
    for secret in secrets:
        try:
            event: dict[str, Any] = Webhook(secret).verify(body, headers)
        except (WebhookVerificationError, ValueError):  # ValueError: what is no base64, or no UTF-8
            continue
        return event
    return None


class Handler(BaseHTTPRequestHandler):
    """Answers 204 to an event that is kept, also a repeated one, and 401 to what nobody signed."""

    timeout = 10  # seconds for which a sender may be silent

    def __init__(self, inbox: Inbox, secrets: list[str], *connection: Any) -> None:
        self._inbox, self._secrets = inbox, secrets
        super().__init__(*connection)

    def do_POST(self) -> None:
        """Answer by the status alone: Roomscribe reads nothing else."""
        self.send_response(self._receive())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _receive(self) -> int:
        """Verify the body as it came, and keep the event; the status to answer."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return 413
        body = self.rfile.read(int(length))
        event = verify(body, dict(self.headers), self._secrets)
        if event is None:
            return 401
        self._inbox.keep(self.headers["webhook-id"], event)
        return 204


def main() -> None:
    """Serve until the process is ended; port 0 takes any that is free."""
    secrets = os.environ.get("EVENTS_SECRET")
    if len(sys.argv) != 3 or not sys.argv[1].isdecimal() or not secrets:
        print("usage: EVENTS_SECRET=whsec_… python3 receiver.py PORT FILE", file=sys.stderr)
        sys.exit(2)
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    handler = partial(Handler, Inbox(path), secrets.split(","))
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
