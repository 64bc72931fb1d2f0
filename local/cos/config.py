"""What a COS endpoint is made with."""

from dataclasses import dataclass, field
from typing import NamedTuple

# The operations that there are, by the names that a CAM policy gives them after `cos:`.
ACTIONS = frozenset(
    {"PutObject", "GetObject", "HeadObject", "DeleteObject", "GetBucket", "HeadBucket"}
)


class Credentials(NamedTuple):
    """A key pair; `token` is the session token of a temporary one."""

    secret_id: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        """Without the key and the token."""
        return f"Credentials({self.secret_id!r})"


@dataclass(frozen=True)
class CosConfig:
    """The bucket, the keys that open it, and what these may do.

    `bucket` ends in the APPID of its owner, as in `files-1250000000`. The first of `credentials` is told
    to everybody who asks the local cloud. `denied` are actions of ACTIONS that the policy lacks.
    """

    region: str
    bucket: str
    credentials: tuple[Credentials, ...] = field(repr=False)
    denied: frozenset[str] = frozenset()
    # Whether a signature must cover the Host. Both official SDKs can be told to leave it out.
    host_must_be_signed: bool = False
    max_object_bytes: int = 64 * 1024 * 1024  # COS takes 5 GB in one PUT
    max_bytes: int = 1024 * 1024 * 1024  # of all objects; COS has no such limit

    @property
    def host(self) -> str:
        """The name under which Tencent serves the bucket."""
        return f"{self.bucket}.cos.{self.region}.myqcloud.com"
