"""What a command of the local cloud cannot go on with."""


class LocalError(Exception):
    """A command cannot do its work; the text is the one line that is shown."""
