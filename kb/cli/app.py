"""The command table: each command's options and help; the work is done in the room it names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from kb.settings import Home, find_home

app = typer.Typer(
    name="whyfell", help="Why did the market fall? Ask by date: whyfell 2020-03-16", no_args_is_help=True,
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
evaluate = typer.Typer(help="Measure against people.", no_args_is_help=True)
app.add_typer(evaluate, name="evaluate")
review = typer.Typer(help="Say what a person holds of causes and tags.", no_args_is_help=True)
app.add_typer(review, name="review")

HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder of the knowledge base.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
MarketOption = Annotated[str | None, typer.Option("--market", help="Market or symbol, for instance SPX, GOLD, ETH.")]
SinceOption = Annotated[str | None, typer.Option("--since", help="Only from this day on, like 2020-01-01.")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Use only what was public by then (UTC).")]
DayArgument = Annotated[str, typer.Argument(help="The session that was answered, like 2026-01-30.")]
TypeArgument = Annotated[str, typer.Argument(metavar="TYPE", help="A trigger type, for instance labor.")]
DocumentOption = Annotated[str, typer.Option("--document", help="Id of the document that gives the cause.")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; it is kept and shown.")]
WhoOption = Annotated[str, typer.Option("--who", envvar="USER", help="Your name, else the user's.")]
Files = Annotated[list[Path], typer.Argument(help="CSV, JSONL or Parquet files.")]

COMMANDS = frozenset(
    "why selloffs events analogues init import nightly sources build tag evaluate review sql export doctor".split()
)  # what may stand first on the line; anything else there is a date


class ReaderGoneError(Exception):
    """The reader of our output, such as `head`, has gone: no error, but click would make it exit code 1."""


def _load(name: str) -> Callable[..., Any]:
    """The function of a string like "kb.lists:list_events", imported only now."""
    module, function = name.split(":")
    loaded: Callable[..., Any] = getattr(import_module(module), function)

    @wraps(loaded)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return loaded(*arguments, **options)
        except BrokenPipeError as error:
            raise ReaderGoneError from error

    return call


def _home(given: Path | None) -> Home:
    return find_home(given)


@app.command()
def why(
    date: Annotated[str, typer.Argument(help="A day like 2026-01-30, `yesterday`, or a range 2026-01-26..2026-01-30.")],
    market: MarketOption = None,
    as_of: AsOfOption = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="First fetch what an answer about the day needs.")] = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Why a market fell on a day: the fall, its causes with evidence, and what stays unexplained."""
    if fetch:
        _load("kb.cli.sourcing:fetch_for")(_home(home), date)
    _load("kb.cli.reading:print_why")(_home(home), date, market, as_of, json)


@app.command()
def selloffs(
    market: MarketOption = None,
    since: SinceOption = None,
    kind: Annotated[str | None, typer.Option("--kind", help="jump, slide or episode.")] = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    home: HomeOption = None,
) -> None:
    """Falls of a market, the latest first."""
    rows = _load("kb.lists:list_selloffs")(_home(home), market, since, kind)
    _load("kb.cli.tables:print_rows")(rows, "No such fall is here.", json, csv)


@app.command()
def events(
    type_: Annotated[str | None, typer.Option("--type", help="A trigger type, for instance labor.")] = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="At most so many.")] = 50,
    json: JsonOption = False,
    csv: CsvOption = False,
    home: HomeOption = None,
) -> None:
    """Events, the latest first."""
    rows = _load("kb.lists:list_events")(_home(home), type_, since, limit)
    _load("kb.cli.tables:print_rows")(rows, "No such event is here.", json, csv)


@app.command()
def analogues(
    date: Annotated[str, typer.Argument(help="A day like 2026-01-30.")],
    market: MarketOption = None,
    as_of: AsOfOption = None,
    json: JsonOption = False,
    csv: CsvOption = False,
    home: HomeOption = None,
) -> None:
    """Earlier falls most like the one of a day, and what came next."""
    _load("kb.cli.reading:print_analogues")(_home(home), date, market, as_of, json, csv)


@app.command()
def init(home: HomeOption = None) -> None:
    """Fill a home from the embedded case files and build it."""
    _load("kb.cli.writing:run_init")(_home(home))


@app.command(name="import")
def import_(
    kind: Annotated[
        str, typer.Argument(help="news, prices, releases, liquidations, funding, open-interest or breadth.")
    ],
    files: Files,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Bring in your own archive. Importing a file again changes nothing; run `whyfell build` afterwards."""
    _load("kb.cli.writing:run_import")(_home(home), kind, files, json)


@app.command()
def nightly(
    only: Annotated[str, typer.Option("--only", help="Sources by name, with commas: rss,edgar.")] = "",
    also: Annotated[str, typer.Option("--also", help="Optional sources too: gdelt,yahoo.")] = "",
    since: Annotated[str | None, typer.Option("--since", help="Ask from this day (UTC) on.")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="Parse the kept bytes again, without a network.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked for; ask nobody.")] = False,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Fetch what is new from all sources, build, check, publish, alert. Exit code 2 when a source failed or dried up."""
    flags = {"replay": replay, "dry_run": dry_run, "json": json}
    raise typer.Exit(_load("kb.cli.sourcing:run_nightly")(_home(home), only, also, since, **flags))


@app.command()
def sources(
    names: Annotated[list[str] | None, typer.Argument(help="Tell all about these.")] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """How the nightly sources are: last success, rows, gaps, what they need."""
    _load("kb.cli.sourcing:show_sources")(_home(home), names or [], json)


@app.command()
def build(
    start: Annotated[str, typer.Option("--from", help="read, events, mart, or the name of an SQL step.")] = "read",
    home: HomeOption = None,
) -> None:
    """Read new documents, form events, make the mart and publish it."""
    _load("kb.cli.writing:run_build_command")(_home(home), start)


@app.command()
def tag(
    file: Annotated[
        Path, typer.Argument(help="Text, one item a line, or CSV, JSONL, Parquet with a title; - is stdin.")
    ] = Path("-"),
    least_confidence: Annotated[
        float, typer.Option(help="Abstain (no types, note) where the chance of being right is less.")
    ] = 0.0,
) -> None:
    """Tag items with trigger types: one JSON line for each, in order."""
    _load("kb.cli.writing:run_tag")(file, least_confidence)


@evaluate.command("tagger")
def evaluate_tagger(
    gold: Annotated[Path, typer.Option("--gold", help="Labelled headlines, CSV.")],
    stage: Annotated[
        str, typer.Option(help="cascade, as the tagger runs, or one stage alone: fast or encoder.")
    ] = "cascade",
    json: JsonOption = False,
) -> None:
    """Measure the tagger on labelled headlines."""
    _load("kb.cli.scores:print_tagger_scores")(gold, stage, json)


@evaluate.command("attribution")
def evaluate_attribution(
    gold: Annotated[Path, typer.Option("--gold", help="Causes by day as people coded them, CSV.")],
    dates: Annotated[
        Path | None, typer.Option("--dates", help="CSV whose column `date` names the days to score.")
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Measure the attribution against people's coding, on the S&P 500."""
    _load("kb.cli.scores:print_attribution_scores")(_home(home), gold, dates, json)


@evaluate.command("moves")
def evaluate_moves(
    gold: Annotated[Path, typer.Option("--gold", help="Causes by day as people coded them, CSV.")],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Measure how many of the falls that people coded each rule on falls catches."""
    _load("kb.cli.scores:print_move_scores")(_home(home), gold, json)


@review.command()
def accept(
    date: DayArgument, type_: TypeArgument, why: WhyOption, who: WhoOption = "",
    market: MarketOption = None, home: HomeOption = None,
) -> None:  # fmt: skip
    """Accept a cause of an answer."""
    _load("kb.cli.reviewing:run_judge")(_home(home), "accept", date, type_, market, (who, why))


@review.command()
def reject(
    date: DayArgument, type_: TypeArgument, why: WhyOption, who: WhoOption = "",
    market: MarketOption = None, home: HomeOption = None,
) -> None:  # fmt: skip
    """Reject a cause of an answer: from the next build on it is no candidate for that session."""
    _load("kb.cli.reviewing:run_judge")(_home(home), "reject", date, type_, market, (who, why))


@review.command()
def cause(
    date: DayArgument, type_: TypeArgument, document: DocumentOption, why: WhyOption, who: WhoOption = "",
    market: MarketOption = None, home: HomeOption = None,
) -> None:  # fmt: skip
    """Name a cause of a session that a document gives."""
    _load("kb.cli.reviewing:run_cause")(_home(home), date, type_, market, document, (who, why))


@review.command()
def retag(
    document: Annotated[str, typer.Argument(help="Id of a document.")],
    types: Annotated[list[str], typer.Argument(help="Up to three trigger types, primary first, or none.")],
    why: WhyOption, who: WhoOption = "", home: HomeOption = None,
) -> None:  # fmt: skip
    """Give a document other types; they hold against any model."""
    _load("kb.cli.reviewing:run_retag")(_home(home), document, types, (who, why))


@review.command("list")
def list_reviews(
    disagreements: Annotated[bool, typer.Option(help="Only where people and machine disagree.")] = False,
    json: JsonOption = False, csv: CsvOption = False, home: HomeOption = None,
) -> None:  # fmt: skip
    """Reviews, the latest first, beside what the machine said then."""
    _load("kb.cli.reviewing:print_reviews")(_home(home), disagreements, json, csv)


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One SELECT over the mart; - reads it from stdin.")],
    json: JsonOption = False,
    csv: CsvOption = False,
    home: HomeOption = None,
) -> None:
    """Ask in SQL, read-only: whyfell sql "FROM why('2020-03-16')"."""
    _load("kb.cli.reading:print_sql")(_home(home), statement, json, csv)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder for the Parquet files.")],
    home: HomeOption = None,
) -> None:
    """Write every table as Parquet."""
    for path in _load("kb.export:export_mart")(_home(home), folder):
        typer.echo(path)


@app.command()
def doctor(json: JsonOption = False, home: HomeOption = None) -> None:
    """Examine a home: what is in it, whether it holds together, what looks wrong."""
    _load("kb.cli.reading:print_diagnosis")(_home(home), json)
