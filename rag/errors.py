"""Every error that retrieval and answering raise, with its context and what to do."""

from __future__ import annotations


class RagError(Exception):
    """Base of all errors of this package."""


class IndexUnavailableError(RagError):
    """There is no complete index to serve; run ``citerx index``."""


class EmbedderMismatchError(IndexUnavailableError):
    """The index was built with another embedder than the settings name; the message names both, and no path."""


class IndexCorruptError(RagError):
    """A file of the index does not match its manifest; run ``citerx index --rebuild``."""


class IndexBuildError(RagError):
    """The index cannot be built (disk full, another builder, a store that keeps changing); the last one serves on."""


class ModelError(RagError):
    """Model weights are missing, altered (checksum) or of the wrong shape."""


class MissingExtraError(RagError):
    """An optional dependency is not installed; the message names the extra to install."""


class GeneratorError(RagError):
    """A generator is unknown or failed to produce an answer."""


class NotFoundError(RagError):
    """No document, passage or answer has this id."""


class ReplayError(RagError):
    """A kept answer cannot be made again: it has no receipt that can be read, or nothing here can write it."""


class EvaluationError(RagError):
    """A question file or shared set cannot be used, or nothing is left to ask; the message names file and question."""


class UnknownNameError(EvaluationError):
    """A name of a question set or a system that there is not; the message lists those that there are."""


class TrainingError(RagError):
    """Training material cannot be read or is of no use with this index; the message names the file and what to do."""
