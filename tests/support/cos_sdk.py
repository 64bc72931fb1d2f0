"""The official SDK of COS, as a witness of our requests: its signature, and its client."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from unittest.mock import patch

import requests
from qcloud_cos import CosConfig, CosS3Client, cos_auth

from shared.archive.cos import VALID_S
from tests.support.scripted_cos import CREDENTIALS
from tests.support.scripted_server import ApiServer


def write_config(**more: object) -> CosConfig:
    """The SDK's own configuration, with the credentials of tests."""
    secret_id, secret_key, token = CREDENTIALS
    keys = {"SecretId": secret_id, "SecretKey": secret_key, "Token": token}
    return CosConfig(Region="ap-singapore", **keys, **more)


def sign_as_the_sdk(
    method: str, key: str, params: Mapping[str, str], headers: Mapping[str, str], now_s: float
) -> str:
    """The Authorization that the SDK writes for such a request at that time."""
    request = requests.PreparedRequest()
    request.method, request.url = method, "https://not.asked.example/"
    request.headers = requests.structures.CaseInsensitiveDict(headers)
    sign = cos_auth.CosS3Auth(write_config(), key, params, VALID_S)
    with patch.object(cos_auth, "time", SimpleNamespace(time=lambda: now_s)):
        return str(sign(request).headers["Authorization"])


def open_client(server: ApiServer) -> CosS3Client:
    """The SDK's client of a bucket that this server serves; it signs the host with its port."""
    domain = server.url.removeprefix("http://")
    host, _, port = domain.partition(":")
    return CosS3Client(write_config(Scheme="http", Domain=domain, IP=host, Port=port), retry=0)
