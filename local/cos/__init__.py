"""Tencent's object storage COS at home: one bucket, served at the root of a listener of its own."""
