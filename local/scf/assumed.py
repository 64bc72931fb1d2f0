"""What no document says of SCF's control plane and the emulator has to decide: all of it, in one place.

| behaviour | assumed here |
|---|---|
| regions | one set of functions, whatever X-TC-Region says |
| a change while another one settles | FailedOperation.<action>, as public reports tell of updates |
| changing a function in CreateFailed | the same, for ever: it has to be deleted |
| an update that fails | UpdateFailed; the function runs on as it was, and may be updated again |
| a function before it was Active for the first time | does not exist for Invoke, its URL answers 404 |
| the handler's file is not in the zip | CreateFailed or UpdateFailed |
| a second function URL of a version or alias | LimitExceeded.Trigger |
| UpdateTrigger of a function URL | done: `Type` lists http; its own text says timer and ckafka only |
| a function URL | has its address until its trigger is deleted; 403 when closed, or with AuthType CAM |
| which error code a wrong value has | the one of the SDK's list that is named after the parameter |
| CodeSha256 | the SHA-256 of the zip that was sent, in hexadecimal, as in the official example |
| what GetFunctionAddress leads to | the zip as it was sent; in UpdateFailed that of the update |
| a version | in the list once it is published; running instances stay as they are |
| CLS, CAM, VPC and roles | everything that is asked for exists |
| PutReservedConcurrencyConfig below MemorySize | refused: no instance could run |
| IgnoreSysLog | is taken, and changes nothing: no document says which lines it leaves out |
"""

# Source: SCF documentation, quota limits (product 583, document 11637), 2025-10: in ap-singapore; twice
# that in some others.
TOTAL_MB = 64_000
SETTLING_MS = 200  # how long a change takes
URL_APPEARS_MS = (
    500  # how long after its trigger the address of a function URL is there; up to 15 s at SCF
)
