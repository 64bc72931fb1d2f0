"""What the functions share; nothing here knows which function it runs in."""

VERSION = "1.0.0"  # written here alone: pyproject.toml and the launcher read it
