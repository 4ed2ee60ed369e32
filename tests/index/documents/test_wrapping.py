"""Hard-wrapped text: what people and programs break at a width is one paragraph; all other lines stay lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents.sentences import sentences
from citeqa.index.documents.wrapping import paragraphs

MAIL = """Hi Ann,

thanks for the quick reply. I talked to the harbour office yesterday and
they say that the north quay stays closed until the divers have looked at
the wall. Nobody could tell me when that will be, but Omar thinks that it
takes two weeks at most.

Could you ask the insurers whether they pay for the crane? Last time
they did not.

Best
Tom
--
Tom Oakden
12 Bishop Street
Hallam"""

RFC = """1.  Introduction

   The protocol described in this document lets a client ask a server for
   the slice of a text.  A server MUST NOT send more than it was asked for,
   and a client SHOULD close the connection when it has what it needs.

   o  The client opens a connection to port 4711 of the server and sends the
      name of the text.

   o  The server answers.

2.  Terms

   slice:  a part of a text"""

BOOK = """CHAPTER II.
The Lock Keeper

It was on a dreary night of November that I beheld the accomplishment of
my toils. With an anxiety that almost amounted to agony, I collected the
instruments of life around me, that I might infuse a spark of being into
the lifeless thing that lay at my feet. It was already one in the
morning; the rain pattered dismally against the panes."""

HAND = """The board met on Tuesday and talked about the new roof for most
of the evening. Idris has two offers,
but neither of them includes the gutters, so that the decision was
put off until March. Beth would rather repair the old roof and
spend the money on the boiler."""

VERSE = """Whan that Aprille with his shoures soote,
The droghte of March hath perced to the roote,
And bathed every veyne in swich licour
Of which vertu engendred is the flour;
Whan Zephirus eek with his sweete breeth"""

LONG_VERSE = """I sing the body electric, and the armies of those I love engirth me here
And I engirth them, and they will not let me off till I go with them now
And I respond to them, and discorrupt them, and charge them full with the
Charge of the soul that was in doubt of those who corrupt their own bodies"""

CODE = """def slice_of(text: str, start: int, end: int) -> str:
    if start < 0 or end > len(text) or start >= end:
        raise ValueError(f"{start} to {end} is no slice of it")
    return text[start:end]"""

C_CODE = """for (index = 0; index < length && buffer[index]; index++) {
    total += weights[index] * values[index] - offset;
    if (total > limit) report(index, total, limit);
}"""

ADDRESS = """Ravensmoor Community Energy Cooperative Limited
The Old Pump House, 14 Weir Lane, Skell Bridge
Ravensmoor RV4 7TT"""

LIST = """- the humidity sensor for rooms with a wet wall or a fountain
- the wireless gateway with its antenna and the cable for it
- the wall sleeve with insulation"""

TABLE = """Callum\tSign the contract with Landustrie in the town hall\t10 April
Idris\tAgree loan terms with the Co-op Loan Fund and the bank\t30 April
Sunita\tDraft the lease for the school roof"""

NAMES = """Harbour Board of the Town of Skerrow and Surroundings
Minutes of the Annual General Meeting of All Members
Present: Gwen Pritchard, Idris Bevan, Sunita Rao"""


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


def unwrapped(text: str) -> list[str]:
    return [" ".join(sentence.split()) for sentence in cut(text)]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            MAIL,
            [
                "Nobody could tell me when that will be, but Omar thinks that it takes two weeks at most.",
                "Could you ask the insurers whether they pay for the crane?",
                "Last time they did not.",
                "Best", "Tom", "Tom Oakden", "12 Bishop Street", "Hallam",
            ],
        ),
        (
            RFC,
            [
                "The protocol described in this document lets a client ask a server for the slice of a text.",
                "o The client opens a connection to port 4711 of the server and sends the name of the text.",
                "o The server answers.",
                "slice: a part of a text",
            ],
        ),
        (
            BOOK,
            [
                "CHAPTER II.", "The Lock Keeper",
                "It was on a dreary night of November that I beheld the accomplishment of my toils.",
                "It was already one in the morning; the rain pattered dismally against the panes.",
            ],
        ),
        (
            HAND,
            [
                "The board met on Tuesday and talked about the new roof for most of the evening.",
                "Beth would rather repair the old roof and spend the money on the boiler.",
            ],
        ),
    ],
    ids=["mail", "rfc", "book", "by hand"],
)  # fmt: skip
def test_sentences_of_wrapped_prose_run_over_the_ends_of_lines(text: str, expected: list[str], newline: str) -> None:
    found = unwrapped(text.replace("\n", newline))
    assert [sentence for sentence in expected if sentence not in found] == []


@pytest.mark.parametrize("text", [VERSE, LONG_VERSE, C_CODE, ADDRESS, LIST, TABLE, NAMES])
def test_verse_code_addresses_lists_and_tables_stay_lines(text: str) -> None:
    lines = [line.strip() for line in text.splitlines()]
    assert all(
        sentence in line for sentence, line in ((one, next(li for li in lines if one in li)) for one in cut(text))
    )


def test_code_stays_lines() -> None:
    assert all("\n" not in sentence for sentence in cut(CODE))


def test_a_heading_right_above_a_paragraph_stands_for_itself() -> None:
    text = "Safety\nNever open the casing while the fan turns, and never spray the unit\nwith water.\n"
    assert unwrapped(text)[0] == "Safety"
    assert unwrapped(text)[1].endswith("with water.")


@given(st.lists(st.sampled_from(["a" * 60, "B" * 58 + ".", "- item", "  deep", "word " * 13, "x\ty", "# h", ">"])))
def test_every_line_is_in_one_paragraph(lines: list[str]) -> None:
    if lines:
        found = list(paragraphs(lines))
        assert [number for first, last in found for number in range(first, last + 1)] == list(range(len(lines)))
