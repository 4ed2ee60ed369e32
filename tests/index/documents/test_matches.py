"""Patterns are looked for piece by piece: the same is found, and no call of the library looks at a whole long text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents import corpus, matches, metadata, sentences
from citeqa.index.documents.layout import finding


@given(
    st.text(alphabet="ab \n", max_size=60), st.sampled_from([r"^a+$", r"ab\b", r"(?<=b)a", r"a(?=\n|\Z)", r"b{1,3}"])
)
def test_what_is_found_is_what_one_call_finds(text: str, pattern: str) -> None:
    compiled = re.compile(pattern, re.MULTILINE)
    expected = [match.span() for match in compiled.finditer(text)]
    if any(end - start >= 8 for start, end in expected):
        return  # longer than what a match may take here
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matches, "PIECE", 5)
        patch.setattr(matches, "REACH", 10)
        assert [match.span() for match in matches.matches(compiled, text)] == expected


@pytest.mark.parametrize("shape", [" \n", " ", "a ", "あ", "(end) ", "\r", "Read more\n"])
@pytest.mark.slow
def test_no_call_looks_at_all_of_a_long_text(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = [0]

    class Watching:
        def __init__(self, pattern: re.Pattern[str]) -> None:
            self._pattern = pattern

        def finditer(self, text: str, start: int = 0, end: int = 10**9) -> Any:
            longest.append(min(end, len(text)) - start)
            return self._pattern.finditer(text, start, end)

    for module, name in ((metadata, "_BOILERPLATE"), (finding, "_IS_MARKDOWN"), (sentences, "_MISSED")):
        monkeypatch.setattr(module, name, Watching(getattr(module, name)))
    text = (shape * 400_000)[:400_000] + "The end."
    made = corpus.document("a", text, file_sha256="")
    sentences.document_sentences(made)
    assert 0 < max(longest) <= matches.PIECE + matches.REACH
