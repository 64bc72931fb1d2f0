"""What is deployed, both ways: only keys that are documented, legal values, handlers that exist."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from deploy.functions import APART
from deploy.functions import FUNCTIONS as DEPLOYED_FUNCTIONS
from deploy.settings import CONCURRENCY_MB, PASSED_ON
from local.host.scf_runtime import DEFAULT_LIMITS, LIMITS, TIMERS
from shared.archive.cos import ACTIONS
from shared.settings import NAMES, read_settings
from tests.deploy.serverless_yml import (
    DEPLOYED,
    EXAMPLE,
    INPUTS,
    ROOT,
    TEXT,
    read_environment,
    resolve,
)

LIMITED = [one for one in DEPLOYED_FUNCTIONS if one.limited_by]
FUNCTIONS = sorted(path.stem for path in (ROOT / "functions").glob("*.py"))

# Source: docs/configure.md of the components multi-scf and scf, and the timer and http triggers of
# tencent-component-toolkit 2.27.6; product 1154, documents 42990 and 43228.
SHARED_KEYS = {
    *("role", "layers", "vpc", "vpcConfig", "cls", "publicAccess", "eip", "asyncRunEnable"),
    *("retryNum", "msgTTL", "initTimeout", "installDependency", "ignoreTriggers"),
    *("environments", "memorySize", "timeout", "runtime", "namespace", "description", "tags"),
}
KEYS = {
    "": {"app", "stage", "component", "name", "inputs"},
    "inputs": SHARED_KEYS | {"region", "src", "functions", "triggers", "type"},
    "src": {"src", "exclude", "bucket", "object"},
    "function": SHARED_KEYS | {"name", "handler", "src", "cfs", "traceEnable"},
    "variable": {"key", "value"},
    "vpc": {"vpcId", "subnetId"},
    "trigger": {"type", "function", "parameters"},
    "timer": {"name", "qualifier", "cronExpression", "enable", "argument"},
    "http": {"name", "qualifier", "authType", "netConfig", "corsConfig"},
    "netConfig": {"enableExtranet", "enableIntranet"},
}
REGIONS = {  # Source: multi-scf's allow-list of 2022
    *("beijing", "chengdu", "chongqing", "guangzhou", "hongkong", "mumbai", "seoul", "shanghai"),
    *("singapore", "tokyo"),
}
RUNTIMES = {"Python2.7", "Python3.6", "Python3.7", "Python3.9", "Python3.10"}
MEMORY_MB = {64, *range(128, 3073, 128)}  # Source: SCF documentation, limits (583/11637)
LONGEST_S = 900
# Source: SCF documentation, environment variables (583/30228).
RESERVED = ("SCF_", "QCLOUD_", "TENCENTCLOUD_", "TECENTCLOUD_")


def list_values(node: object) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(node, dict):
        for value in node.values():
            yield from list_values(value)
    elif isinstance(node, list):
        for value in node:
            yield from list_values(value)
    elif isinstance(node, str):
        yield node


def test_every_key_is_one_that_the_component_documents() -> None:
    assert DEPLOYED.keys() <= KEYS[""]
    assert INPUTS.keys() <= KEYS["inputs"]
    assert INPUTS["src"].keys() <= KEYS["src"]
    for function in (INPUTS, *INPUTS["functions"].values()):
        assert function["vpc"].keys() == KEYS["vpc"]
        for variable in function["environments"]:
            assert variable.keys() == KEYS["variable"]
    for function in INPUTS["functions"].values():
        assert function.keys() <= KEYS["function"]
    for trigger in INPUTS["triggers"]:
        assert trigger.keys() == KEYS["trigger"]
        assert trigger["parameters"].keys() <= KEYS[trigger["type"]]
        assert trigger["parameters"].get("netConfig", {}).keys() <= KEYS["netConfig"]


def test_every_function_is_deployed_with_a_handler_that_exists() -> None:
    assert sorted(INPUTS["functions"]) == FUNCTIONS
    for key, function in INPUTS["functions"].items():
        module, _, name = function["handler"].partition(".")
        assert module == key
        assert callable(getattr(importlib.import_module(module), name))
        assert re.fullmatch(r"[a-zA-Z][\w-]{0,58}[a-zA-Z0-9]", resolve(function["name"]))


def test_memory_timeout_runtime_and_region_are_legal() -> None:
    assert INPUTS["runtime"] in RUNTIMES
    assert EXAMPLE["REGION"].partition("-")[2] in REGIONS
    for function in INPUTS["functions"].values():
        assert function["memorySize"] in MEMORY_MB
        assert 1 <= function["timeout"] <= LONGEST_S


def test_the_local_host_has_the_same_limits_and_timers() -> None:
    for key, function in INPUTS["functions"].items():
        limits = LIMITS.get(key, DEFAULT_LIMITS)
        assert (function["timeout"], function["memorySize"]) == limits
    timers = {
        trigger["function"]: trigger["parameters"]
        for trigger in INPUTS["triggers"]
        if trigger["type"] == "timer"
    }
    assert {key: 1000 * read_interval_s(timer) for key, timer in timers.items()} == TIMERS
    assert all(timer["enable"] is True for timer in timers.values())


def read_interval_s(timer: dict[str, Any]) -> int:
    """Seconds between two runs of `*/N * * * * * *`: seven fields, the seconds first."""
    found = re.fullmatch(r"\*/(\d+)( \*){6}", timer["cronExpression"])
    assert found
    return int(found[1])


def test_callback_and_reader_have_an_open_url() -> None:
    """Both flags of netConfig are false, and the URL unreachable, unless said otherwise."""
    urls = [trigger for trigger in INPUTS["triggers"] if trigger["type"] == "http"]
    assert [url["function"] for url in urls] == ["trtc_callback", "read_transcript"]
    for url in urls:
        assert url["parameters"]["authType"] == "NONE"
        assert url["parameters"]["netConfig"] == {"enableExtranet": True, "enableIntranet": False}


def test_variables_are_the_environment_s_and_stand_in_the_example() -> None:
    used = {name for value in list_values(DEPLOYED) for name in re.findall(r"\$\{(.*?)\}", value)}
    assert all(name.startswith("env:") for name in used)
    asked_by_the_cli = {"TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "TENCENT_TOKEN"}
    not_known_to_it = set(CONCURRENCY_MB)  # the guide has the calls that set them
    assert {name.partition(":")[2] for name in used} == set(
        EXAMPLE
    ) - asked_by_the_cli - not_known_to_it


def test_settings_that_may_be_left_out_wait_in_both_files() -> None:
    """An empty one is refused by SCF, so both files have them behind a #."""
    example = re.findall(r"^# ([A-Z_]+)=$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    yml = (ROOT / "serverless.yml").read_text()
    waiting = re.findall(r"# - \{ key: ([A-Z_]+), value: \"\$\{env:\1\}\" \}", yml)
    assert waiting == [*dict.fromkeys(waiting)]
    assert {*waiting} == {*example} <= {*PASSED_ON}


def test_no_variable_has_a_reserved_name() -> None:
    """Of either way to deploy, and of all that a function may be told."""
    sent = {
        one["key"] for function in INPUTS["functions"].values() for one in function["environments"]
    }
    sent |= {one["key"] for one in INPUTS["environments"]}
    assert sent <= set(PASSED_ON) <= set(NAMES)
    assert not [name for name in PASSED_ON if name.startswith(RESERVED)]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_environment_is_complete_and_small_enough(function: str) -> None:
    environ = read_environment(function)
    assert "" not in environ.values()
    for name in environ:
        assert re.fullmatch(r"[a-zA-Z]\w{1,63}", name)
        assert not name.startswith(RESERVED)
    assert sum(len(name) + len(value) for name, value in environ.items()) < 4096
    settings = read_settings({**environ, "TENCENTCLOUD_RUNENV": "SCF"})
    assert settings.ledger_is_shared
    assert settings.drain_function == resolve(INPUTS["functions"]["drain_starts"]["name"])


def test_role_may_do_what_the_functions_do_and_no_more() -> None:
    policy = json.loads((ROOT / "docs" / "deploy" / "run-role-policy.json").read_text())
    allowed = {action for statement in policy["statement"] for action in statement["action"]}
    services = (ROOT / "shared" / "services" / "service.py").read_text()
    actions = set(re.findall(r'"(?:start|describe|stop)": "(\w+)"', services))
    assert len(actions) == 6
    reconciling = (ROOT / "shared" / "reconciling" / "reconcile.py").read_text()
    asked = set(re.findall(r'ask\("(\w+)"', reconciling))
    assert asked == {"DescribeRoomInfo", "DescribeUserInfo"}
    known = {f"name/trtc:{action}" for action in actions | asked}
    assert allowed == known | {"scf:InvokeFunction"}
    (invoking,) = [one for one in policy["statement"] if "scf:InvokeFunction" in one["action"]]
    (resource,) = invoking["resource"]
    assert resource.endswith(f"/{resolve(INPUTS['functions']['drain_starts']['name'])}")


def test_archive_s_policy_allows_what_the_archive_is_asked_and_no_more() -> None:
    policy = json.loads((ROOT / "docs" / "deploy" / "archive-policy.json").read_text())
    allowed = [action for statement in policy["statement"] for action in statement["action"]]
    assert sorted(allowed) == sorted(f"name/cos:{action}" for action in ACTIONS)
    resources = {one for statement in policy["statement"] for one in statement["resource"]}
    bucket = "qcs::cos:ap-singapore:uid/1250000000:minutes-1250000000"
    assert resources == {f"{bucket}/prod/*", f"{bucket}/*"}


def test_guide_names_every_value_of_the_policy_that_is_ones_own() -> None:
    """The account, the application, the region, and the stage in the drainer's name."""
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    section = guide.partition("## The run role")[2].partition("\n## ")[0]
    policy = (ROOT / "docs" / "deploy" / "run-role-policy.json").read_text(encoding="utf-8")
    own = ("100000000001", "1400000000", EXAMPLE["REGION"], EXAMPLE["STAGE"])
    assert "four values of your own" in section
    for value in own:
        assert f"`{value}`" in section
        policy = policy.replace(value, "…")
    resources = [r for statement in json.loads(policy)["statement"] for r in statement["resource"]]
    assert not re.findall(r"\d{4}|singapore|prod", " ".join(resources))


def test_transcription_events_can_have_a_deployment_of_their_own() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    function, trigger = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    inputs = yaml.safe_load(TEXT.replace("  triggers:\n", f"{function}  triggers:\n") + trigger)[
        "inputs"
    ]
    deployed, first = inputs["functions"].pop("transcription_events"), INPUTS["functions"]
    assert inputs["functions"] == first
    assert resolve(deployed.pop("name")) == "roomscribe-prod-transcription_events"
    assert deployed.items() < first["trtc_callback"].items()
    assert inputs["triggers"] == [
        *INPUTS["triggers"],
        {**INPUTS["triggers"][0], "function": "transcription_events"},
    ]


def test_example_can_be_read_by_a_shell() -> None:
    """tccli.sh reads .env so; `scf deploy` reads it with dotenv, which knows the same quotes."""
    command = 'set -a; . "$1"; exec "$2" -c "import json, os; print(json.dumps(dict(os.environ)))"'
    shown = subprocess.run(
        ["sh", "-euc", command, "sh", str(ROOT / ".env.example"), sys.executable],
        capture_output=True,
        text=True,
        check=True,
    )
    read = json.loads(shown.stdout)
    assert {name: read[name] for name in EXAMPLE} == {
        name: value.strip("'") for name, value in EXAMPLE.items()
    }


def test_limits_are_those_of_the_example_and_leave_room_for_a_second_deployment() -> None:
    """In Singapore, whose quota is the smallest; callbacks may have two functions."""
    assert {name: int(EXAMPLE[name]) for name in CONCURRENCY_MB} == CONCURRENCY_MB
    assert 2 * sum(CONCURRENCY_MB.values()) <= 64_000 - 12_800
    with_apart = sum(CONCURRENCY_MB[one.limited_by] for one in (*LIMITED, APART))
    assert with_apart <= 64_000 - 12_800


def test_guide_sets_by_hand_what_deploy_sets() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    section = guide.partition("## Deploy with scf")[2].partition("\n## ")[0]
    put = r"PutReservedConcurrencyConfig .*\$f-(\w+) \\\n *--ReservedConcurrencyMem \$(\w+)"
    assert dict(re.findall(put, section)) == {one.key: one.limited_by for one in LIMITED}
    silent = re.findall(r"UpdateFunctionConfiguration .*\$f-(\w+) --IgnoreSysLog True", section)
    assert silent == [one.key for one in DEPLOYED_FUNCTIONS if one.returns_words]
    for name, mb in CONCURRENCY_MB.items():
        assert f"| `{name}` | {mb} |" in guide
