"""`doctor`: one line for each check, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from deploy.settings import find_place_problems
from local.development import local_environment
from local.doctor.archive import check_archive
from local.doctor.configuration import (
    check_callback_keys,
    check_credentials,
    check_rule_applications,
    try_rules,
    try_settings,
)
from local.doctor.deployment import check_deployment, check_policy, check_reading
from local.doctor.env_lines import check_env_file
from local.doctor.finding import Finding, has_failed
from local.doctor.ledger import check_draining, check_ledger, check_sharing
from local.env_file import find_env_file, read_env_file
from local.errors import LocalError
from local.function_site import find_function_site
from local.printable import print_safely
from shared.settings import DEFAULT_RULES_FILE
from shared.site import Site


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
) -> None:
    """Check the settings, rules, credentials, clock and ledger; exit 1 if anything must be mended."""
    file = env_file or find_env_file(os.environ)
    environ = read_environment(file, endpoint)
    findings = []
    try:
        site = find_function_site(read_env_file(file, os.environ) if file else os.environ)
    except LocalError:  # the settings' line says what is wrong with the endpoint
        site = "unknown"
    read = check_env_file(file) if file else ()
    for finding in chain(read, examine(environ, site, at_home=endpoint is not None)):
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


def examine(environ: Mapping[str, str], site: Site, *, at_home: bool) -> Iterator[Finding]:
    """Every check, in the order in which things would go wrong."""
    # late: the SDK, which other commands never need
    from local.doctor.api import check_calls, check_clock
    from local.doctor.functions import check_functions

    if not at_home:
        yield from check_deployment(environ)
    settings, findings = try_settings(environ)
    yield from findings
    rules, findings = try_rules(environ.get("RULES_FILE") or DEFAULT_RULES_FILE, site)
    yield from findings
    credentials = check_credentials(environ)
    yield credentials
    if settings is None:
        yield Finding("warn", "the rest", "unknown", "mend the settings first", "settings")
        return
    if rules:
        yield from check_rule_applications(settings, rules)
    yield from check_callback_keys(settings)
    yield check_clock(settings)
    if credentials.level == "ok":
        yield from check_calls(settings, rules, environ)
    yield from check_archive(settings)
    yield check_ledger(settings)
    yield check_sharing(settings, at_home=at_home)
    yield from check_draining(settings)
    if not at_home:
        if credentials.level == "ok" and not find_place_problems(environ):
            yield from check_functions(settings, environ)
        yield check_reading(settings)
        yield from check_policy(settings, environ)
