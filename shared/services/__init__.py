"""The two transcription services of TRTC: what to send, how to read an answer, what an error means."""
