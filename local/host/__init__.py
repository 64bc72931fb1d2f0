"""The function host: function URLs, invocation with and without waiting, timers; SCF's event and context.

app: the host · catalogue: its functions · routes: HTTP in and out · function_url: request ↔ event,
return value ↔ answer · scf_api, gateway: SCF's own API · async_invocations, timers: what nobody
waits for · pool: a function's instances · process, turn, pipes, lines: one instance from outside ·
handed_clock: its time, when a clock is moved by hand · instance, manual_time: the program inside ·
scf_runtime: what SCF gives a function and says of its failures.
"""
