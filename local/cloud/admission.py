"""What the API's gateway lets in: signature, version, action, region, and parameters that are JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from local.cloud.assumed import Site
from local.cloud.bodies import parse_json
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError
from local.cloud.parameters import ACTIONS, MISSING, VERSION
from local.cloud.query import nest_query
from local.cloud.signature_v1 import Form, check_form, list_parameters, read_form
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
class Asked:
    """What a request asks for: in headers with TC3, in its form with the older signature."""

    action: str
    version: str
    region: str
    form: Form | None


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

    def admit(self, raw: RawRequest, asked: Asked) -> Admitted:
        """Check a request and read it; raises ApiError."""
        self._check_signature(raw, asked)
        name, version, region = asked.action, asked.version, asked.region
        for what, value in (("Action", name), ("Version", version)):
            if not value:
                raise ApiError(MISSING, f"The parameter `{what}` is required.")
        api = self._other_apis.get(version)
        if api is None:
            _check_own(name, version, region, self._config.site)
        elif name not in api.actions:
            raise _write_unknown(name)
        from_query = raw.method == "GET" or asked.form is not None
        return Admitted(api, name, region, _read_parameters(raw, asked.form), from_query)

    def _check_signature(self, raw: RawRequest, asked: Asked) -> None:
        config, now_s = self._config, self._clock.now_ms() // 1000
        keys = (config.secret_id, config.secret_key, config.token)
        if asked.form is not None:
            check_form(raw, asked.form, *keys, now_s)
        else:
            check_signature(raw, *keys, now_s, SERVICES.get(asked.version, "trtc"))


def read_asked(raw: RawRequest) -> Asked:
    """What a request wants, before anything of it is checked; empty where it does not say."""
    form = read_form(raw)
    if form is not None:
        return Asked(form.get("Action", ""), form.get("Version", ""), form.get("Region", ""), form)
    action, version, region = (
        raw.headers.get(f"x-tc-{name}", "") for name in ("action", "version", "region")
    )
    return Asked(action, version, region, None)


def _check_own(name: str, version: str, region: str, site: Site) -> None:
    if version != VERSION:
        raise ApiError("NoSuchVersion", f"The version of this API is {VERSION}.")
    action = ACTIONS.get(name)
    if action is None:
        raise _write_unknown(name)
    action.check_region(region, site)


def _write_unknown(name: str) -> ApiError:
    return ApiError("InvalidAction", f"The action `{name[:64]}` does not exist here.")


def _read_parameters(raw: RawRequest, form: Form | None) -> object:
    if form is not None:
        return nest_query(list_parameters(form))
    if raw.method == "GET":
        return nest_query(parse_qsl(raw.query, keep_blank_values=True))
    content_type = raw.headers["content-type"].split(";")[0].strip().lower()
    if content_type != "application/json":
        raise ApiError("UnsupportedProtocol")
    try:
        return parse_json(raw.body)
    except ValueError as error:
        raise ApiError("InvalidRequest") from error
