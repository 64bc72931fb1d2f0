"""TaskIds as the real service gives them, and worse ones, through everything that takes one."""

import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from local.cloud.assumed import ENDED_TASK_CODES, Service
from local.cloud.task_ids import complain_task_id, make_task_id
from tests.support.emulator import CONFIG, running_cloud

# Not one of these has "/" in it, but base64 has: it may come.
HOSTILE = [
    "-nE5Nd9U7pfwyEzu+8LNXe+j-r1AI7H3plkD1p8pHX71AE.",
    "--help",
    "-/+..",
    "../end",
    "a/b/end",
    "a//b",
    "%2F+%2B",
    "a b",
    "a?b#c&d=e",
    "é腾",
    "x" * 300,
]


def test_ids_of_2_0_are_about_70_characters_and_hard_to_handle() -> None:
    ids = [make_task_id("cloud", 0) for _ in range(200)]
    assert len({*ids}) == 200
    for task_id in ids:
        assert re.fullmatch(r"[A-Za-z0-9+-]{60,72}\.", task_id)
        assert "+" in task_id
    assert 60 < sum(task_id.startswith("-") for task_id in ids) < 190


def test_ids_of_1_0_begin_with_version_and_day() -> None:
    ids = [make_task_id("ai", 1_745_482_676_931) for _ in range(200)]
    assert len({*ids}) == 200
    for task_id in ids:
        assert re.fullmatch(r"v2_20250424_[A-Za-z0-9_-]{100}", task_id)


@pytest.mark.parametrize("service", ["ai", "cloud"])
def test_made_ids_are_well_formed(service: Service) -> None:
    assert complain_task_id(make_task_id(service, 0)) is None


@pytest.mark.parametrize("task_id", ["a b", "a\n", "é", "x" * 257, "?", "a%2F"])
def test_malformed_id_is_told_by_1_0_alone(task_id: str) -> None:
    with running_cloud() as cloud:
        for asked in (cloud.describe_ai(task_id), cloud.stop_ai(task_id)):
            assert asked["Error"]["Code"] == "InvalidParameter.TaskId"
        assert "TaskId" not in cloud.describe_cloud(task_id)


@pytest.mark.parametrize("task_id", HOSTILE)
def test_any_id_arrives_whole_by_path_and_by_parameter(task_id: str) -> None:
    with running_cloud() as cloud:
        path = f"/_local/tasks/{quote(task_id, safe='')}/end"
        answer = cloud.http.post(path, json={})
        assert answer.json() == {"error": f"there is no task {task_id}"}
        assert cloud.describe_cloud(task_id)["Error"]["Code"] == ENDED_TASK_CODES["cloud"]
        assert cloud.read_feed()[-1]["task_id"] == task_id


@pytest.mark.parametrize("service", ["ai", "cloud"])
def test_made_id_ends_its_task_by_path_however_it_is_written(service: Service) -> None:
    with running_cloud(replace(CONFIG, starts_per_s_cloud=100)) as cloud:
        for number in range(20):
            task_id = getattr(cloud, f"start_{service}")(str(number + 1))["TaskId"]
            written = quote(task_id, safe="") if number % 2 else task_id
            answer = cloud.http.post(f"/_local/tasks/{written}/end", json={})
            assert (answer.status_code, answer.json()["task_id"]) == (200, task_id)
