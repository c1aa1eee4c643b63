"""whyfell: why did the market fall? The public door.

    from kb import why
    why("2020-03-16").causes

Answers come from a home: `why(..., home=PATH)`, else `$WHYFELL_HOME`, else the user's data directory; a home that does not
exist yet is made from the embedded case files.
"""

from __future__ import annotations

__all__ = ["Answer", "Cause", "Evidence", "why"]

from kb.answer import Answer, Cause, Evidence
from kb.ask import why
