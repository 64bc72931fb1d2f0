"""All rooms of an application at once, as an operator asks for them: numbers, trouble, what was missed."""
