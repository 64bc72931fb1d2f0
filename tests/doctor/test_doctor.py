"""`doctor`: a line for each check, the remedy for each failure, and never a secret."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud.config import Application, CloudConfig
from local.development import CALLBACK_KEY, SDK_APP_ID, SDK_SECRET_KEY, SECRET_ID, SECRET_KEY
from local.doctor.api import PLACES
from local.redis_server import RedisServer, pick_port
from tests.support.emulator import RunningCloud, running_cloud
from tests.support.local_commands import ROOT, run_local

pytestmark = pytest.mark.slow

GOOD_KEY = "abcd" * 7 + "efgh"
SETTINGS = {
    "TRTC_SDK_APP_ID": "1400000009",
    "TRTC_SDK_SECRET_KEY": "SdkSecretOfDoctor",
    "TRTC_CALLBACK_KEY": GOOD_KEY,
    "TENCENT_SECRET_ID": "IdOfDoctor",
    "TENCENT_SECRET_KEY": "KeyOfDoctor",
    "TRANSCRIPT_LINK_KEY": "LinkKeyOfDoctor-1",
}
PLACE = {"STAGE": "prod", "REGION": "ap-singapore", "ROLE": "roomscribe"}
CONFIG = CloudConfig(
    (
        Application(1400000009, "SdkSecretOfDoctor", GOOD_KEY),
        Application(SDK_APP_ID, SDK_SECRET_KEY, CALLBACK_KEY),
    ),
    "IdOfDoctor",
    "KeyOfDoctor",
)


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(CONFIG) as cloud:
        yield cloud


def examine(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it with settings that are right, but for the changes."""
    nobody = {"INVOKE_ENDPOINT": "http://127.0.0.1:1"}  # no SCF is asked, unless a test has one
    return run_local("doctor", *options, environ={**PLACE, **SETTINGS, **nobody, **environ})


def read_levels(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The level of each check; the worst, where a check has several lines."""
    order = ("ok", "warn", "FAIL")
    levels: dict[str, str] = {}
    for line in done.stdout.splitlines():
        level, check = line[:5].strip(), line[6:19].strip()
        levels[check] = max(level, levels.get(check, "ok"), key=order.index)
    return levels


def find_line(done: subprocess.CompletedProcess[str], check: str) -> str:
    """The first line of a check."""
    return next(line for line in done.stdout.splitlines() if line[6:].startswith(check))


def test_right_configuration_passes(cloud: RunningCloud, redis_server: RedisServer) -> None:
    done = examine(TRTC_ENDPOINT=cloud.url, LEDGER_URL=redis_server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert read_levels(done) == {
        **dict.fromkeys(("settings", "rules", "credentials", "callback key", "clock"), "ok"),
        **dict.fromkeys(("API", "archive", "ledger", "sharing", "deployment", "reading"), "ok"),
        "memory": "ok",
        "draining": "warn",  # nobody can see whether the role may invoke it
        "limits": "warn",  # nobody answers
    }
    assert "roomscribe-prod-drain_starts: unknown" in find_line(done, "draining")
    assert cloud.list_tasks() == []


def test_local_cloud_needs_no_settings() -> None:
    config = CloudConfig((CONFIG.applications[1],), SECRET_ID, SECRET_KEY)
    with running_cloud(config) as cloud:
        done = run_local("doctor", "--endpoint", cloud.url)
    assert done.returncode == 0
    assert "FAIL" not in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ROLE", "", "ROLE: not set. Remedy: it is the name of a CAM role for SCF"),
        ("ROLE", "qcs::cam::uin/1:roleName/r", "ROLE: is not of the right form"),
        ("STAGE", "", "STAGE: not set"),
        ("STAGE", "a stage", "STAGE: is not of the right form"),
        ("STAGE", "s" * 29, "STAGE: is not of the right form"),
        ("REGION", "Singapore", "REGION: is not of the right form"),
        ("VPC_ID", "vpc-a1b2c3d4", "SUBNET_ID: not set, although VPC_ID is"),
        ("SUBNET_ID", "subnet-a1b2c3d4", "VPC_ID: not set, although SUBNET_ID is"),
        ("VPC_ID", "10.0.0.0/16", "VPC_ID: is not of the right form"),
        (
            "LEDGER_URL",
            "redis://:p@10.0.0.7:6379/0",
            "VPC_ID: not set, although the host in LEDGER_URL",
        ),
    ],
)
def test_what_cannot_be_deployed_fails_by_name(name: str, value: str, words: str) -> None:
    done = examine(TRTC_ENDPOINT=f"http://127.0.0.1:{pick_port()}", **{name: value})
    assert done.returncode == 1
    assert f"FAIL  deployment   {words}" in done.stdout


def test_link_key_that_is_not_set_is_warned_of(cloud: RunningCloud) -> None:
    done = examine(TRTC_ENDPOINT=cloud.url, TRANSCRIPT_LINK_KEY="")
    assert find_line(done, "reading").startswith("warn  reading      TRANSCRIPT_LINK_KEY: not set")


def test_every_wrong_setting_is_a_line_with_its_remedy() -> None:
    done = run_local("doctor", environ={"TRTC_CALLBACK_KEY": "not letters", "LOG_LEVEL": "LOUD"})
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("FAIL  settings")]
    assert [re.split(r"\s+|:", line)[2] for line in lines] == [
        *("TRTC_SDK_APP_ID", "TRTC_SDK_SECRET_KEY", "TRTC_CALLBACK_KEY", "LOG_LEVEL")
    ]
    assert all("Remedy: " in line for line in lines)
    assert find_line(done, "credentials").startswith("FAIL")


def test_development_keys_are_refused_unless_at_home() -> None:
    done = examine(TRTC_CALLBACK_KEY=CALLBACK_KEY)
    assert done.returncode == 1
    assert "TRTC_CALLBACK_KEY: holds a development key" in find_line(done, "settings")


@pytest.mark.parametrize(
    ("changes", "code", "remedy"),
    [
        ({"TENCENT_SECRET_ID": "Nobody"}, "AuthFailure.SecretIdNotFound", "copy SecretId"),
        ({"TENCENT_SECRET_KEY": "wrong"}, "AuthFailure.SignatureFailure", "copy both again"),
        ({"TENCENT_TOKEN": "old"}, "AuthFailure.TokenFailure", "take a new set"),
    ],
)
def test_wrong_credentials_are_told_in_words(
    cloud: RunningCloud, changes: dict[str, str], code: str, remedy: str
) -> None:
    done = examine(TRTC_ENDPOINT=cloud.url, **changes)
    assert done.returncode == 1
    line = find_line(done, "API")
    assert line.startswith("FAIL")
    assert code in line
    assert f"Remedy: {remedy}" in line


def test_api_out_of_reach_fails_and_leaves_the_clock_unknown() -> None:
    done = examine(TRTC_ENDPOINT=f"http://127.0.0.1:{pick_port()}")
    assert done.returncode == 1
    assert read_levels(done) | {"API": "FAIL", "clock": "warn"} == read_levels(done)


def test_sqlite_is_warned_of_because_scf_has_many_instances(cloud: RunningCloud) -> None:
    levels = read_levels(examine(TRTC_ENDPOINT=cloud.url))
    assert (levels["ledger"], levels["sharing"]) == ("ok", "warn")


def test_ledger_that_does_not_answer_fails(cloud: RunningCloud) -> None:
    url = f"redis://:RedisPassword@127.0.0.1:{pick_port()}/0"
    done = examine(TRTC_ENDPOINT=cloud.url, LEDGER_URL=url)
    assert done.returncode == 1
    assert find_line(done, "ledger").startswith("FAIL")


def test_ledger_url_of_another_kind_fails(cloud: RunningCloud) -> None:
    done = examine(TRTC_ENDPOINT=cloud.url, LEDGER_URL="mysql://10.0.0.7")
    assert find_line(done, "ledger").startswith("FAIL")


def test_short_callback_key_is_warned_of(cloud: RunningCloud) -> None:
    assert (
        read_levels(examine(TRTC_ENDPOINT=cloud.url, TRTC_CALLBACK_KEY="abc123"))["callback key"]
        == "warn"
    )


def test_wrong_rules_are_named(cloud: RunningCloud, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[[rules]]\nname = 'a'\nroom = '*'\ncolour = 'red'\n")
    done = examine(TRTC_ENDPOINT=cloud.url, RULES_FILE=str(tmp_path / "rules.toml"))
    assert done.returncode == 1
    assert "colour" in find_line(done, "rules")


def test_rules_are_checked_for_the_site_of_the_functions(cloud: RunningCloud) -> None:
    """Also when it is the local cloud that answers."""
    environ = {"TRTC_ENDPOINT": "trtc.tencentcloudapi.com"}
    done = run_local("doctor", "--endpoint", cloud.url, environ=environ)
    line = find_line(done, "rules")
    assert line.startswith("FAIL")
    assert "'ap-singapore' is in no list of the china site (TRTC_ENDPOINT)" in line
    done = run_local("doctor", "--endpoint", cloud.url)
    assert find_line(done, "rules").endswith("as the API of the international site takes them")


def test_application_that_is_in_the_rules_alone_is_named(
    cloud: RunningCloud, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    known = SETTINGS["TRTC_SDK_APP_ID"]
    rules.write_text(
        f'[[rules]]\nname = "private"\nroom = "*"\nservice = "none"\nsdk_app_id = [{known}, 1400000099]\n'
    )
    done = examine(TRTC_ENDPOINT=cloud.url, RULES_FILE=str(rules))
    warned = [line for line in done.stdout.splitlines() if line.startswith("warn  rules")]
    assert len(warned) == 1
    assert "rule 1 ('private'): sdk_app_id: 1400000099 is not in the settings" in warned[0]
    assert done.returncode == 0


def test_env_file_is_read_and_the_environment_wins(cloud: RunningCloud, tmp_path: Path) -> None:
    file = tmp_path / "env"
    lines = [f"{name}='{value}'" for name, value in {**PLACE, **SETTINGS}.items()]
    file.write_text("\n".join(["# mine", "", *lines, "TRTC_ENDPOINT=http://127.0.0.1:9 # no"]))
    environ = {"TRTC_ENDPOINT": cloud.url}
    done = run_local("doctor", "--env-file", str(file), environ=environ)
    assert (done.returncode, read_levels(done)["API"]) == (0, "ok")


@pytest.mark.parametrize(("text", "error"), [(None, "cannot be read"), ("A", "line 1 is not NAME")])
def test_env_file_that_is_none_is_one_line(tmp_path: Path, text: str | None, error: str) -> None:
    if text:
        (tmp_path / "env").write_text(text)
    done = run_local("doctor", "--env-file", str(tmp_path / "env"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert error in done.stderr


def test_line_that_others_read_otherwise_is_named_and_no_value(
    cloud: RunningCloud, tmp_path: Path
) -> None:
    file = tmp_path / "env"
    lines = [f"{name}={value} # mine" for name, value in SETTINGS.items()]
    file.write_text("\n".join([*lines, "LEDGER_URL=redis://:$RedisPassword@10.0.0.7"]))
    environ = {"TRTC_ENDPOINT": cloud.url, "ROOMSCRIBE_ENV_FILE": str(file)}
    done = run_local("doctor", environ=environ)
    assert done.returncode == 1
    assert find_line(done, ".env").startswith("FAIL")
    assert "sh, and so deploy/tccli.sh, reads otherwise: line 7 (LEDGER_URL). " in done.stdout
    assert "`scf deploy` reads otherwise: line 1 (TRTC_SDK_APP_ID), line 2 (" in done.stdout
    assert "RedisPassword" not in done.stdout
    assert read_levels(done)["settings"] == "ok"


@pytest.mark.slow
def test_no_secret_is_printed(cloud: RunningCloud, redis_server: RedisServer) -> None:
    url = redis_server.url.replace("redis://", "redis://:RedisPassword@")
    for changes in ({}, {"TENCENT_SECRET_KEY": "AnotherKey"}, {"LEDGER_URL": url}):
        done = examine(TRTC_ENDPOINT=cloud.url, **changes)
        for secret in (*list(SETTINGS.values())[1:], "RedisPassword", "AnotherKey"):
            assert secret not in done.stdout + done.stderr


def test_every_remedy_leads_to_a_heading_of_the_guide() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", guide, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    used = {*PLACES.values()}
    for path in (ROOT / "local" / "doctor").glob("*.py"):
        used |= set(re.findall(r'"([a-z-]+)"\)', path.read_text(encoding="utf-8"))) & {
            *("settings", "rules", "credentials", "redis", "the-run-role", "the-network"),
            *("trtc-console", "the-account"),
        }
    assert used <= anchors
