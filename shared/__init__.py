"""What the functions share; nothing here knows which function it runs in."""
