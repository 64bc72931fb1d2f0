"""Calling a Tencent Cloud API: the official SDK's client on a transport with one deadline."""
