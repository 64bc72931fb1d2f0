"""The development bucket of the local cloud: where it is served, and where its files lie."""

from __future__ import annotations

import hashlib
import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

from starlette.routing import BaseRoute

from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.faults.plan import Plan
from local.cloud.feed import Feed
from local.cos.config import CosConfig, Credentials
from local.cos.running import find_domain, running_cos
from local.development import (
    COS_BUCKET,
    COS_DIR,
    COS_REGION,
    LEDGER_FILE,
    SECRET_ID,
    SECRET_KEY,
    write_archive_url,
)
from local.host.app import Host


class Bucket(NamedTuple):
    """A listener to serve the bucket on, and the folder of its files, or None for memory."""

    listener: socket.socket
    folder: Path | None = None

    @property
    def archive_url(self) -> str:
        """The ARCHIVE_URL that leads there."""
        return write_archive_url(find_domain(self.listener))

    def running(
        self, config: CloudConfig, clock: Clock, feed: Feed, plan: Plan, host: Host
    ) -> AbstractAsyncContextManager[list[BaseRoute]]:
        """Serve it; the development key opens it, and the key in `config`. The routes of `/_local/cos`."""
        own = Credentials(config.secret_id, config.secret_key, config.token)
        keys = dict.fromkeys((Credentials(SECRET_ID, SECRET_KEY), own))
        cos_config = CosConfig(COS_REGION, COS_BUCKET, tuple(keys))
        return running_cos(self.listener, cos_config, self.folder, clock, feed, plan, host.holding)


def find_folder(ledger_url: str, redis_dir: Path | None) -> Path:
    """The folder of the files: beside the ledger, so that who has that to himself has this, too."""
    scheme, _, rest = ledger_url.partition(":///")
    if redis_dir is None and scheme != "sqlite":
        return COS_DIR.with_name(f"cos-{hashlib.sha256(ledger_url.encode()).hexdigest()[:16]}")
    ledger = redis_dir or Path(rest)
    return COS_DIR if ledger == LEDGER_FILE else ledger.with_name(f"{ledger.name}.cos")
