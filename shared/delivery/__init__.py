"""Delivery: transcript files to the archive, events to endpoints, and deletion of what is too old."""
