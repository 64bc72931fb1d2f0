"""Every check of `doctor`, in the order in which things would go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from deploy.settings import find_place_problems
from local.doctor.archive import check_archive
from local.doctor.configuration import (
    check_callback_keys,
    check_credentials,
    check_rule_applications,
    try_rules,
    try_settings,
)
from local.doctor.deployment import check_deployment, check_policy, check_reading
from local.doctor.finding import Finding
from local.doctor.ledger import check_draining, check_ledger, check_sharing
from local.remote import Where
from shared.rules.decision import Rules
from shared.settings import DEFAULT_RULES_FILE, Settings, read_credentials
from shared.site import Site


class Asked(NamedTuple):
    """What is asked of doctor: about a local cloud or not, and what is done only for those who ask.

    `where` is the deployment that is to check itself; this machine then leaves out what that one checks.
    """

    at_home: bool
    start: bool = False
    webhook: str | None = None
    where: Where | None = None


def examine(environ: Mapping[str, str], site: Site, asked: Asked) -> Iterator[Finding]:
    """Every check that is asked for, and a word about those that cannot be made."""
    if not asked.at_home:
        yield from check_deployment(environ)
    settings, findings = try_settings(environ)
    yield from findings
    rules, findings = try_rules(environ.get("RULES_FILE") or DEFAULT_RULES_FILE, site)
    yield from findings
    credentials = check_credentials(environ)
    yield credentials
    if settings is None:
        yield Finding("warn", "the rest", "unknown", "mend the settings first", "settings")
    else:
        may_call = credentials.level == "ok"
        yield from _examine_with(settings, rules, environ, asked, may_call=may_call)
    if asked.where:
        from local.doctor.remote import (
            check_remotely,
        )  # late: the SDK, which other commands never need

        yield from check_remotely(asked.where, settings)


def _examine_with(
    settings: Settings,
    rules: Rules | None,
    environ: Mapping[str, str],
    asked: Asked,
    *,
    may_call: bool,
) -> Iterator[Finding]:
    """What takes settings that are right."""
    from local.doctor.api import check_calls  # late, as in `examine`; so all that follow
    from local.doctor.clock import check_clock

    if rules:
        yield from check_rule_applications(settings, rules)
    yield from check_callback_keys(settings)
    yield check_clock(settings)
    if not asked.where:
        if may_call:
            yield from check_calls(settings, rules, environ)
        yield from check_archive(settings)
        yield from check_ledger(settings)
    yield check_sharing(settings, at_home=asked.at_home)
    yield from check_draining(settings)
    if not asked.at_home:
        yield from _examine_deployed(settings, environ, may_call=may_call)
    if asked.start:
        yield from _try_starts(settings, rules, environ, may_call=may_call)
    if asked.webhook:
        from local.doctor.webhook import check_webhook

        yield from check_webhook(asked.webhook, settings, asked.where)


def _examine_deployed(
    settings: Settings, environ: Mapping[str, str], *, may_call: bool
) -> Iterator[Finding]:
    from local.doctor.functions import check_functions

    if may_call and not find_place_problems(environ):
        yield from check_functions(settings, environ)
    yield check_reading(settings)
    yield from check_policy(settings, environ)


def _try_starts(
    settings: Settings, rules: Rules | None, environ: Mapping[str, str], *, may_call: bool
) -> Iterator[Finding]:
    from local.doctor.start import check_starts
    from shared.api.client import Client

    if rules is None or not may_call:
        text = "not tried: a start takes rules and credentials"
        yield Finding("warn", "start", text, "mend them first", "settings")
        return
    client = Client(settings.endpoint, settings.ca, lambda: read_credentials(environ))
    yield from check_starts(settings, rules, client)
