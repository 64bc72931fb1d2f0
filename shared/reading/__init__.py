"""Reading a transcript: who asks, by a link; which session; as a page or a file."""
