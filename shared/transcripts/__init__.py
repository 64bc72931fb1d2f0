"""What was said in a room: from callbacks to a transcript, and from a transcript to files and a page."""
