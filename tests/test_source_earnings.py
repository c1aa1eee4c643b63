"""Figures and guidance in the words of companies; the sentences are our own, in the ways companies write them."""

from __future__ import annotations

import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.earnings import Figures, read_figures
from ingest.sources.edgar_filings import find_headline
from ingest.sources.filing_text import cut_text, is_row, read_lines, split_sentences
from ingest.sources.guidance import Turn, read_guidance

# Earnings a share


@pytest.mark.parametrize(
    ("sentence", "gaap", "adjusted"),
    [
        ("Diluted earnings per share was $5.16 and increased 60%.", 5.16, None),
        ("Diluted EPS of $1.65 rose 12 percent.", 1.65, None),
        ("Earnings per diluted share were up 9% to $3.10, compared with $2.84.", 3.10, None),
        ("Net income was $13.2 billion, or $4.81 per diluted share.", 4.81, None),
        ("Net income was $44.2 million, or $0.89 per share ($0.88 per share on a diluted basis).", 0.88, None),
        ("Diluted loss per share was $(1.27).", -1.27, None),
        ("Net loss per diluted share of $0.43 in the quarter.", -0.43, None),
        ("Diluted earnings (loss) per share was $0.20.", 0.20, None),
        ("Non-GAAP diluted earnings per share was $4.14 and increased 24%.", None, 4.14),
        ("Adjusted EPS was $2.05.", None, 2.05),
        ("GAAP EPS of $0.77; adjusted EPS of $0.62.", 0.77, 0.62),
        ("Core EPS $1.88, up 2%.", None, 1.88),
        ("Diluted earnings per share was $4.14 on a non-GAAP basis.", None, 4.14),
        (
            "For the quarter, GAAP and non-GAAP earnings per diluted share were $0.76 and $0.81, respectively.",
            0.76,
            0.81,
        ),
        ("Diluted earnings per share on a GAAP basis was $5.16 and on a non-GAAP basis was $4.14.", 5.16, 4.14),
        (
            "Diluted earnings per share on a GAAP basis was $5.16, up 60%, and on a non-GAAP basis was $4.14, up 24%.",
            5.16,
            4.14,
        ),
        (
            "Net income increased to $21.2 billion, or $1.95 per diluted share, compared with $1.43 per diluted share.",
            1.95,
            None,
        ),
        ("Diluted earnings per share was $1.85, up 13 percent year over year on an adjusted basis.", 1.85, None),
        (
            "Net income for the third quarter of fiscal year 2025 was $1 billion, or $2.00 per diluted share.",
            2.00,
            None,
        ),
    ],
)
def test_earnings_are_read_where_they_are_stated(sentence, gaap, adjusted):
    """One sentence, one figure of each kind, a loss below zero."""
    figures = read_figures([sentence])
    assert (figures.gaap_eps, figures.adjusted_eps) == (gaap, adjusted)


@pytest.mark.parametrize(
    "sentence",
    [
        "The company expects diluted EPS of $1.30 to $1.40.",
        "Diluted EPS is forecast at a range of $1.30 - $1.40.",
        "For fiscal 2025, earnings per diluted share was $2.94.",
        "Full-year diluted EPS was $13.64.",
        "Net income for the 39-week period was $118.3 million, or $2.35 per diluted share.",
        "In the prior-year quarter, diluted EPS was $1.04.",
        "Earnings included a charge of $0.12 per diluted share.",
        "The board declared a dividend of $0.91 per share.",
        "Net income and diluted earnings per share rose by $7.64 billion and $1.02, respectively.",
        "Earnings per share were $2.10.",
        "Diluted earnings per share grew strongly.",
    ],
)
def test_what_is_no_earnings_of_the_quarter_is_left(sentence):
    """Forecasts, longer periods, earlier quarters, parts, dividends, and a share that is not said to be diluted."""
    figures = read_figures([sentence])
    assert (figures.gaap_eps, figures.adjusted_eps) == (None, None)


def test_two_figures_for_one_thing_are_none():
    """Stated twice alike it stands; stated differently nobody knows."""
    assert read_figures(["Diluted EPS was $1.10.", "Diluted EPS was $1.10."]).gaap_eps == 1.10
    assert read_figures(["Diluted EPS was $1.10.", "Diluted EPS was $1.20."]).gaap_eps is None


def test_what_stands_under_a_heading_of_the_year_is_not_of_the_quarter():
    """The fourth quarter's report tells of the year too, in the same words under its own heading."""
    quarter = [
        "Results for the quarter ended June 30, 2026, as compared to last fiscal year:",
        "Diluted earnings per share was $4.81",
    ]
    year = ["Fiscal Year 2026 Results", "Revenue was $331.8 billion", "Diluted earnings per share was $17.95"]
    back = ["Fourth Quarter Highlights", "Revenue was $90.0 billion"]
    assert read_figures(quarter + year + back) == Figures(gaap_eps=4.81, revenue="90.0 billion", period="2026-06-30")


TABLE = [
    "(In millions, except per share amounts)", "Three Months Ended December 31,", "{years}", "Revenue\t$\t100\t$\t90",
    "Earnings per share:", "Basic\t$\t0.90\t$\t1.10", "Diluted\t$\t0.88\t$\t1.04",
]  # fmt: skip


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        ("2025\t2024\t% Change", 0.88),
        ("2024\t2025", 1.04),
        ("2025\t2024\t2025\t2024", 0.88),
        ("2025\t2025", None),
        ("Q4\tQ3", None),
    ],
)
def test_a_table_is_read_by_the_years_of_its_heading(years, expected):
    """The later year's column, on whichever side it stands; none where the heading does not tell."""
    assert read_figures([line.format(years=years) for line in TABLE]).gaap_eps == expected


@pytest.mark.parametrize(
    "heading", ["Year Ended December 31,", "Nine Months Ended and Three Months Ended", "December 31,"]
)
def test_a_table_of_another_period_is_left(heading):
    """The quarter must be named, and first."""
    lines = [line.format(years="2025\t2024") for line in TABLE]
    lines[1] = heading
    assert read_figures(lines).gaap_eps is None


def test_a_table_of_adjusted_figures_is_not_gaap():
    """A reconciliation gives nothing, and tells that the company adjusts."""
    lines = [line.format(years="2025\t2024") for line in TABLE[:4]] + [
        "Non-GAAP earnings per share - diluted\t$\t0.95\t$\t1.00"
    ]
    assert read_figures(lines) == Figures(period="2025-12-31", mixed=True)


# Revenue and quarter


@pytest.mark.parametrize(
    ("sentence", "revenue"),
    [
        ("Revenue was $81.3 billion and increased 17%", "81.3 billion"),
        (
            "The company reported record revenue for the third quarter ended October 26, 2025, of $57.0 billion, up 22%.",
            "57.0 billion",
        ),
        (
            "Net sales increased 13% to $180.2 billion in the third quarter, compared with $158.9 billion.",
            "180.2 billion",
        ),
        ("The Company posted quarterly revenue of $102.5 billion.", "102.5 billion"),
        ("Total revenues of $1,234.5 million were a record.", "1234.5 million"),
        ("Microsoft Cloud revenue was $51.5 billion.", ""),
        ("Record Data Center revenue of $51.2 billion.", ""),
        ("Comparable store net sales rose to $2.1 billion.", ""),
        ("Revenue is expected to be $65.0 billion.", ""),
        ("Full-year revenue was $300 billion.", ""),
    ],
)
def test_revenue_is_that_of_the_whole_company_in_the_quarter(sentence, revenue):
    """Not of a segment, not of the year, not a forecast."""
    assert read_figures([sentence]).revenue == revenue


@pytest.mark.parametrize(
    ("line", "period"),
    [
        ("Nvidia Announces Financial Results for Third Quarter Fiscal 2026", "2026-Q3"),
        ("Results for the second quarter of fiscal year 2026", "2026-Q2"),
        ("FIRST-QUARTER 2025 NET INCOME", "2025-Q1"),
        ("Q1 2026 results", "2026-Q1"),
        ("Tesla 2025 Q4 update", "2025-Q4"),
        ("Results of the quarter ended December 31, 2025, were", "2025-12-31"),
        ("three months ended Smarch 31, 2025", ""),
        ("Another fine quarter", ""),
    ],
)
def test_the_quarter_is_the_companys_own(line, period):
    """Its fiscal quarter, else the last day of it."""
    assert read_figures([line]).period == period


# Guidance


@pytest.mark.parametrize(
    ("sentence", "turn"),
    [
        ("We raised our full-year 2025 revenue guidance to $10 billion.", Turn.RAISED),
        ("The company is increasing its fiscal 2026 EPS outlook.", Turn.RAISED),
        ("Full-year guidance raised.", Turn.RAISED),
        ("The company now expects 2026 sales of $10 billion, up from its previous outlook.", Turn.RAISED),
        ("The company lowers its fiscal 2026 EPS outlook.", Turn.CUT),
        ("It expects sales of $10 billion, down from its previous guidance of $11 billion.", Turn.CUT),
        ("The carrier is withdrawing its fiscal year 2023 earnings forecast.", Turn.WITHDRAWN),
        ("The insurer revised its 2025 outlook to net earnings of $15 a share.", Turn.REVISED),
        ("Management reaffirmed its full-year guidance.", Turn.KEPT),
        ("Revenue is expected to be $65.0 billion, plus or minus 2%.", Turn.GIVEN),
        ("We expect 2026 capital expenditures to be in the range of $115-135 billion.", Turn.GIVEN),
        ("Microsoft will provide forward-looking guidance on its call.", None),
        ("Increased demand improved our outlook.", None),
        ("We undertake no obligation to update our guidance, which could cause reduced forecasts.", None),
        ("The company did not raise its guidance.", None),
        ("The company expects revenue to grow.", None),
        ("We cut prices.", None),
    ],
)
def test_guidance_turns(sentence, turn):
    """Raised, cut, kept, withdrawn, given with a figure; caution of lawyers and plain talk are none."""
    guidance = read_guidance([sentence])
    assert (guidance.turn if guidance else None) == turn
    assert guidance is None or guidance.sentence == sentence


def test_the_strongest_turn_counts():
    """A raise beside a cut is mixed and shows the cut; a withdrawal outweighs both; giving counts last."""
    raised, cut = "It raised its revenue guidance.", "It lowered its margin outlook."
    given_, gone = "It expects sales of $5 billion.", "It suspended its guidance."
    assert read_guidance([given_, raised]).turn is Turn.RAISED
    assert (read_guidance([raised, cut]).turn, read_guidance([raised, cut]).sentence) == (Turn.MIXED, cut)
    assert read_guidance([raised, cut, gone]).turn is Turn.WITHDRAWN


# Text


def test_html_becomes_lines_and_rows():
    """Blocks are lines, rows of tables have their cells parted by tabs, what is hidden stays hidden."""
    text = (
        "<html><head><title>no</title></head><body><div style='display: none'>hidden</div>"
        "<p>One <b>bold</b>\nline&nbsp;&amp; more</p>"
        "<table><tr><td><div>Diluted</div></td><td>$</td><td>0.88</td><td></td></tr></table>Last<br>line</body></html>"
    )
    assert read_lines(text) == ["One bold line & more", "Diluted\t$\t0.88", "Last", "line"]


def test_plain_text_of_old_filings_is_joined_into_paragraphs():
    """Lines of a paragraph are one; a table keeps its lines, and its columns are cells."""
    table = "<TABLE>\nRevenue ......  $100     $90\nNet income      $10      $8\n</TABLE>\n"
    text = "A company said that\nits results were good.\n\n" + table
    assert read_lines(text) == [
        "A company said that its results were good.",
        "Revenue\t$100\t$90",
        "Net income\t$10\t$8",
    ]


def test_a_pdf_printed_as_text_gives_no_lines():
    """Some exhibits are archives in letters."""
    assert read_lines("<PDF>\nbegin 644 x.pdf\nM)5!$1BTQ\n</PDF>") == []


def test_sentences_leave_rows_out_and_end_at_bullets():
    """Prose only; a bullet in a table of one row is prose."""
    assert is_row("Diluted\t$\t0.88")
    assert not is_row("•\tRevenue was $1 billion")
    assert split_sentences(["Net\t1\t2", "•\tSales rose. Costs fell; Margins held. • More"]) == [
        "Sales rose.", "Costs fell;", "Margins held.", "More",
    ]  # fmt: skip


def test_text_is_cut_after_a_sentence_or_a_word():
    """Never within a word, never longer than asked."""
    assert cut_text("short", 10) == "short"
    assert cut_text("One sentence here. Another one that is long", 25) == "One sentence here."
    assert cut_text("one two three four five", 12) == "one two…"


def test_a_headline_is_the_first_line_that_reads_as_one():
    """Exhibit numbers, dates of release, contacts, addresses and company names are passed over; running text ends the search."""
    before = [
        "EX-99.1",
        "For Immediate Release: January 28",
        "Investor Relations: ir@example.org",
        "1 Some Street, Kearney, NE 68845",
        "Acme Inc.",
    ]
    assert find_headline([*before, "Acme Reports a Good Fourth Quarter"]) == "Acme Reports a Good Fourth Quarter"
    assert find_headline([*before, "word " * 60, "Acme Reports a Good Fourth Quarter"]) == ""


@given(st.text(max_size=2_000))
def test_any_text_is_read(text):
    """No text raises."""
    lines = read_lines(text)
    assert all(line == line.strip() and line for line in lines)
    assert isinstance(read_figures(lines), Figures)
    read_guidance(lines)


@given(st.text(alphabet="$().,0123456789 abdeilnprstu", max_size=1_500))
def test_the_patterns_do_not_run_away(text):
    """Letters and signs that figures are made of, in any order, are read within Hypothesis's limit of time."""
    read_figures([text, "diluted earnings per share " + text])
    read_guidance(["expects revenue " + text])


def test_captured_release_of_2024():
    """Buckle, third quarter of fiscal 2024: $0.88 diluted ($0.89 is basic), sales $293.6 million, no guidance."""
    path = SHARED / "feeds" / "edgar" / "8k" / "BuckleInc.8-K.EX99.1.html"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    lines = read_lines(path.read_text("utf-8"))
    assert read_figures(lines) == Figures(gaap_eps=0.88, revenue="293.6 million", period="2024-Q3")
    assert read_figures([line for line in lines if is_row(line) or len(line) < 80]).gaap_eps == 0.88  # the table alone
    assert read_guidance(lines) is None


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("0001104659-03-004925.html", "Item 9. Regulation FD Disclosure"),
        ("Oracle.8-K.html", "Oracle Corporation"),
        ("BuckleInc.8-K.html", "ITEM 2.02. Results of Operations and Financial Condition"),
    ],
)
def test_captured_forms_are_read_line_by_line(name, line):
    """Forms of 2003 and 2024 by three makers of HTML; hidden headers of XBRL leave nothing."""
    path = SHARED / "feeds" / "edgar" / "8k" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    lines = read_lines(path.read_text("utf-8", "replace"))
    assert line in lines
    assert lines[0] == "UNITED STATES"
    assert not any("us-gaap" in text for text in lines)
