"""An answer put together from evidence: statements, citations, safety, notices, receipt."""
