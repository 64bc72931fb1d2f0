"""Comparing what TRTC tells of rooms afterwards, or a list of them, with the ledger, and what follows."""
