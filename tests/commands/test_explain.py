"""`explain`: the rule, why, and the request, as a person sees them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.services.service import AI, CLOUD

ROOT = Path(__file__).parents[2]


def explain(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local", "explain", *options]
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environ},
    )


def read_requests(text: str) -> list[dict[str, object]]:
    return [
        json.loads(found) for found in re.findall(r"^\{$.*?^\}$", text, re.DOTALL | re.MULTILINE)
    ]


def test_rule_reason_and_request_are_shown() -> None:
    shown = explain("--room", "class-7")
    assert shown.returncode == 0
    assert (
        "rule 1 'private rooms': no, the room is none of 'private-*', '10000-19999'" in shown.stdout
    )
    assert "rule 2 'bilingual class': matches 'class-*'" in shown.stdout
    assert "starts when the room is created" in shown.stdout
    cloud, ai = read_requests(shown.stdout)
    assert CLOUD.check_request(cloud) == cloud
    assert AI.check_request(ai) == ai
    assert (
        shown.stdout.count("note: 1.0 (service ai) sends its translations into the room only") == 1
    )
    assert "NotASecret" not in shown.stdout
    assert '"UserSig": "***"' in shown.stdout


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--room", "20001"], "room '20001' (numeric)"),
        (["--room", "20001", "--room-id-type", "1"], "room '20001' (string)"),
        (["--room", "007"], "room '007' (string)"),
        (["--room", "private-x"], "not transcribed: service is none"),
        (["--room", "interview-1"], "name one with --user"),
        (["--room", "interview-1", "--user", "guest-zh-1"], '"Lang": "bigmodel-zh"'),
    ],
)
def test_each_kind_of_room_is_explained(options: list[str], shown: str) -> None:
    assert shown in explain(*options).stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--room", "x", "--room-id-type", "0"], "--room: a numeric room has a number"),
        (["--room", "x", "--rules", "/no/rules.toml"], "name a rules.toml by --rules, or"),
        (["--room", "x", "--sdk-app-id", "5"], "--sdk-app-id: 5 is not a configured application"),
    ],
)
def test_mistake_is_one_line(options: list[str], said: str) -> None:
    failed = explain(*options)
    assert failed.returncode == 1
    assert said in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


@pytest.mark.slow
def test_site_is_that_of_the_functions_and_not_of_the_local_cloud(tmp_path: Path) -> None:
    assert "CreateCloudTranscription in ap-singapore, at the international site:" in (
        explain("--room", "x").stdout
    )
    refused = explain("--room", "x", TRTC_ENDPOINT="trtc.tencentcloudapi.com")
    assert refused.returncode == 1
    assert "'ap-singapore' is in no list of the china site (TRTC_ENDPOINT)" in refused.stderr
    china = tmp_path / "rules.toml"
    china.write_text('[[rules]]\nname = "all"\nroom = "*"\nservice = "ai"\n')
    shown = explain("--room", "x", "--rules", str(china), TRTC_ENDPOINT="trtc.tencentcloudapi.com")
    assert "StartAITranscription in no region, at the China site:" in shown.stdout


def test_site_that_is_unknown_is_said() -> None:
    shown = explain("--room", "x", TRTC_ENDPOINT="https://proxy.example.com").stdout
    assert "in ap-singapore, at an unknown site (TRTC_ENDPOINT), so what either site takes" in shown


def test_rules_with_a_byte_order_mark_are_explained(tmp_path: Path) -> None:
    marked = tmp_path / "rules.toml"
    marked.write_text((ROOT / "rules.toml").read_text(encoding="utf-8"), encoding="utf-8-sig")
    shown = explain("--room", "class-7", "--rules", str(marked))
    assert (shown.returncode, shown.stderr) == (0, "")
