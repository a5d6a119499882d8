"""What a statement says against what its source says: drugs, numbers, negation, support."""
