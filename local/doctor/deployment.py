"""Checks of where it will be deployed: names, region, role, network, and what the role may do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.settings import find_place_problems
from local.development import ROOT
from local.doctor.finding import Finding
from shared.links import split_keys
from shared.settings import Settings

POLICY = ROOT / "docs" / "deploy" / "run-role-policy.json"
EXAMPLE_UIN = "100000000001"  # stands in the policy until somebody fills it in


def check_deployment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether deploy/tccli.sh and serverless.yml would find what they need."""
    problems = find_place_problems(environ)
    for problem in problems:
        text = f"{problem.name}: {problem.wrong}"
        yield Finding("FAIL", "deployment", text, problem.remedy, problem.place)
    if not problems:
        network = environ.get("VPC_ID") or "no VPC"
        text = f"roomscribe-{environ['STAGE']}-… in {environ['REGION']}, {network}"
        yield Finding("ok", "deployment", text)


def check_reading(settings: Settings) -> Finding:
    """Whether anybody will be able to read a transcript."""
    if key := settings.transcript_link_key:
        old = ", and its old key's links are still read" if len(split_keys(key)) > 1 else ""
        return Finding("ok", "reading", f"TRANSCRIPT_LINK_KEY signs the links{old}")
    text = "TRANSCRIPT_LINK_KEY: not set, so that nobody can read; `scf deploy` refuses it empty"
    remedy = "make one with: openssl rand -base64 32"
    return Finding("warn", "reading", text, remedy, "settings")


def check_policy(
    settings: Settings, environ: Mapping[str, str], path: Path = POLICY
) -> Iterator[Finding]:
    """Whether the policy, once it is filled in, is about this application, region and stage."""
    policy = path.read_text(encoding="utf-8") if path.is_file() else EXAMPLE_UIN
    if EXAMPLE_UIN in policy:
        return
    wanted = {
        "region": re.escape(f"qcs::scf:{environ.get('REGION', '')}:"),
        "stage": re.escape(f"/{settings.drain_function}") + r"\b",
        **{
            f"{app.sdk_app_id}": rf"sdkappid/({app.sdk_app_id}\b|\*)"
            for app in settings.applications
        },
    }
    for what, pattern in wanted.items():
        if not re.search(pattern, policy):
            text = f"{path.name} is not about {what if what.isdigit() else f'this {what}'}"
            remedy = "give the file and the role the values of these settings"
            yield Finding("FAIL", "policy", text, remedy, "the-run-role")
