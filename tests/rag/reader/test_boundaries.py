"""Where a word, a number or a sign may be cut, and what is taken off around an answer: written out, and by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.types import Span
from citeqa.rag.reader.boundaries import after_marks, inside_word, trimmed

ACUTE, VIRAMA, JOINER, VARIATION = "\u0301", "\u094d", "\u200d", "\ufe0f"

# every place where a text may be cut is marked by |, but for its start and end
CUT = [
    "the| |ferry",
    "Rubio|,| |who| |said|:| |“|no|”",
    "3.75",
    "1,000",
    "1,000,000|.",
    "10:30| |p.m.",
    "1/2",
    "4.5.2026",
    "12|,| |14",
    "3½",
    "5|%",
    "$|3",
    "-4| |degrees",
    "(|-4|)",
    "−4",
    "–4",
    "-$3| |million",
    "-.5",
    "it| |is| |.5",
    "“|-4|”",
    "1914|-|1918",
    "1914|–|1918",
    "twenty|-|five",
    "U.S.",
    "the| |U.S.|,| |e.g.| |a| |Ph.D.",
    "+4| |degrees",
    "v|.|2",
    "and|/|or",
    "don't",
    "don’t",
    "O'Brien",
    "l’eau",
    "Cuba|'s| |aid",
    "Cuba|’s",
    "CUBA|'S",
    "it|'s",
    "O'Shea|'s| |pub",
    "he| |said| |'|no|'",
    "the| |dogs|'| |tails",
    "rock| |'|n|'| |roll",
    f"re{ACUTE}sume{ACUTE}s| |now",
    f"cafe{ACUTE}| |now",
    f"a{ACUTE}\u0327b",
    f"क{VIRAMA}षत{VIRAMA}रिय| |का",
    "co\u00adoperate",
    "a|\u200b|b",
    "Rubio|\u200e| |said",
    "|\u2068|Rubio|\u2069|"[1:-1],
    "東|京|は|2026|年",
    "ไ|ท|ย",
    "한국어| |위키",
    "Straße| |ünïcode",
    f"a| |👩{JOINER}👩{JOINER}👧| |b",
    "👍🏽|👍🏽| |b",
    f"❤{VARIATION}|!",
    f"1{VARIATION}\u20e3",
    "🇨🇺| |🇺🇸",
    "𝒳𝒴| |z",
    "²³",
    "a|_|b",
]


@given(st.text(st.sampled_from("a9 -−–.$€,:/'’🦊é" + ACUTE + VARIATION), min_size=2, max_size=12), st.data())
def test_beside_a_blank_nothing_is_cut_in_two(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(text) - 1))
    text = text[:at] + " " + text[at:]
    assert not inside_word(text, at)
    assert inside_word(text, at + 1) == (text[at + 1] in (ACUTE, VARIATION))  # a mark belongs to the blank before it


@pytest.mark.parametrize("marked", CUT)
def test_a_text_may_be_cut_exactly_where_it_is_marked(marked: str) -> None:
    text = marked.replace("|", "")
    found = "".join(
        ("|" if position > 0 and not inside_word(text, position) else "") + character
        for position, character in enumerate(text)
    )
    assert found == marked


@given(st.text(max_size=20), st.integers(-3, 25))
def test_start_and_end_of_a_text_are_never_inside_a_word(text: str, position: int) -> None:
    if not 0 < position < len(text):
        assert not inside_word(text, position)


@given(st.text("abcé 1", min_size=2, max_size=20))
def test_letters_and_digits_side_by_side_are_never_cut_and_blanks_always(text: str) -> None:
    for position in range(1, len(text)):
        assert inside_word(text, position) == (" " not in text[position - 1 : position + 1])


@pytest.mark.parametrize(
    ("text", "position", "behind"),
    [(f"cafe{ACUTE} x", 4, 5), (f"e{ACUTE}\u0327", 1, 3), ("cafe", 3, 3), ("cafe", 4, 4), ("👍🏽!", 1, 2), ("", 0, 0)],
)
def test_marks_belong_to_the_character_before_them(text: str, position: int, behind: int) -> None:
    assert after_marks(text, position) == behind


# what is left of the text between the bars; nothing of the text around them
LEFT = [
    (" Rubio ", "Rubio"),
    ("Rubio.", "Rubio"),
    ("Rubio…", "Rubio"),
    ("— Rubio —", "Rubio"),
    ('"Rubio"', "Rubio"),
    ("“Rubio,”", "Rubio"),
    ("‘Rubio’", "Rubio"),
    ("«Rubio»", "Rubio"),
    ("„Rubio“", "Rubio"),
    ("(Rubio)", "Rubio"),
    ("(Rubio).", "Rubio"),
    ("((Rubio))", "Rubio"),
    ("(Rubio", "Rubio"),
    ("Rubio)", "Rubio"),
    ("[Rubio].)", "Rubio"),
    ("**Rubio**", "Rubio"),
    ("Rubio (born 1971).", "Rubio (born 1971)"),
    ("(US) and (UK)", "(US) and (UK)"),
    ("(US) and (UK).", "(US) and (UK)"),
    ("[US]-backed", "[US]-backed"),
    ("US) and (UK)", "US) and (UK)"),
    ("f(x)", "f(x)"),
    ("main()", "main()"),
    ("(a)()", "a"),
    ("(f(x))", "f(x)"),
    ("“yes” he said,", "“yes” he said"),
    ("He said “no”.", "He said “no”"),
    ("He said “no.", "He said “no"),
    ("no” he said", "no” he said"),
    ('"a" and "b"', '"a" and "b"'),
    ('He said "no".', 'He said "no"'),
    ('the 6" pipe"', 'the 6" pipe"'),
    ('5"', "5"),
    ("‘It’s fine’ he said", "‘It’s fine’ he said"),
    ("the dogs’", "the dogs"),
    ("U.S.", "U.S."),
    ("the U.S.,", "the U.S."),
    ("the U.S.\n", "the U.S."),
    ("(the U.S.)", "the U.S."),
    ("U.S...", "U.S."),
    ("Ph.D.", "Ph.D."),
    ("at 5p.m.", "at 5p.m."),
    ("e.g.", "e.g."),
    ("Inc.", "Inc"),
    ("3.5.", "3.5"),
    ("10.5.", "10.5"),
    ("version 1.2.3.", "version 1.2.3"),
    ("-4", "-4"),
    ("(-4)", "-4"),
    ("“-4 degrees”", "-4 degrees"),
    ("–4.", "–4"),
    ("- 4", "4"),
    (".5", ".5"),
    ("-.5", "-.5"),
    ("-$3 million", "-$3 million"),
    ("...5", "5"),
    ("50%", "50%"),
    ("50%.", "50%"),
    ("$3", "$3"),
    ("C++", "C++"),
    ("#1!", "#1"),
    ("don't", "don't"),
    ("'90s", "90s"),
    ("👍🏽!", "👍🏽"),
    ("「東京」。", "東京"),
    ("• Rubio", "Rubio"),
    ("\u00a0Rubio\u2003", "Rubio"),
]


@pytest.mark.parametrize(("text", "left"), LEFT)
def test_what_is_left_of_a_text(text: str, left: str) -> None:
    found = trimmed(text, Span(0, len(text)))
    assert found
    assert text[found.start : found.end] == left


@pytest.mark.parametrize("text", ["!", "...", "“”", "()", "(((", " \n", '"', "- –", "'", "*_*", "[?]"])
def test_nothing_is_left_of_punctuation(text: str) -> None:
    assert trimmed(text, Span(0, len(text))) is None


def test_only_what_is_inside_the_span_counts() -> None:
    assert trimmed("(a) -4", Span(1, 3)) == Span(1, 2)  # the opening bracket is outside
    assert trimmed("U.S.", Span(2, 4)) == Span(2, 3)
    assert trimmed("at -4", Span(3, 4)) is None  # the digit is outside
    assert trimmed("1914-18", Span(4, 7)) == Span(5, 7)  # no sign: a number stands before it
    assert trimmed("costs €-4", Span(7, 9)) == Span(7, 9)


MARKED = st.text("aB7é  \"'“”‘’()[]<>.,-–$%\n" + ACUTE, min_size=1, max_size=14) | st.text(min_size=1, max_size=14)


@given(MARKED, st.data())
def test_trimming_takes_only_marks_and_takes_them_once(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(text))))
    found = trimmed(text, span)
    lost = text[span.start : span.end]
    if found:
        assert span.contains(found)
        assert trimmed(text, found) == found
        lost = text[span.start : found.start] + text[found.end : span.end]
        kept = text[found.start : found.end]
        assert not kept[0].isspace()
        assert not kept[-1].isspace()
        assert any(not mark.isspace() and mark not in "\"'.,;:!?()[]{}<>" for mark in kept)
    assert not any(character.isalnum() or character in "$€%#+" for character in lost)


def closed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.sampled_from(["()", "[]", "“”", "«»"])
    return st.lists(inner | st.builds(lambda pair, text: pair[0] + text + pair[1], pairs, inner), max_size=4).map(
        "".join
    )


@given(st.recursive(st.text("ab .", max_size=3), closed, max_leaves=8))
def test_a_balanced_text_stays_balanced(text: str) -> None:
    found = trimmed(text, Span(0, len(text))) if text else None
    assert found is None or balanced(text[found.start : found.end])


def balanced(text: str) -> bool:
    """Brackets and quotation marks, each closed in order."""
    pairs = {"(": ")", "[": "]", "“": "”", "«": "»"}
    opened: list[str] = []
    for character in text:
        if character in pairs:
            opened.append(pairs[character])
        elif character in pairs.values() and (not opened or opened.pop() != character):
            return False
    return not opened
