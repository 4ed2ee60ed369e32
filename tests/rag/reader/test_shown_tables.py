"""A reader is shown rows with their labels, and finds spans of the passage that never leave a cell or hold a label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.context import Context, Piece
from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.types import Passage, Span
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.spans import best_spans
from citeqa.rag.reader.windows import Encoder

TEXT = "Prices of 2026.\n\n| Plan | Yearly |\n|---|---|\n| Solo | €90 |\n| Crew | (170) |\n"
encoder = Encoder(SHIPPED / "tokenizer.json", 320)


def passage_of(text: str) -> Passage:
    made = document("d", text, file_sha256="", title="Untold")
    (passage,) = Chunker(lambda texts: [len(t.split()) for t in texts], 256, ChunkerSettings()).chunk(made)
    return passage


def test_the_tokens_of_labels_have_no_place_and_those_of_cells_have_theirs() -> None:
    passage = passage_of(TEXT)
    ((window,),) = encoder.encode_all("How much?", ["Untold"], [TEXT.strip()], [passage.context])
    placed = [TEXT[start:end] for start, end in zip(window.starts, window.ends, strict=True) if start >= 0]
    assert "".join(placed) == "Pricesof2026.Solo€90Crew(170)"
    assert window.pieces is not None
    assert sorted(set(window.pieces.tolist())) == [-1, 0, 1, 2, 3, 4]


@given(st.data())
def test_no_span_crosses_a_cell_whatever_the_scores(data: st.DataObject) -> None:
    passage = passage_of(TEXT)
    ((window,),) = encoder.encode_all("How much?", [""], [passage.text], [passage.context])
    draw = st.lists(st.floats(-8, 8, width=32), min_size=len(window.ids), max_size=len(window.ids))
    start, end = (np.array(data.draw(draw), dtype=np.float32) for _ in range(2))
    cells = [span for _, span in passage.context.pieces]
    for span, _ in best_spans(passage.text, window, start, end, 8, passage.context):
        assert any(cell.contains(span) for cell in cells)
        assert not {"|", "-"} & {passage.text[span.start], passage.text[span.end - 1]}


def test_a_negative_number_in_brackets_is_cited_with_them() -> None:
    passage = passage_of(TEXT)
    ((window,),) = encoder.encode_all("How much?", [""], [passage.text], [passage.context])
    at = passage.text.index("170")
    first, last = window.tokens(Span(at, at + 3)) or (0, 0)
    start, end = np.full(len(window.ids), -9, np.float32), np.full(len(window.ids), -9, np.float32)
    start[first] = end[last] = 9
    ((span, _), *_) = best_spans(passage.text, window, start, end, 1, passage.context)
    assert passage.text[span.start : span.end] == "(170)"


def test_the_shipped_reader_answers_with_the_cell_of_a_labelled_row() -> None:
    text = "| Code | Meaning |\n|---|---|\n| E05 | Outside air sensor broken |\n| E07 | Exchanger iced up |\n"
    passage = passage_of(text)
    (found,) = OnnxReader(SHIPPED).read("What does code E07 mean?", [passage.text], [""], [passage.context])
    assert passage.text[found[0].span.start : found[0].span.end] == "Exchanger iced up"


@pytest.mark.parametrize("lead", ["", "Label: ", "\nAgain: x; Label: "])
def test_a_shown_passage_is_made_of_its_pieces(lead: str) -> None:
    assert Context(pieces=(Piece(lead, Span(2, 4)),)).shown("abcdef") == f"{lead}cd"
