"""The errors a user may meet. Standard library only, so that every room can raise them.

    WhyfellError
    ├── NotFound     what was asked for does not exist here (market, session, home, table)
    ├── SourceDown   somebody else's server did not answer
    ├── Unreadable   bytes that should be readable are not (half-written file, foreign schema)
    └── BadInput     the request itself is wrong (impossible date, missing column, hostile SQL)

Each message says what was asked, what was found and what to do about it.
"""

from __future__ import annotations


class WhyfellError(Exception):
    """Root of all errors that end a command with exit code 1 and one sentence.

    `asked` is what the user wanted, `found` what is there instead, `remedy` what to do;
    the three together are the sentence that every face prints.
    """

    def __init__(self, asked: str, found: str, remedy: str) -> None:
        self.asked, self.found, self.remedy = asked, found, remedy
        super().__init__(f"{asked}: {found}. {remedy}")


class NotFound(WhyfellError, LookupError):
    """Asked for something that is not here."""


class SourceDown(WhyfellError, ConnectionError):
    """A source outside did not answer as it should."""


class Unreadable(WhyfellError, OSError):
    """A file or database that cannot be read as what it should be."""


class BadInput(WhyfellError, ValueError):
    """The request or a given value is wrong."""
