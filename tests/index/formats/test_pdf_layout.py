"""What is read of a PDF's page: columns, tables, raised characters, broken words, forms, headers and footers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made_files import Placed, helvetica, pdf, placed_pdf

from citeqa.index.documents.corpus import document
from citeqa.index.formats import pdf as pdf_format
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.pdf import extract
from citeqa.index.formats.pdf_lines import Line, Segment
from citeqa.index.formats.pdf_paragraphs import Words

SIZE, PITCH = 11, 14
MAREN = [
    "The ferry Maren was", "launched at Tverrvik in", "1952 and carried mail", "between the islands for",
    "thirty-one years. Her", "first captain was Odd", "Solheim.",
]  # fmt: skip
SUNNIVA = [
    "The ferry Sunniva came", "later. She was bought", "second-hand in 1983", "from a yard in Gdansk",
    "and sailed until 2004.", "Her captain was Berit", "Haugland.",
]  # fmt: skip
THIRD = [
    "The ferry Thea was the", "last one to be built at", "the yard, and her crew", "of nine men lived in a",
    "cabin below the deck. A", "cook came on board in", "May.",
]  # fmt: skip


def _column(lines: Sequence[str], left: float, top: float = 700.0, size: float = SIZE) -> list[Placed]:
    return [(left, top - PITCH * number, size, text) for number, text in enumerate(lines)]


def _row_by_row(*columns: list[Placed]) -> list[Placed]:
    """The texts of columns in the order of their rows."""
    longest = max(map(len, columns))
    return [column[row] for row in range(longest) for column in columns if row < len(column)]


def _text(*pages: list[Placed]) -> str:
    return extract(placed_pdf(*pages)).text


def _prose(lines: Sequence[str]) -> str:
    return " ".join(lines)


# --- columns


@pytest.mark.parametrize("lower", [0.0, 3.0, 7.0], ids=lambda by: f"right column {by:g} points lower")
def test_columns_that_are_drawn_line_by_line_are_read_one_after_the_other(lower: float) -> None:
    page = _row_by_row(_column(MAREN, 60), _column(SUNNIVA, 320, 700 - lower))
    assert _text(page).split("\n") == [_prose(MAREN), _prose(SUNNIVA)]


def test_three_columns_a_heading_and_a_closing_line_come_in_order() -> None:
    columns = _row_by_row(_column(MAREN, 40), _column(SUNNIVA, 230), _column(THIRD, 420))
    heading = [(40.0, 740.0, 20.0, "The three ferries of the sound")]
    closing = [
        (40.0, 560.0, 11.0, "All three ferries were sold in the end, and not one of them is left in the sound today.")
    ]
    assert _text([*heading, *columns, *closing]).split("\n") == [
        heading[0][3], _prose(MAREN), _prose(SUNNIVA), _prose(THIRD), closing[0][3],
    ]  # fmt: skip


def test_columns_that_are_drawn_one_after_the_other_stay_so() -> None:
    assert _text(_column(MAREN, 60) + _column(SUNNIVA, 320)).startswith("The ferry Maren was launched")
    joined = _text(_column(MAREN, 60) + _column(SUNNIVA, 320)).replace("\n", " ")
    assert joined == f"{_prose(MAREN)} {_prose(SUNNIVA)}"


def test_a_columns_broken_words_are_whole() -> None:
    left = [
        "The keeper of the light-",
        "house at Fossum kept a",
        "diary, and all of its vol-",
        "umes lie in the archive.",
    ]
    page = _row_by_row(_column(left, 60), _column(SUNNIVA[:4], 320))
    assert "lighthouse" in _text(page)
    assert "volumes" in _text(page)


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 7), st.integers(3, 7), st.sampled_from([40.0, 60.0]), st.sampled_from([250.0, 330.0]))
def test_no_line_of_two_columns_holds_words_of_both(left: int, right: int, at: float, gutter: float) -> None:
    page = _row_by_row(_column(MAREN[:left], at), _column(SUNNIVA[:right], gutter))
    text = _text(page).replace("\n", " ")
    assert _prose(MAREN[:left]) in text
    assert _prose(SUNNIVA[:right]) in text


def _justified(words: str, left: float, top: float, size: float, width: float, indent: float = 0.0) -> list[Placed]:
    """Words one by one, in lines that are as wide as their column, but for the last one."""
    lines: list[list[str]] = [[]]
    for word in words.split():
        room = width - (indent if len(lines) == 1 else 0)
        if lines[-1] and helvetica(" ".join([*lines[-1], word]), size) > room:
            lines.append([])
        lines[-1].append(word)
    placed = list[Placed]()
    for number, line in enumerate(lines):
        at = left + (0 if number else indent)
        free = left + width - at - sum(helvetica(word, size) for word in line)
        blank = free / (len(line) - 1) if len(line) > 1 and number < len(lines) - 1 else 0.278 * size
        for word in line:
            placed.append((at, top - 1.2 * size * number, size, word))
            at += helvetica(word, size) + blank
    return placed


@pytest.mark.parametrize("indent", [0.0, 12.0])
@pytest.mark.parametrize(("size", "gutter"), [(9, 8), (9, 20), (10, 10), (11, 8), (12, 8), (12, 12)])
def test_columns_of_justified_words_come_apart_at_a_narrow_gutter(size: float, gutter: float, indent: float) -> None:
    width = (512 - gutter) / 2
    left, right = _prose(MAREN), _prose(SUNNIVA)
    columns = [
        _justified(f"{left} {_prose(THIRD)}", 50, 700, size, width, indent),
        _justified(f"{right} {_prose(THIRD)}", 50 + width + gutter, 700, size, width, indent),
    ]
    page = sorted((word for column in columns for word in column), key=lambda word: (-word[1], word[0]))
    assert " ".join(_text(page).split()) == f"{left} {_prose(THIRD)} {right} {_prose(THIRD)}"


@settings(max_examples=15, deadline=None)
@given(st.permutations(_prose([*MAREN, *SUNNIVA, *THIRD]).split()), st.sampled_from([220.0, 300.0, 500.0]))
def test_wide_blanks_of_justified_words_are_no_gutter(words: list[str], width: float) -> None:
    assert " ".join(_text(_justified(" ".join(words), 50, 700, 10, width)).split()) == " ".join(words)


HOURS = ["Opening hours", "Monday 10 to 16", "Tuesday 10 to 18", "Closed in July"]


@pytest.mark.parametrize(("prose", "beside"), [(60, 320), (320, 60)], ids=["on the right", "on the left"])
def test_a_list_that_stands_beside_prose_is_not_in_its_sentences(prose: float, beside: float) -> None:
    text = _text(_row_by_row(*sorted([_column(MAREN, prose), _column(HOURS, beside)])))
    assert _prose(MAREN) in text.split("\n")
    assert text.replace(_prose(MAREN), "").split("\n") == ["", *HOURS] if prose < beside else [*HOURS, ""]


def test_terms_stand_before_what_explains_them() -> None:
    crane, pump = (
        ["It lifts twelve tonnes and was", "bought in 1987."],
        ["It gives forty litres a second", "and was mended in May."],
    )
    page = [
        (60.0, 700.0, 11.0, "Crane"), *_column(crane, 160), (60.0, 650.0, 11.0, "Pump"), *_column(pump, 160, 650),
    ]  # fmt: skip
    assert _text(page).split("\n") == [f"Crane {_prose(crane)}", f"Pump {_prose(pump)}"]


# --- tables


def _table(rows: Sequence[Sequence[str]], lefts: Sequence[float], top: float = 700.0) -> list[Placed]:
    return [
        (left, top - PITCH * number, SIZE, cell)
        for number, row in enumerate(rows)
        for left, cell in zip(lefts, row, strict=False)
        if cell
    ]


ROWS = [["part", "in stock", "price"], ["bolts", "412", "4.50"], ["washers", "1300", "0.20"], ["cleats", "64", "22.75"]]
WIDE = [
    "The store at Kvarnby serves the three yards on the river and is open on every weekday from seven",
    "in the morning until four in the afternoon, except in July, when it closes at noon.",
]


def test_a_row_of_a_table_is_a_line_though_it_begins_with_a_small_letter() -> None:
    page = _column(WIDE, 78) + _table(ROWS, [150, 250, 350], 650)
    assert _text(page).split("\n") == [_prose(WIDE), *map("\t".join, ROWS)]


def test_cells_of_words_and_empty_cells_stay_in_their_rows() -> None:
    rows = [["keeper", "boat"], ["aslak boe", "maren"], ["", "no boat"], ["inga boe", "sunniva"]]
    assert _text(_table(rows, [72, 300])).split("\n") == [
        "keeper\tboat",
        "aslak boe\tmaren",
        "\tno boat",
        "inga boe\tsunniva",
    ]


def test_an_empty_cell_between_others_keeps_its_place() -> None:
    rows = [["part", "in stock", "price"], ["bolts", "412", "4.50"], ["hinges", "", "18.00"], ["cleats", "64", ""]]
    found = extract(placed_pdf(_table(rows, [72, 200, 300])))
    assert found.text.split("\n") == ["part\tin stock\tprice", "bolts\t412\t4.50", "hinges\t\t18.00", "cleats\t64"]
    columns = {found.text[cell.span.start : cell.span.end]: cell.column for cell in found.structure.tables[0].cells}
    assert columns["18.00"] == columns["price"] == 2


WRAPPED = [
    ["Part", "What it is for", "Price"], ["Washer", "Round, of steel, for the bolts of", "0.20"],
    ["", "the crane and the slip", ""], ["Hinge", "For doors of the Kvarnby store,", "18.00"],
    ["", "with two screws", ""],
]  # fmt: skip


@pytest.mark.parametrize("more", [0, 6], ids=lambda more: f"{more} points more between rows")
def test_a_row_of_several_lines_is_one(more: int) -> None:
    lines = _table(WRAPPED, [72, 150, 400])
    moved = [(left, base - more * sum(base <= 700 - PITCH * n for n in (1, 3)), *rest) for left, base, *rest in lines]
    assert _text(moved).split("\n") == [  # type: ignore[arg-type]
        "Part\tWhat it is for\tPrice",
        "Washer\tRound, of steel, for the bolts of the crane and the slip\t0.20",
        "Hinge\tFor doors of the Kvarnby store, with two screws\t18.00",
    ]


@pytest.mark.parametrize("middle", [0.0, 7.0], ids=["at the top", "in the middle"])
def test_a_table_that_is_drawn_cell_by_cell_keeps_its_rows(middle: float) -> None:
    """As browsers draw it: all lines of a cell, then those of the next one."""
    page = [
        (72.0, 700.0, 11.0, "Part"), (150.0, 700.0, 11.0, "What it is for"), (400.0, 700.0, 11.0, "Price"),
        *_column(["Washers", "of steel"], 72, 680),
        *_column(["Round, for bolts of the crane;", "Ask before you"], 150, 680),
        (400.0, 680.0 - middle, 11.0, "0.20"),
        (72.0, 640.0 - middle, 11.0, "Cleats"), *_column(["Of brass, for the quay, and the", "Outer mole"], 150, 640),
        (400.0, 640.0 - middle, 11.0, "22.75"),
        (72.0, 610.0, 11.0, "All this is in the old store at Kvarnby."),
    ]  # fmt: skip
    assert _text(page).split("\n") == [
        "Part\tWhat it is for\tPrice",
        "Washers of steel\tRound, for bolts of the crane; Ask before you\t0.20",
        "Cleats\tOf brass, for the quay, and the Outer mole\t22.75",
        "All this is in the old store at Kvarnby.",
    ]


@pytest.mark.parametrize("more", [0, 6], ids=lambda more: f"{more} points more between pairs of rows")
def test_rows_of_small_letters_are_not_taken_for_lines_of_one_row(more: int) -> None:
    rows = [
        ["part", "where it is"], ["long bolts of steel", "on the shelf by the door"], ["round washers", "in the shed"],
        ["brass hinges for doors", "in the loft of the mill"], ["cleats", "in the loft"],
    ]  # fmt: skip
    lines = _table(rows, [72, 300])
    moved = [(left, base - more * sum(base <= 700 - PITCH * n for n in (1, 3)), *rest) for left, base, *rest in lines]
    assert _text(moved).split("\n") == list(map("\t".join, rows))  # type: ignore[arg-type]


def test_a_list_of_small_letters_is_no_prose() -> None:
    assert _text(_column(["bolts", "washers", "hinges", "cleats"], 72)) == "bolts\nwashers\nhinges\ncleats"
    page = _column(WIDE, 78) + _column(["bolts and nuts", "washers", "hinges"], 78, 640)
    assert _text(page).split("\n")[1:] == ["bolts and nuts", "washers", "hinges"]


def test_a_numbered_list_keeps_its_sentences_whole() -> None:
    marks = [(72.0, 700.0, 11.0, "1."), (72.0, 672.0, 11.0, "2.")]
    words = _column(
        ["Close the sea cocks of the boat before you leave the", "harbour.", "Call the keeper at six."], 110
    )
    page = [marks[0], words[0], words[1], marks[1], words[2]]
    assert "before you leave the harbour." in _text(page)


# --- raised and lowered characters


def _with_raised(size: float, rise: float) -> bytes:
    drawn = (
        f"/F1 11 Tf 72 700 Td (It holds 4 \xd7 10) Tj /F1 {size} Tf {rise} Ts (7) Tj /F1 11 Tf 0 Ts ( grains, 12 m) Tj "
    )
    drawn += f"/F1 {size} Tf {rise} Ts (2) Tj /F1 11 Tf 0 Ts ( wide, CO) Tj"
    drawn += f"/F1 {size} Tf -2 Ts (2) Tj /F1 11 Tf 0 Ts ( out.) Tj"
    return placed_pdf([], more=f"BT {drawn} ET".replace("\xd7", "\\327"))


@pytest.mark.parametrize(("size", "rise"), [(7, 4), (8, 5), (6, 3), (7, 6)])
def test_an_exponent_is_raised(size: float, rise: float) -> None:
    assert extract(_with_raised(size, rise)).text == "It holds 4 × 10⁷ grains, 12 m² wide, CO₂ out."


def _risen(*pieces: tuple[str, float, float]) -> str:
    """The text of a page with one line of these pieces, each of a size and so far above the line."""
    drawn = "".join(f"/F1 {size} Tf {rise} Ts ({text}) Tj " for text, size, rise in pieces)
    return extract(placed_pdf([], more=f"BT 72 700 Td {drawn}ET")).text


@pytest.mark.parametrize(
    ("above", "stroke", "below"),
    [
        ((7, 4), (11, 0), (7, -2)), ((8, 4), (8, 0), (8, -1.5)), ((11, 4), (11, 0), (11, -4)), ((7, 4), (7, 2), (7, 0)),
        ((7, 4), (11, 0), (7, 0)),
    ],
)  # fmt: skip
def test_a_raised_number_a_stroke_and_a_lowered_number_are_a_fraction(
    above: tuple[float, float], stroke: tuple[float, float], below: tuple[float, float]
) -> None:
    whole, behind = ("It is a 3", 11, 0), (" inch pipe.", 11, 0)
    assert _risen(whole, ("1", *above), ("/", *stroke), ("2", *below), behind) == "It is a 3 1/2 inch pipe."
    assert _risen(whole, (" ", 11, 0), ("11", *above), ("/", *stroke), ("16", *below), behind) == (
        "It is a 3 11/16 inch pipe."
    )


@pytest.mark.parametrize(
    ("pieces", "written"),
    [
        ([("10", 11, 0), ("-3", 7, 4), ("/2", 11, 0)], "10⁻³/2"),
        ([("12 m", 11, 0), ("2", 7, 4), ("/", 11, 0), ("3", 7, -2)], "12 m²/₃"),
        ([("CO", 11, 0), ("2", 7, -2), ("/H", 11, 0), ("2", 7, -2)], "CO₂/H₂"),
        ([("10", 11, 0), ("6", 7, 4), ("/s and 10", 11, 0), ("6", 7, 4), ("/10", 11, 0)], "10⁶/s and 10⁶/10"),
        ([("in 1952", 11, 0), ("1", 7, 4), ("/1953", 11, 0), ("2", 7, 4)], "in 1952¹/1953²"),
    ],
)
def test_what_is_no_fraction_keeps_its_exponents_and_marks(
    pieces: list[tuple[str, float, float]], written: str
) -> None:
    assert _risen(("It is ", 11, 0), *pieces, (" by the quay of Fossum.", 11, 0)) == (
        f"It is {written} by the quay of Fossum."
    )


def test_a_sentence_goes_on_though_a_raised_character_moves_its_lines_apart() -> None:
    lines = ["The ferry left the quay for the last time on the morning of the 21", "May 1984, and nobody saw it go."]
    rest = ["The crew went home by train, and the boat lay in the yard", "of Gdansk for a year before it was sold."]
    page = [(72.0, 700.0, 11.0, lines[0]), (72.0, 678.0, 11.0, lines[1]), *_column(rest, 72, 664)]
    assert _prose(lines) in _text(page)


def test_notes_marks_are_raised_and_a_note_begins_with_its_mark() -> None:
    page: list[Placed] = [
        (72, 700, 11, "The mill was built in 1952"), (195.3, 704, 7, "1"), (199.2, 700, 11, " and sold later."),
        (72, 100, 6, "1"), (76, 97, 9, "See the minutes of the board."),
    ]  # fmt: skip
    assert _text(page).split("\n") == ["The mill was built in 1952¹ and sold later.", "¹See the minutes of the board."]


def test_small_capitals_and_initials_are_not_raised() -> None:
    page: list[Placed] = [
        (72, 700, 30, "O"), (96, 700, 11, "nce upon a time there was a mill at Fossum."), (72, 660, 11, "A"),
        (79.5, 660, 8, "NNO 1952"),
    ]  # fmt: skip
    assert _text(page).split("\n") == ["Once upon a time there was a mill at Fossum.", "ANNO 1952"]


# --- broken words


@pytest.mark.parametrize(
    ("before", "after", "elsewhere", "between"),
    [
        ("the state-of", "the-art radar", "", "-"),
        ("the long", "term lease", "Every long-term lease", "-"),
        ("the long", "term lease", "a longterm lease, longterm, long-term", ""),
        ("the light", "house keeper", "", ""),
        ("the inter", "national prize", "an international prize", ""),
        ("a well", "to-do man", "", "-"),
        ("the Anglo", "American society", "", "-"),
        ("in 1914", "1918", "", "-"),
        ("the co", "operative", "a co-operative shop and the cooperative, the co-operative", "-"),
    ],
)
def test_a_broken_word_is_written_as_elsewhere_in_the_file(
    before: str, after: str, elsewhere: str, between: str
) -> None:
    words = Words([[Line([Segment(elsewhere, 0, 1)], 0, 1)], [Line([Segment(before, 0, 1)], 0, 1, broken=True)]])
    assert words.joined(before, after) == between


def test_a_hyphen_that_waits_for_its_word_stays() -> None:
    lines = ["The shop is open to every short-", "and long-distance traveller who comes by."]
    assert extract(pdf(lines)).text == "The shop is open to every short- and long-distance traveller who comes by."


# --- forms


def test_values_of_a_form_stand_behind_their_labels() -> None:
    page: list[Placed] = [
        (60, 740, 14, "Application for a mooring"), (60, 700, 11, "Name of the boat:"), (60, 670, 11, "Length:"),
        (300, 670, 11, "Draught:"), (60, 640, 11, "Remarks"),
    ]  # fmt: skip
    fields = [
        ("remarks", "Arrives in May,\nleaves in June", (60.0, 600.0, 400.0, 632.0)),
        ("draught", "2.1 m", (360.0, 665.0, 500.0, 682.0)),
        ("name", "Stella (Polaris)", (160.0, 695.0, 400.0, 712.0)),
        ("length", "9 m", (110.0, 665.0, 290.0, 682.0)),
        ("empty", "", (110.0, 565.0, 290.0, 582.0)),
    ]
    text = extract(placed_pdf(page, fields=fields)).text
    assert text.split("\n") == [
        "Application for a mooring", "Name of the boat: Stella (Polaris)", "Length: 9 m Draught: 2.1 m", "Remarks",
        "Arrives in May, leaves in June",
    ]  # fmt: skip


# --- headers and footers


def _report(pages: int, header: str = "Annual report", footer: str = "Page {}", first: int = 1) -> list[list[Placed]]:
    bodies = [
        "The harbour opens in May",
        "The mill closes in June",
        "The school begins in August",
        "Snow comes in December",
    ]
    return [
        [
            (72, 750, 9, header.format(number + first)),
            (72, 600, 11, f"{bodies[number % 4]} and number {number * number + 3} is drawn."),
            (280, 40, 9, footer.format(number + first)),
        ]
        for number in range(pages)
    ]


def _boilerplate(found: Extracted) -> list[str]:
    return [found.text[span.start : span.end] for span in found.boilerplate]


@pytest.mark.parametrize("first", [1, 7])
@pytest.mark.parametrize("pages", [2, 3, 5])
def test_the_same_line_on_most_pages_is_boilerplate_and_no_title(pages: int, first: int) -> None:
    found = extract(placed_pdf(*_report(pages, first=first)))
    expected = [line for number in range(pages) for line in ("Annual report", f"Page {number + first}")]
    assert _boilerplate(found) == expected
    made = document("a", found.text, file_sha256="0", boilerplate=found.boilerplate)
    assert made.title.startswith("The harbour opens in May")
    assert "Annual report\nThe harbour opens in May and number 3 is drawn.\nPage" in made.text


def test_left_and_right_pages_and_chapters_have_headers_of_their_own() -> None:
    pages = _report(8)
    for number, page in enumerate(pages):
        page[0] = (72, 750, 9, "Odd" if number % 2 else "Even")
    assert _boilerplate(extract(placed_pdf(*pages)))[::2] == ["Even", "Odd"] * 4
    for number, page in enumerate(pages):
        page[0] = (72, 750, 9, "Chapter one" if number < 4 else "Chapter two")
    assert _boilerplate(extract(placed_pdf(*pages)))[::2] == ["Chapter one"] * 4 + ["Chapter two"] * 4


def test_roman_page_numbers_and_first_pages_without_a_header() -> None:
    pages = _report(4, footer="{}")
    for page, roman in zip(pages, ["i", "ii", "iii", "iv"], strict=True):
        page[2] = (300, 40, 9, roman)
    del pages[0][0]
    assert _boilerplate(extract(placed_pdf(*pages))) == [
        "i",
        "Annual report",
        "ii",
        "Annual report",
        "iii",
        "Annual report",
        "iv",
    ]


def test_numbers_that_do_not_count_and_lines_inside_the_page_are_text() -> None:
    pages = _report(4, footer="Total {} kroner")
    for page, total in zip(pages, [411, 35, 972, 16], strict=True):
        page[2] = (280, 40, 9, f"Total {total} kroner")
        page.append((72, 400, 11, "This sentence stands on each page."))
    assert _boilerplate(extract(placed_pdf(*pages))) == ["Annual report"] * 4


def test_a_file_whose_pages_are_all_alike_is_read() -> None:
    assert _boilerplate(extract(placed_pdf(*[[(72.0, 750.0, 11.0, "Herons nest in May.")]] * 3))) == []


# --- pages that are pictures

PICTURE = "q 560 0 0 700 20 20 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x41 EI Q"


@pytest.mark.slow
def test_pages_without_text_but_with_a_picture_are_named() -> None:
    found = extract(
        placed_pdf([(72, 700, 11, "The lease ends in May, and it is renewed each year by the parish.")], [], [])
    )
    assert found.notes == ()
    pages = [[(72.0, 700.0, 11.0, "The lease ends in May, and it is renewed each year by the parish, or not.")], [], []]
    data = placed_pdf(*pages, more=PICTURE)
    assert extract(data).notes == ("pages 2 and 3 hold no text; are they scanned?",)


@pytest.mark.slow
def test_a_page_with_hardly_any_text_beside_a_large_picture_is_named() -> None:
    long = (72.0, 700.0, 11.0, "The lease ends in May, and it is renewed each year by the parish, or not.")
    data = placed_pdf([long], [(72, 40, 8, "Scan 17")], [long], more=PICTURE)
    assert extract(data).notes == ("page 2 holds little text beside a picture; is it scanned?",)


# --- pages that are turned


def test_a_page_whose_text_runs_upwards_is_read_like_any_other() -> None:
    lines = "".join(
        f"BT /F1 11 Tf 0 1 -1 0 {72 + PITCH * number} {left} Tm ({text}) Tj ET "
        for number in range(5)
        for left, text in ((72, MAREN[number]), (332, SUNNIVA[number]))
    )
    assert extract(placed_pdf([], more=lines)).text.startswith(_prose([*MAREN[:5], *SUNNIVA[:5]]))


# --- very long files


def test_beyond_a_limit_text_is_read_without_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_format, "MAX_PLACED", 0)
    lines = ["The keeper said on Tuesday that the old light at the end of the se-", "cond pier burns again.", "Notes"]
    assert extract(pdf(lines, ["Next page."])).text == (
        "The keeper said on Tuesday that the old light at the end of the second pier burns again.\nNotes\n\nNext page."
    )
