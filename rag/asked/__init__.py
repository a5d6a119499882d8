"""What a question asks: of whom, of what, which section, and how a passage bears on it."""
