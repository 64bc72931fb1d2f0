"""Which transcription for which room: rules.toml, and the decision it makes."""
