"""Reading transcripts over HTTP: the link, the session it opens, and the page or file in the answer."""
