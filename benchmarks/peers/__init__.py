"""What people would otherwise write, each as they would deploy it: a file with a `main_handler`.

Each starts one CreateCloudTranscription task when a room is created. None has rules, a ledger, or an
identity for its bot; none verifies the callback's Sign.
"""
