"""What a person or a program asks for about one room: start, stop, describe, delete."""
