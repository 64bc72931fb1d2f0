"""What the API's gateway lets in: signature, version, action, region, and parameters that are JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from local.cloud.bodies import parse_json
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError
from local.cloud.parameters import ACTIONS, MISSING, VERSION
from local.cloud.query import nest_query
from local.cloud.tc3 import RawRequest, check_signature

Answer = dict[str, object]

# The service that a credential scope names, by X-TC-Version. Source: Tencent's SDKs.
SERVICES: Mapping[str, str] = {VERSION: "trtc", "2018-04-16": "scf"}


class OtherApi(Protocol):
    """Another product's API behind the same gateway, known by its version."""

    @property
    def version(self) -> str:
        """The X-TC-Version of its requests."""

    @property
    def actions(self) -> frozenset[str]:
        """What it can do."""

    async def run(self, action: str, region: str, parameters: Mapping[str, Any]) -> Answer:
        """The answer without its RequestId; raises ApiError."""


@dataclass(frozen=True)
class Admitted:
    """A request that may be carried out; `api` is None for TRTC's own."""

    api: OtherApi | None
    action: str
    region: str
    parameters: object
    from_query: bool


class Admission:
    """Looks at requests before anything is done with them."""

    def __init__(self, config: CloudConfig, clock: Clock, other_apis: Sequence[OtherApi]) -> None:
        self._config = config
        self._clock = clock
        self._other_apis = {api.version: api for api in other_apis}

    @property
    def actions(self) -> frozenset[str]:
        """Every action that there is, of every product."""
        return frozenset(ACTIONS).union(*(api.actions for api in self._other_apis.values()))

    def admit(self, raw: RawRequest) -> Admitted:
        """Check a request and read it; raises ApiError."""
        name, version = raw.headers.get("x-tc-action", ""), raw.headers.get("x-tc-version", "")
        self._check_signature(raw, version)
        for header, value in (("Action", name), ("Version", version)):
            if not value:
                raise ApiError(MISSING, f"The parameter `{header}` is required.")
        region, api = raw.headers.get("x-tc-region", ""), self._other_apis.get(version)
        if api is None:
            _check_own(name, version, region)
        elif name not in api.actions:
            raise _write_unknown(name)
        return Admitted(api, name, region, _read_parameters(raw), raw.method == "GET")

    def _check_signature(self, raw: RawRequest, version: str) -> None:
        config, now_s = self._config, self._clock.now_ms() // 1000
        service = SERVICES.get(version, "trtc")
        check_signature(raw, config.secret_id, config.secret_key, config.token, now_s, service)


def _check_own(name: str, version: str, region: str) -> None:
    if version != VERSION:
        raise ApiError("NoSuchVersion", f"The version of this API is {VERSION}.")
    action = ACTIONS.get(name)
    if action is None:
        raise _write_unknown(name)
    if not region:
        raise ApiError(action.missing_region_code, "The parameter `Region` is required.")
    if region not in action.regions:
        raise ApiError("UnsupportedRegion", f"{name} only supports {', '.join(action.regions)}.")


def _write_unknown(name: str) -> ApiError:
    return ApiError("InvalidAction", f"The action `{name[:64]}` does not exist here.")


def _read_parameters(raw: RawRequest) -> object:
    content_type = raw.headers["content-type"].split(";")[0].strip().lower()
    if raw.method == "GET":
        return nest_query(parse_qsl(raw.query, keep_blank_values=True))
    if content_type != "application/json":
        raise ApiError("UnsupportedProtocol")
    try:
        return parse_json(raw.body)
    except ValueError as error:
        raise ApiError("InvalidRequest") from error
