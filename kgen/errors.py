"""The one exception that kgen raises about a user's model, file or option."""

from __future__ import annotations


class ExportError(Exception):
    """What can't be exported, where it is in the model, and what would work.

    `exit_code` is the command line's: 2 for a bad file or option, 3 for a model that kgen refuses.
    """

    def __init__(self, message: str, *, exit_code: int = 3) -> None:
        super().__init__(message)
        self.exit_code = exit_code
