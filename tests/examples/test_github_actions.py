"""The example workflows: settings are those of deployments, secrets are secrets, their commands are there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.settings import FORMS, KEYS, NEEDED, PASSED_ON, SECRETS, find_problems, read_settings
from local.cli import app
from local.package.release import name_files, write_release
from shared import VERSION
from tests.support.tccli_deployment import SETTINGS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "github-actions"
TEXT = (FOLDER / "deploy.yml").read_text("utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
RELEASE: dict[Any, Any] = yaml.safe_load((FOLDER / "release.yml").read_text("utf-8"))
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
    used = [step["uses"] for step in [*STEPS, *list_release_steps()] if "uses" in step]
    assert len(used) == 8
    assert [one for one in used if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", one)] == []


def list_release_steps() -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = RELEASE["jobs"]["release"]["steps"]
    return steps


def test_release_is_made_of_a_tag_after_the_tests_and_has_no_secret_but_its_own() -> None:
    assert RELEASE[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads `on` as a truth
    runs = [step["run"] for step in list_release_steps() if "run" in step]
    assert runs[-4] == "make check"
    assert runs[-2] == "make release"
    assert runs[-1].startswith("gh release create ")
    environs = [step["env"] for step in list_release_steps() if "env" in step]
    assert environs == [{"GH_TOKEN": "${{ github.token }}"}]
    assert RELEASE["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(("tag", "code"), [(f"v{VERSION}", 0), ("v0.0.0", 1), ("", 1)])
def test_tag_of_another_version_ends_the_release(tag: str, code: int) -> None:
    (check,) = (step["run"] for step in list_release_steps() if "--version" in step.get("run", ""))
    environ = {"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag}
    assert (
        subprocess.run(["sh", "-c", check], cwd=ROOT, env=environ, check=False).returncode == code
    )


def test_release_publishes_all_that_is_written(tmp_path: Path) -> None:
    """Its last step, with an echo in the place of `gh`."""
    write_release(dict.fromkeys(name_files("2.1.0"), b""), tmp_path / "dist")
    script = 'gh() { echo "$@"; }\n' + list_release_steps()[-1]["run"]
    environ = {"PATH": os.environ["PATH"], "GITHUB_REF_NAME": "v2.1.0"}
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    options, told = done.stdout.split("--notes-file")
    assert options.split() == ["release", "create", "v2.1.0", "--verify-tag", "--draft"]
    package, bill, notes = (f"dist/{name}" for name in name_files("2.1.0"))
    assert told.split() == [notes, bill, package, "dist/SHA256SUMS"]


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
