"""What goes wrong on purpose: kinds and plan (pure), and what carries them out."""
