"""SCF's control plane: functions that are made, changed and deleted through its API, and then run.

control: the actions · parameters: what they take · configuration, code: what a function is made of ·
functions: all of them, for the host to run · settling: their states · version_actions: the actions
about versions · triggers: function URLs and timers · trigger_actions: the actions about them ·
answers: what is told of all · urls: where function URLs lead · assumed: what no document says.
"""
