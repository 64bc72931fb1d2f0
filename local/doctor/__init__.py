"""`doctor`: whether this configuration would work, and what to do where it would not."""
