"""Bringing reviews into the tags: what people said of a document holds against any model.

Reads the ledger's table `review`, writes its table `trigger` for the present model, in one transaction; run again it
changes nothing.
"""

from __future__ import annotations

from sqlalchemy import Engine, text

_ORDERED = (
    "SELECT action, document_id, types FROM review WHERE action IN ('retag', 'cause') ORDER BY reviewed_at, review_id"
)
_CLEAR = "DELETE FROM trigger WHERE document_id = :document AND model = :model"
_ADD = """
    INSERT INTO trigger (document_id, model, rank, type, score)
    SELECT :document, :model, coalesce(max(rank) + 1, 0), :type, 1.0
    FROM trigger WHERE document_id = :document AND model = :model
    HAVING count(CASE WHEN type = :type THEN 1 END) = 0
"""


def apply_reviews(engine: Engine, model: str) -> int:
    """How many reviews of documents there are, all brought into the triggers of this model in the order they were made."""
    with engine.begin() as connection:
        reviews = connection.execute(text(_ORDERED)).all()
        for action, document, types in reviews:
            given = {"document": document, "model": model}
            if action == "retag":
                connection.execute(text(_CLEAR), given)
            for type_ in () if types == "none" else types.split(","):
                connection.execute(text(_ADD), {**given, "type": type_})
    return len(reviews)
