"""`doctor`: one line for each check, and what to do about it."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from local.development import local_environment
from local.doctor.env_lines import check_env_file
from local.doctor.examination import Asked, examine
from local.doctor.finding import has_failed
from local.env_file import find_env_file, read_env_file
from local.errors import LocalError
from local.function_site import find_function_site
from local.options import Region, Stage
from local.printable import print_safely
from local.remote import Where


def doctor(
    endpoint: Annotated[
        str | None,
        typer.Option(
            envvar="ROOMSCRIBE_DOCTOR_ENDPOINT",
            help="A local cloud to ask instead; development values then complete the settings.",
            show_default="TRTC_ENDPOINT, with the settings as they are",
        ),
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(
            envvar="ROOMSCRIBE_ENV_FILE",
            help="Settings to check; the environment's come first.",
            show_default="the project's .env, if there is one",
        ),
    ] = None,
    *,
    start: Annotated[
        bool,
        typer.Option(
            "--start",
            envvar="ROOMSCRIBE_START",
            help="Start a task in a room that nobody uses, and stop it: it proves the SDK secret.",
        ),
    ] = False,
    webhook: Annotated[
        str | None,
        typer.Option(
            "--url",
            envvar="ROOMSCRIBE_WEBHOOK_URL",
            help="The webhook's URL: send it a callback that changes nothing.",
            show_default=False,
        ),
    ] = None,
    remote: Annotated[
        bool,
        typer.Option(
            "--remote",
            envvar="ROOMSCRIBE_REMOTE",
            help="Let the deployment check ledger, API and archive itself: with its role, in its VPC.",
        ),
    ] = False,
    stage: Stage = "",
    region: Region = "",
) -> None:
    """Check the settings, rules, credentials, clock and ledger; exit 1 if anything must be mended.

    --remote asks the deployment of --stage, else the local cloud.
    """
    file = env_file or find_env_file(os.environ)
    environ = read_environment(file, endpoint)
    findings = []
    try:
        site = find_function_site(read_env_file(file, os.environ) if file else os.environ)
    except LocalError:  # the settings' line says what is wrong with the endpoint
        site = "unknown"
    read = check_env_file(file) if file else ()
    where = Where(endpoint) if endpoint else Where(stage=stage, region=region)
    asked = Asked(endpoint is not None, start, webhook, where if remote else None)
    for finding in chain(read, examine(environ, site, asked)):
        print_safely(str(finding))
        findings.append(finding)
    raise typer.Exit(1 if has_failed(findings) else 0)


def read_environment(file: Path | None, endpoint: str | None) -> dict[str, str]:
    """What the functions would find; SCF refuses development keys, and so does this but at home."""
    environ = read_env_file(file, os.environ) if file else dict(os.environ)
    if endpoint is not None:
        return local_environment(environ, endpoint=endpoint)
    if "STAGE" in environ:  # as serverless.yml and deploy/tccli.sh name it
        environ.setdefault("DRAIN_FUNCTION", f"roomscribe-{environ['STAGE']}-drain_starts")
    return {**environ, "TENCENTCLOUD_RUNENV": "SCF"}
