"""Delivering what is over: files to the archive, events to endpoints; and deleting what is kept no longer."""
