"""The ledger's tables, as SQLModel classes. Instants are naive UTC; each table names its one writer."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel


class LedgerMeta(SQLModel, table=True):
    """One row: the schema version. Writer: kb.ledger."""

    __tablename__: ClassVar[Any] = "ledger_meta"
    schema_version: int = Field(primary_key=True)


class DocumentRow(SQLModel, table=True):
    """One published item. Writers: ingest.archive, kb.cases."""

    __tablename__: ClassVar[Any] = "document"
    document_id: str = Field(primary_key=True)
    source: str
    title: str
    summary: str
    url: str
    happened_at: NaiveDatetime | None = None
    public_lo: NaiveDatetime
    public_hi: NaiveDatetime
    precision: str
    recorded_at: NaiveDatetime
    origin: str


class BarRow(SQLModel, table=True):
    """One session of one series from one source; a revision is a new row. Writers: ingest.archive, kb.cases."""

    __tablename__: ClassVar[Any] = "bar"
    symbol: str = Field(primary_key=True)
    session: date = Field(primary_key=True)
    source: str = Field(primary_key=True)
    recorded_at: NaiveDatetime = Field(primary_key=True)
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float
    volume: float | None = None
    origin: str


class ReleaseRow(SQLModel, table=True):
    """One published or scheduled figure; a revision is a new row. Writers: ingest.archive, ingest.nightly, kb.cases."""

    __tablename__: ClassVar[Any] = "release"
    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    released_at: NaiveDatetime = Field(primary_key=True)
    source: str = Field(primary_key=True)
    status: str = Field(primary_key=True)
    recorded_at: NaiveDatetime = Field(primary_key=True)
    actual: float | None = None
    consensus: float | None = None
    previous: float | None = None
    public_at: NaiveDatetime | None = None
    origin: str


class LiquidationRow(SQLModel, table=True):
    """Forced closes in the `hours` up to `at`, a lower bound. Writers: ingest.archive, kb.cases."""

    __tablename__: ClassVar[Any] = "liquidation"
    asset: str = Field(primary_key=True)
    at: NaiveDatetime = Field(primary_key=True)
    venue: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    hours: float = Field(primary_key=True)
    recorded_at: NaiveDatetime = Field(primary_key=True)
    method: str
    public_at: NaiveDatetime | None = None
    long_usd: float | None = None
    short_usd: float | None = None
    origin: str


class FundingRow(SQLModel, table=True):
    """What longs paid to shorts in one interval, a fraction. Writer: ingest.archive."""

    __tablename__: ClassVar[Any] = "funding"
    asset: str = Field(primary_key=True)
    at: NaiveDatetime = Field(primary_key=True)
    venue: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    recorded_at: NaiveDatetime = Field(primary_key=True)
    rate: float
    origin: str


class OpenInterestRow(SQLModel, table=True):
    """USD value of open futures at one instant. Writer: ingest.archive."""

    __tablename__: ClassVar[Any] = "open_interest"
    asset: str = Field(primary_key=True)
    at: NaiveDatetime = Field(primary_key=True)
    venue: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    recorded_at: NaiveDatetime = Field(primary_key=True)
    usd: float
    origin: str


class BreadthRow(SQLModel, table=True):
    """Shares of index members above their averages, one row a session. Writer: ingest.archive."""

    __tablename__: ClassVar[Any] = "breadth"
    session: date = Field(primary_key=True)
    source: str = Field(primary_key=True)
    recorded_at: NaiveDatetime = Field(primary_key=True)
    above_20: float | None = None
    above_50: float | None = None
    above_200: float | None = None
    origin: str


class ReadingRow(SQLModel, table=True):
    """What one document says, one row per document and model, `none` included. Writer: ingest.build."""

    __tablename__: ClassVar[Any] = "reading"
    document_id: str = Field(primary_key=True)
    model: str = Field(primary_key=True)
    wrap: int
    risk: int
    stated_cause: str
    direction: int
    weekday: int
    ahead: int


class TriggerRow(SQLModel, table=True):
    """One typed tag of one document; `rank` 0 is the primary type. Writer: ingest.build."""

    __tablename__: ClassVar[Any] = "trigger"
    document_id: str = Field(primary_key=True)
    model: str = Field(primary_key=True)
    rank: int = Field(primary_key=True)
    type: str
    score: float


class EventRow(SQLModel, table=True):
    """One happening. Writer: ingest.build, which forms all events anew from the triggers."""

    __tablename__: ClassVar[Any] = "event"
    event_id: str = Field(primary_key=True)
    type: str
    title: str
    public_hi: NaiveDatetime


class EventDocumentRow(SQLModel, table=True):
    """One document telling of one event. Writer: ingest.build."""

    __tablename__: ClassVar[Any] = "event_document"
    event_id: str = Field(primary_key=True)
    document_id: str = Field(primary_key=True)
    novelty: float


class EventCheckpointRow(SQLModel, table=True):
    """The former's memory of the triggers public before an instant. Writer: ingest.forming."""

    __tablename__: ClassVar[Any] = "event_checkpoint"
    model: str = Field(primary_key=True)
    before: NaiveDatetime = Field(primary_key=True)
    seen: int
    total: int
    state: bytes


class ReviewRow(SQLModel, table=True):
    """What one person said of a cause or a document; rows are only added. Writer: kb.review."""

    __tablename__: ClassVar[Any] = "review"
    review_id: str = Field(primary_key=True)
    reviewed_at: NaiveDatetime
    who: str
    action: str
    document_id: str
    market: str
    session: date | None = None
    types: str
    machine: str
    why: str


class CaptureMarkRow(SQLModel, table=True):
    """How far one source, or one page of it (`page`, "" for the whole), has been read. Writer: ingest.nightly."""

    __tablename__: ClassVar[Any] = "capture_mark"
    source: str = Field(primary_key=True)
    page: str = Field(primary_key=True)
    read_until: NaiveDatetime | None = None
    etag: str = ""
    last_modified: str = ""
    snapshot: str = ""
    attempted_at: NaiveDatetime
    succeeded_at: NaiveDatetime | None = None
    changed_at: NaiveDatetime | None = None
    failures: int = 0
    error: str = ""


class SourceRunRow(SQLModel, table=True):
    """What one source brought in one nightly run. Writer: ingest.nightly."""

    __tablename__: ClassVar[Any] = "source_run"
    run_id: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    started_at: NaiveDatetime
    finished_at: NaiveDatetime
    since_at: NaiveDatetime
    until_at: NaiveDatetime
    captures: int
    unchanged: int
    size: int
    records: int
    new: int
    skipped: int
    failed: int
    outcome: str


class AlertRow(SQLModel, table=True):
    """One alert on one channel, so that it goes out once; the channel's address is not kept. Writer: ingest.alerts."""

    __tablename__: ClassVar[Any] = "alert"
    alert_id: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    tried_at: NaiveDatetime
    nights: int
    sent_at: NaiveDatetime | None = None
    outcome: str
    error: str = ""


class RunRow(SQLModel, table=True):
    """One command that wrote: what it was and what came of it. Writers: every writing command."""

    __tablename__: ClassVar[Any] = "run"
    run_id: str = Field(primary_key=True)
    command: str
    started_at: NaiveDatetime
    finished_at: NaiveDatetime
    outcome: str
