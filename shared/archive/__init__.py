"""The archive: object storage for finished transcripts, in a COS bucket or a folder."""
