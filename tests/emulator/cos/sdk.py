"""Tencent's official Python SDK against the COS endpoint, unmodified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qcloud_cos import CosConfig, CosS3Client, CosServiceError

from tests.support.hosted_cos import RunningCos


def connect(cos: RunningCos, **options: Any) -> CosS3Client:
    """A client that tries once; `options` are those of CosConfig."""
    usual = {
        "Region": cos.region,
        "SecretId": cos.secret_id,
        "SecretKey": cos.secret_key,
        "Domain": cos.domain,
        "Scheme": "http",
    }
    return CosS3Client(CosConfig(**{**usual, **options}), retry=0)


def read_error(work: Callable[[], object]) -> tuple[int, str]:
    """The status and the code of the error that COS answers."""
    with pytest.raises(CosServiceError) as raised:
        work()
    return raised.value.get_status_code(), raised.value.get_error_code()
