"""What a page's content keeps that its main text alone would lose: cells, captions, asides, lines, inline words."""

from __future__ import annotations

import pytest

from citeqa.index.formats import html
from citeqa.index.formats.markup import parse_html
from citeqa.index.formats.markup_lines import text_of

PROSE = (
    "The island of Tornholm lies eleven kilometres west of the mainland and has been settled since the middle ages, "
    "mostly by fishing families."
)
MORE = "Today the island has a school, a shop and a small brewery, and in summer the population grows to two thousand."


def _lines(inner: str) -> list[str]:
    """The lines of an article between two paragraphs of prose."""
    page = f"<html><body><article><h1>Tornholm</h1><p>{PROSE}</p>{inner}<p>{MORE}</p></article></body></html>"
    first, second, *lines, last = html.extract(page.encode()).text.split("\n")
    assert (first, second, last) == ("Tornholm", PROSE, MORE)
    return lines


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("<ul><li>10 to 13</li><li>15 to 18</li></ul>", "10 to 13 15 to 18"),
        ("<ol><li>10 to 13<li>15 to 18</ol>", "10 to 13 15 to 18"),
        ("<p>10 to 13</p><p>15 to 18</p>", "10 to 13 15 to 18"),
        ("10 to 13<br>15 to 18", "10 to 13 15 to 18"),
        ("<div>10 to <b>13</b></div>", "10 to 13"),
        ("<dl><dt>Morning</dt><dd>10 to 13</dd></dl>", "Morning 10 to 13"),
        ("<blockquote>10 to 13</blockquote>", "10 to 13"),
        ("", ""),
    ],
)
def test_a_row_is_a_line_whatever_its_cells_hold_and_what_follows_is_none_of_it(cell: str, words: str) -> None:
    table = f"<table><tr><th>Day</th><th>Hours</th></tr><tr><td>Monday</td><td>{cell}</td></tr></table>"
    row = f"Monday\t{words}" if words else "Monday"
    assert _lines(f"{table}<p>Closed in winter.</p>") == ["Day\tHours", row, "Closed in winter."]
    assert text_of(parse_html(f"<body>{table}Then.</body>").find("body")).endswith("\nThen.")


def test_captions_asides_and_closing_lines_of_an_article_are_content() -> None:
    assert _lines(
        '<figure><img src="x.jpg"><figcaption class="wp-caption">The mill in 1911.</figcaption></figure>'
        "<aside><p>The wheel is six metres wide.</p></aside>"
    ) == ["The mill in 1911.", "The wheel is six metres wide."]
    page = f"<article><h1>A</h1><p>{PROSE}</p><p>{MORE}</p><footer><p>Written by Lise Moen.</p></footer></article>"
    assert html.extract(page.encode()).text.endswith("\nWritten by Lise Moen.")


def test_an_aside_outside_the_article_or_full_of_links_is_none() -> None:
    links = "<aside><ul><li><a href='/a'>Read the other thing too</a></li></ul></aside>"
    assert _lines(links) == []
    page = f"<aside><p>Weather today</p></aside><article><h1>A</h1><p>{PROSE}</p><p>{MORE}</p></article>"
    assert "Weather" not in html.extract(page.encode()).text


@pytest.mark.parametrize("block", ["<pre><code>{}</code></pre>", "<pre>\n{}</pre>", "<pre><b>{}</b></pre>"])
def test_preformatted_lines_stay_lines(block: str) -> None:
    assert _lines(block.format("pump --prime\n  sleep  40\npump --start")) == [
        "pump --prime", "  sleep  40", "pump --start",
    ]  # fmt: skip


def test_lines_that_are_broken_by_elements_stay_lines_and_signs_of_the_page_are_not_touched() -> None:
    assert _lines("<pre>one<br>two</pre><p>Press ␤ and ␠ twice.</p>") == ["one", "two", "Press ␤ and ␠ twice."]


def test_words_of_inline_elements_stay_in_their_sentence() -> None:
    assert _lines("<p>It opened on <time datetime='2024-05-03'>3 May</time> at <output>ten</output> o'clock.</p>") == [
        "It opened on 3 May at ten o'clock."
    ]


def test_a_table_that_lays_out_a_page_keeps_its_paragraphs_apart() -> None:
    page = f"<table><tr><td><h1>Tornholm</h1><p>{PROSE}</p><p>{MORE * 9}</p></td></tr></table>"
    assert f"{PROSE}\n" in html.extract(page.encode()).text


@pytest.mark.parametrize("odd", ["\x1c", "&#28;", "&#x1;", "\x0c", "\uffff", "&#65534;"])
def test_control_characters_are_spaces(odd: str) -> None:
    page = f"<table><tr><th title='a{odd}b'>Tons{odd}a{odd}year</th><td>1{odd}200</td></tr></table>{odd}<p>{PROSE}</p>"
    assert "Tons a year\t1 200" in html.extract(page.encode()).text
