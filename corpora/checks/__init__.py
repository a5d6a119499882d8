"""The checks of the starter corpus, one module each; ``corpora.check.run`` runs them all."""
