"""Deploys to SCF with tccli; tccli.sh starts it. Beside the standard library it needs shared/site.py and
shared/setting_texts.py, which need no more.

command: the whole of it · settings: what has to be set, and how · functions: what is deployed ·
calls: SCF's API through tccli · advice: what to do about its errors · states: changes one has to wait
for · releasing: functions made and updated · triggers: function URLs and the timer · versions: what ran
before, kept and brought back.
"""
