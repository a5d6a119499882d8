"""The order of hits: tuned models, weights, shares of each drug, and what a search may return."""
