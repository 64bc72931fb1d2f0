"""The example workflow: settings are those of deployments, secrets are secrets, its commands are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from deploy.settings import FORMS, KEYS, NEEDED, PASSED_ON, SECRETS, find_problems, read_settings
from local.cli import app
from tests.support.tccli_deployment import SETTINGS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "examples" / "github-actions" / "deploy.yml").read_text("utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
ENVIRON: dict[str, str] = next(step["env"] for step in STEPS if "env" in step)


def test_settings_are_those_of_a_deployment_and_each_comes_from_its_own_name() -> None:
    assert not ENVIRON.keys() - {*FORMS, *PASSED_ON, *KEYS}
    for name, value in ENVIRON.items():
        kind = "secrets" if name in {*SECRETS, "TENCENT_SECRET_ID"} else "vars"
        assert value == f"${{{{ {kind}.{name} }}}}"


def test_deployment_has_all_that_it_needs_and_what_is_not_set_is_no_problem() -> None:
    assert ENVIRON.keys() >= {*NEEDED, *SETTINGS, "LEDGER_URL"}
    place = {"STAGE": "prod", "REGION": "ap-singapore", "ROLE": "roomscribe"}
    given = {**SETTINGS, **place, "LEDGER_URL": "sqlite:////tmp/ledger.db"}
    assert find_problems(read_settings({name: given.get(name, "") for name in ENVIRON})) == []


def test_secrets_are_given_to_the_deployment_alone() -> None:
    assert [step["run"].split(" #")[0] for step in STEPS if "env" in step] == [
        "./roomscribe deploy dist/roomscribe.zip"
    ]
    assert "secrets." not in str(WORKFLOW["jobs"]["test"])
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_every_action_is_github_s_own_and_pinned_to_a_release() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert [one for one in used if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", one)] == []


def test_tests_come_before_the_package_and_the_package_before_the_deployment() -> None:
    runs = [step["run"] for step in STEPS if "run" in step]
    assert runs[-3:] == [
        "make check",
        "./roomscribe package",
        "./roomscribe deploy dist/roomscribe.zip",
    ]
    assert WORKFLOW["jobs"]["deploy"]["needs"] == "test"


def test_commands_exist() -> None:
    named = set(re.findall(r"run: \./roomscribe (\w+)", TEXT))
    assert named == {"package", "deploy"}
    assert named <= {
        one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands
    }
    assert re.search(r"^check:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
