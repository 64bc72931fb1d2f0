"""What the actions do, once their parameters are checked: a method each, named as the action is."""

from collections.abc import Callable, Mapping
from typing import Any

from local.cloud.admission import Answer
from local.cloud.assumed import (
    BAD_USER_SIG_CODES,
    ENDED_TASK_CODES,
    LeaveCode,
    Service,
    write_start_time,
)
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError
from local.cloud.orders import read_ai_order, read_cloud_order
from local.cloud.room_data import RoomData
from local.cloud.state import Task, World
from local.cloud.tasks import TaskOrder, Tasks
from local.cloud.usersig import UserSigError, verify_user_sig

# Checked against the action's table: field names and types are what the table says.
Parameters = Mapping[str, Any]


class Actions:
    """Runs actions by name."""

    def __init__(
        self,
        config: CloudConfig,
        clock: Clock,
        world: World,
        tasks: Tasks,
        room_data: RoomData,
    ) -> None:
        self._applications = {a.sdk_app_id: a for a in config.applications}
        self._config = config
        self._clock = clock
        self._world = world
        self._tasks = tasks
        self._by_name: Mapping[str, Callable[[str, Parameters], Answer]] = {
            "StartAITranscription": self.start_ai_transcription,
            "DescribeAITranscription": self.describe_ai_transcription,
            "StopAITranscription": self.stop_ai_transcription,
            "CreateCloudTranscription": self.create_cloud_transcription,
            "DescribeCloudTranscription": self.describe_cloud_transcription,
            "DeleteCloudTranscription": self.delete_cloud_transcription,
            "DescribeRoomInfo": room_data.describe_room_info,
            "DescribeUserInfo": room_data.describe_user_info,
        }

    def find_room_id(self, parameters: Parameters) -> str | None:
        """The room that unchecked parameters are about, by its id or by that of a task."""
        room_id, task_id = parameters.get("RoomId"), parameters.get("TaskId")
        if isinstance(room_id, str) and room_id:
            return room_id
        task = self._world.tasks.get(task_id) if isinstance(task_id, str) else None
        return task.room.room_id if task is not None else None

    def run(self, action: str, region: str, parameters: Parameters) -> Answer:
        """The answer without its RequestId; raises ApiError."""
        self._world.forget(self._clock.now_ms())
        return self._by_name[action](region, parameters)

    def start_ai_transcription(self, region: str, parameters: Parameters) -> Answer:
        """Start a task of 1.0: its TaskId; raises ApiError."""
        key = self._read_application(parameters, "FailedOperation.SdkAppIdNotUnderAppId")
        bot = parameters["TranscriptionParams"]
        order = read_ai_order(region, parameters)
        self._check_user_sig("ai", key, bot["UserId"], bot["UserSig"])
        if "IMAdminUserId" in bot or "IMAdminUserSig" in bot:
            admin, admin_sig = bot.get("IMAdminUserId", ""), bot.get("IMAdminUserSig", "")
            self._check_user_sig("ai", key, admin, admin_sig)
        return self._start(order)

    def create_cloud_transcription(self, region: str, parameters: Parameters) -> Answer:
        """Start a task of 2.0: its TaskId; raises ApiError."""
        key = self._read_application(parameters, "InvalidParameter.SdkAppId")
        bot = parameters["TranscriptionParam"]
        order = read_cloud_order(region, parameters)
        self._check_user_sig("cloud", key, bot["UserId"], bot["UserSig"])
        return self._start(order)

    def _start(self, order: TaskOrder) -> Answer:
        return {"TaskId": self._tasks.start(order).task_id}

    def describe_ai_transcription(self, region: str, parameters: Parameters) -> Answer:
        """Status and StartTime of a 1.0 task, and its SessionId if it has one; raises ApiError."""
        task = self._find_ai(region, parameters)
        answer = self._describe(task)
        if task.session_id:
            answer["SessionId"] = task.session_id
        if not self._config.session_query_names_task:
            del answer["TaskId"]
        return answer

    def describe_cloud_transcription(self, region: str, parameters: Parameters) -> Answer:
        """Status and StartTime of a 2.0 task; raises ApiError."""
        return self._describe(self._find_cloud(region, parameters))

    def _describe(self, task: Task) -> Answer:
        running_ms = task.started_ms + self._config.idle_ms
        is_idle = task.service == "cloud" and self._clock.now_ms() < running_ms
        return {
            "StartTime": write_start_time(task.service, task.started_ms),
            "Status": "Idle" if is_idle else task.status,
            "TaskId": task.task_id,
        }

    def stop_ai_transcription(self, region: str, parameters: Parameters) -> Answer:
        """End a running task of 1.0; raises ApiError."""
        task = self._find("ai", region, parameters["TaskId"])
        if task.status == "Stopped":
            raise ApiError(ENDED_TASK_CODES["ai"])
        self._tasks.end(task, LeaveCode.API)
        return {}

    def delete_cloud_transcription(self, region: str, parameters: Parameters) -> Answer:
        """End a running task of 2.0; raises ApiError."""
        task = self._find_cloud(region, parameters)
        self._tasks.end(task, LeaveCode.API)
        return {"TaskId": task.task_id}

    def _find_ai(self, region: str, parameters: Parameters) -> Task:
        """By TaskId, or with an empty one by SdkAppId and SessionId. Source: SDK docstrings."""
        if parameters["TaskId"]:
            return self._find("ai", region, parameters["TaskId"])
        if not parameters.get("SdkAppId") or not parameters.get("SessionId"):
            raise ApiError("MissingParameter", "Give TaskId, or SdkAppId and SessionId.")
        task = self._world.sessions.get((parameters["SdkAppId"], parameters["SessionId"]))
        if task is None or task.region != region:
            raise ApiError(ENDED_TASK_CODES["ai"])
        return task

    def _find_cloud(self, region: str, parameters: Parameters) -> Task:
        sdk_app_id = self._read_application(parameters, "InvalidParameter.SdkAppId")
        task = self._find("cloud", region, parameters["TaskId"])
        if task.room.sdk_app_id != sdk_app_id:
            raise ApiError("InvalidParameter.SdkAppId")
        return task

    def _find(self, service: Service, region: str, task_id: str) -> Task:
        task = self._world.tasks.get(task_id)
        known = task is not None and (task.service, task.region) == (service, region)
        if task is None or not known or task.status == "Exited" or self._is_not_found_yet(task):
            raise ApiError(ENDED_TASK_CODES[service])
        return task

    def _is_not_found_yet(self, task: Task) -> bool:
        lag_ms = self._config.switch(task.room.sdk_app_id, "lookup_lag_ms")
        age_ms = self._clock.now_ms() - task.started_ms
        return task.service == "cloud" and bool(age_ms < lag_ms)

    def _read_application(self, parameters: Parameters, unknown_code: str) -> int:
        sdk_app_id: int = parameters["SdkAppId"]
        if sdk_app_id not in self._applications:
            raise ApiError(unknown_code)
        return sdk_app_id

    def _check_user_sig(
        self, service: Service, sdk_app_id: int, user_id: str, user_sig: str
    ) -> None:
        secret_key = self._applications[sdk_app_id].secret_key
        try:
            verify_user_sig(user_sig, sdk_app_id, user_id, secret_key, self._clock.now_ms() // 1000)
        except UserSigError as error:
            code = BAD_USER_SIG_CODES[service]
            raise ApiError(code, f"UserSig is refused: {error}.") from error
