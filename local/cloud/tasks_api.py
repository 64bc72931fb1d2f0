"""`/_local/tasks`: what the server does to a task by itself."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.cloud.arguments import read_arguments, refusing
from local.cloud.assumed import LeaveCode
from local.cloud.errors import RefusedError
from local.cloud.state import World
from local.cloud.tasks import Tasks


class TasksApi:
    """The route; errors are 4xx with `{"error": sentence}`."""

    def __init__(self, world: World, tasks: Tasks) -> None:
        self._world = world
        self._tasks = tasks

    @property
    def routes(self) -> list[BaseRoute]:
        # A path: the server has decoded "%2F" by the time that routes are compared.
        path = "/_local/tasks/{task_id:path}/end"
        return [Route(path, refusing(self._end), methods=["POST"])]

    async def _end(self, request: Request) -> Response:
        """End a task for `leave_code`, 98 (internal error) unless given, and tell the webhook so."""
        arguments, task_id = await read_arguments(request), request.path_params["task_id"]
        asked = arguments.read_integer("leave_code")
        leave_code = int(LeaveCode.INTERNAL_ERROR) if asked is None else asked
        if leave_code not in set(LeaveCode):
            known = ", ".join(str(int(code)) for code in LeaveCode)
            raise RefusedError(400, f"leave_code must be one of {known}")
        task = self._world.tasks.get(task_id)
        if task is None:
            raise RefusedError(404, f"there is no task {task_id}")
        if task.task_id not in task.room.tasks:
            raise RefusedError(409, f"task {task_id} has ended already")
        self._tasks.end(task, leave_code)
        return JSONResponse({"task_id": task_id, "status": task.status, "leave_code": leave_code})
