"""Sentences of a passage: where they begin, what governs them, which of them answer."""
