"""Telling of new falls: once an event, over every channel that the environment names.

Stands after the build. Reads the mart through `kb.alerts`; writes the ledger's table `alert`, a row an alert and channel.

Delivery is at least once. Before a message goes out its row says `pending`, afterwards `sent`; what a killed run left
pending is sent again by the next, under the same `Idempotency-Key`, so that a receiver can drop the repeat. Nothing said to
be sent is ever sent again. A channel that fails never fails the night: the message is tried again on the next, on three
nights in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from ingest.alert_channels import Channel, Poster, list_channels
from kb.alerts import FreshFall, compose_alert, list_fresh_falls
from kb.errors import SourceDown, WhyfellError
from kb.ledger import hold_lock
from kb.ledger_tables import AlertRow
from kb.ledger_write import record_run
from kb.notify import Notify, stay_silent
from kb.settings import Home

MOST_NIGHTS = 3  # on which one message is tried


class Outcome(StrEnum):
    """How a message stands on a channel."""

    PENDING = "pending"  # about to be sent, or sent by a run that was killed before it could say so
    SENT = "sent"
    FAILED = "failed"  # tried again the next night
    GIVEN_UP = "given up"


@dataclass(frozen=True)
class Sent:
    """What became of one message on one channel; without an `alert_id` the channel itself cannot be used."""

    alert_id: str
    channel: str
    title: str
    outcome: Outcome
    error: str = ""


@dataclass(frozen=True)
class Due:
    """A message that would be sent now on one channel; `fault` says why it could not be."""

    alert_id: str
    channel: str
    title: str
    fault: str = ""


@dataclass(frozen=True)
class _Row:
    """A row of the table `alert`; instants are naive UTC."""

    alert_id: str
    channel: str
    tried_at: datetime
    nights: int
    sent_at: datetime | None
    outcome: str
    error: str

    @property
    def open(self) -> bool:
        """Whether the message is still to be sent: a night that was killed is made up for."""
        if self.outcome == Outcome.PENDING:
            return self.nights <= MOST_NIGHTS
        return self.outcome == Outcome.FAILED and self.nights < MOST_NIGHTS


def send_alerts(
    home: Home,
    engine: Engine,
    notify: Notify = stay_silent,
    *,
    poster: Poster | None = None,
    now: datetime | None = None,
) -> list[Sent]:
    """What became of each message that was due. Call it after the build, without holding the home's lock.

    `poster` carries webhooks, a client of its own unless given; `now` is an aware UTC instant. Raises NotFound where
    nothing is published, WhyfellError when another process writes to the home; never for a channel.
    """
    channels = list_channels(poster)
    done = [Sent("", c.name, "", Outcome.FAILED, c.fault) for c in channels if c.fault]
    usable = [c for c in channels if not c.fault]
    if not usable:
        return done
    with hold_lock(home, "nightly"):
        started_at = datetime.now(UTC)
        rows, due = _find_due(home, engine, usable)
        round_ = _Round(home, engine, rows, (now or started_at).astimezone(UTC).replace(tzinfo=None))
        for i, (fall, channel) in enumerate(due):
            notify("alerts", i, len(due))
            done.append(round_.deliver(fall, channel))
        if due:
            record_run(engine, "alerts", started_at, summarise(done))
    return done


def list_due(home: Home, engine: Engine | None = None, *, poster: Poster | None = None) -> list[Due]:
    """What `send_alerts` would send now, sending and writing nothing; channels that cannot be used say why.

    Without an engine no message counts as sent. Raises NotFound where nothing is published.
    """
    channels = list_channels(poster)
    faults = [Due("", c.name, "", c.fault) for c in channels if c.fault]
    usable = [c for c in channels if not c.fault]
    due = _find_due(home, engine, usable)[1] if usable else []
    return faults + [Due(fall.alert_id, channel.name, fall.title) for fall, channel in due]


def summarise(done: Sequence[Sent]) -> str:
    """How many messages came to what, in words: "2 sent, 1 failed"."""
    counts = {o: sum(s.outcome is o for s in done if s.alert_id) for o in Outcome}
    return ", ".join(f"{n} {o}" for o, n in counts.items() if n) or "none due"


class _Round:
    """One run over the messages that are due."""

    def __init__(self, home: Home, engine: Engine, rows: dict[tuple[str, str], _Row], now: datetime) -> None:
        self._home, self._engine, self._rows, self._now = home, engine, rows, now
        self._down: dict[str, str] = {}  # channels that did not answer: each is asked once a night

    def deliver(self, fall: FreshFall, channel: Channel) -> Sent:
        """Send one message, its row written before and after."""
        row = self._claim(fall, channel)
        error = self._down.get(channel.name) or self._try(fall, channel)
        if not error:
            row = replace(row, outcome=Outcome.SENT, sent_at=self._now)
        else:
            spent = row.nights >= MOST_NIGHTS
            row = replace(row, outcome=Outcome.GIVEN_UP if spent else Outcome.FAILED, error=error)
        _write(self._engine, row)
        return Sent(fall.alert_id, channel.name, fall.title, Outcome(row.outcome), error)

    def _claim(self, fall: FreshFall, channel: Channel) -> _Row:
        """The row that says pending, stored. Tries of one day (UTC) count as one night."""
        before = self._rows.get((fall.alert_id, channel.name))
        nights = 1
        if before is not None:
            nights = before.nights + (before.tried_at.date() != self._now.date())
        row = _Row(fall.alert_id, channel.name, self._now, nights, None, Outcome.PENDING, "")
        _write(self._engine, row)
        return row

    def _try(self, fall: FreshFall, channel: Channel) -> str:
        """The error, or "" for a message that was taken. Whatever a service's code raises is a failure of the channel."""
        try:
            channel.send(compose_alert(self._home, fall))
        except SourceDown as error:
            self._down[channel.name] = str(error)
            return str(error)
        except WhyfellError as error:
            return str(error)
        except Exception as error:  # its text may hold an address
            return f"Channel {channel.name}: {type(error).__name__}. It is tried again the next night."
        return ""


def _find_due(
    home: Home, engine: Engine | None, channels: Sequence[Channel]
) -> tuple[dict[tuple[str, str], _Row], list[tuple[FreshFall, Channel]]]:
    """The rows so far, and what is to be sent: fresh falls not yet told, and what earlier nights left unsent."""
    rows = _load(engine) if engine is not None else {}
    due = []
    for fall in list_fresh_falls(home, {r.alert_id for r in rows.values() if r.open}):
        for channel in channels:
            row = rows.get((fall.alert_id, channel.name))
            if fall.fresh if row is None else row.open:
                due.append((fall, channel))
    return rows, due


def _load(engine: Engine) -> dict[tuple[str, str], _Row]:
    with engine.connect() as connection:
        rows = [_Row(**r._mapping) for r in connection.execute(_table().select())]
    return {(r.alert_id, r.channel): r for r in rows}


def _write(engine: Engine, row: _Row) -> None:
    values = asdict(row)
    statement = insert(_table()).values(values)
    with engine.begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["alert_id", "channel"], set_=values))


def _table():  # noqa: ANN202 sqlalchemy's own type
    return SQLModel.metadata.tables[str(AlertRow.__tablename__)]
