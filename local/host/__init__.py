"""The function host: function URLs and direct invocation, with SCF's event, context and environment.

routes: HTTP in and out · function_url: request ↔ event, return value ↔ answer · pool: a function's
instances · process: one instance from outside · instance: the program inside · scf_runtime: what
SCF gives a function and says of its failures.
"""
