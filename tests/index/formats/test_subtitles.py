"""SRT and WebVTT: words with their times and speakers; a sentence that is shown in parts stays one sentence."""

from __future__ import annotations

import pytest

from citeqa.index.documents.corpus import document
from citeqa.index.documents.sentences import document_sentences
from citeqa.index.errors import DocumentError
from citeqa.index.formats import subtitles
from citeqa.index.formats.extracted import Extracted
from citeqa.index.types import Document, Span

SRT = """\ufeff1
00:00:01,000 --> 00:00:04,000
The <i>crane</i> lifts
twelve tonnes. It was

2
00:01:05,500 --> 00:01:08,000 X1:40 X2:600
{\\an8}bought in 1987.
"""
VTT = """WEBVTT - a talk
Kind: captions

STYLE
::cue { color: red }

NOTE 00:01 is no time

intro
00:01.000 --> 00:04.000 align:start
<v.loud Ines Brandvold>The fee is &lt;150 kroner.</v>

00:04.000 --> 01:00:06.250
<v Tom>Each <c.yellow>year</c>?
<v Ines Brandvold>Yes.
"""


def _document(data: str) -> Document:
    found = subtitles.extract(data.encode())
    return document("talk", found.text, file_sha256="0" * 64, boilerplate=found.boilerplate,
                    structure=found.structure, times=found.times)  # fmt: skip


def _heard(found: Document, words: str) -> tuple[float, float] | None:
    at = found.text.index(words)
    return found.heard(Span(at, at + len(words)))


def test_srt_gives_its_words_with_their_times() -> None:
    found = _document(SRT)
    assert found.text == "00:00:01\nThe crane lifts twelve tonnes. It was bought in 1987."
    assert _heard(found, "twelve tonnes") == (1.0, 4.0)
    assert _heard(found, "was bought") == (1.0, 68.0)
    assert _heard(found, "1987") == (65.5, 68.0)
    assert [found.quote(span).strip() for span in document_sentences(found)] == [
        "The crane lifts twelve tonnes.", "It was bought in 1987.",
    ]  # fmt: skip
    assert found.title == "The crane lifts twelve tonnes."


def test_vtt_gives_its_speakers_and_no_notes() -> None:
    found = _document(VTT)
    assert found.text == (
        "00:00:01\nInes Brandvold: The fee is <150 kroner.\nTom: Each year?\nInes Brandvold: Yes."
    )  # fmt: skip
    turns = [(found.quote(turn.speaker), found.quote(turn.span)) for turn in found.structure.turns]
    assert turns == [
        ("Ines Brandvold", "Ines Brandvold: The fee is <150 kroner."), ("Tom", "Tom: Each year?"),
        ("Ines Brandvold", "Ines Brandvold: Yes."),
    ]  # fmt: skip
    assert _heard(found, "Each year") == (4.0, 3606.25)


def test_times_stand_as_boilerplate_before_paragraphs_that_end_with_a_sentence() -> None:
    cues = "".join(
        f"{i}\n00:00:{i:02},000 --> 00:00:{i:02},900\nSentence {i} is shown\n\n"
        f"{i}\n00:00:{i:02},900 --> 00:00:{i + 1:02},000\nin two parts of it.\n\n"
        for i in range(1, 50)
    )
    found = _document(cues)
    assert [found.quote(span) for span in found.boilerplate] == [
        "00:00:01", "00:00:16", "00:00:31", "00:00:46",  # 15 sentences of 41 code points are more than 600
    ]  # fmt: skip
    sentences = [found.quote(span).strip() for span in document_sentences(found)]
    assert len(sentences) == 49
    assert all(sentence.endswith("parts of it.") for sentence in sentences)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("1\n00:01,0 --> 00:02,0\nOne.\n2\n00:02,0 --> 00:03,0\nTwo in 1987.\n3\n00:03,0 --> 00:04,0\n1987\n",
         "00:00:01\nOne. Two in 1987. 1987"),
        ("1\r\n00:01,0 --> 00:02,0\r\n- Who?\r\n- Me.\r\n", "00:00:01\n- Who?\n- Me."),
        ("1\n00:01,0 --> 00:02,0\nif a < b and c > d\n", "00:00:01\nif a < b and c > d"),
    ],
)  # fmt: skip
def test_how_people_write_it(data: str, text: str) -> None:
    assert subtitles.extract(data.encode()).text == text


@pytest.mark.parametrize("data", ["Only words.", "WEBVTT\n\nNOTE nothing\n", "1\n00:01,0 --> 00:02,0\n\n<i></i>\n"])
def test_without_words_and_times_it_is_refused(data: str) -> None:
    with pytest.raises(DocumentError, match=r"^it holds no words with time codes"):
        subtitles.extract(data.encode())


def test_a_long_talk_without_stops_is_cut_at_pauses_and_every_word_is_kept() -> None:
    cues = [f"{n // 60:02}:{n % 60:02}.000 --> {n // 60:02}:{n % 60:02}.500\nword{n}\n\n" for n in range(0, 3000, 3)]
    found: Extracted = subtitles.extract(("WEBVTT\n\n" + "".join(cues)).encode())
    assert len(found.boilerplate) > 5
    assert found.text.split()[1] == "word0"
    assert [word for word in found.text.split() if word.startswith("word")] == [f"word{n}" for n in range(0, 3000, 3)]
