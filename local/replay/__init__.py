"""Plays saved callbacks again: read them, put them in order, sign them anew, send them, compare."""

from local.replay.command import replay

__all__ = ["replay"]
