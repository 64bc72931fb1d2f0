"""Python loads it where PYTHONPATH names this folder: that process is as patient as `be_patient` says."""

from tests.support.redis_servers import wait_long

wait_long()
