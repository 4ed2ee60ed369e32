"""The structure of a long text is found in the child process; of a short one here, which is quicker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from citeqa.index.documents.corpus import document, load_file
from citeqa.index.documents.layout.finding import text_structure
from citeqa.index.documents.layout.markdown import markdown_structure
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.extraction import SMALL, Extractor
from citeqa.index.types import Document, Span

TABLE = "# Prices\n\n| boat | fare |\n|------|------|\n"
ROW = "| Ane  | 12   |\n"
LONG = TABLE + ROW * (1 + SMALL // len(ROW))


class Noting(Extractor):
    """Notes which modules read in the child."""

    def __init__(self) -> None:
        super().__init__()
        self.modules: list[str] = []

    def extract(self, module: str, data: bytes) -> Extracted:
        self.modules.append(module.rpartition(".")[2])
        return super().extract(module, data)


@pytest.fixture
def extractor() -> Iterator[Noting]:
    with closing(Noting()) as made:
        yield made


@pytest.mark.parametrize("marked", [(), (Span(0, 8),)])
def test_of_a_long_text_the_child_finds_what_would_be_found_here(extractor: Noting, marked: tuple[Span, ...]) -> None:
    text = "Prices\nä😀\n\nboat\tfare\n" + "Ane\t12\n" * (SMALL // 7)
    made = document("a", text, file_sha256="0", boilerplate=marked, extractor=extractor)
    assert extractor.modules == ["apart"]
    assert made.structure == text_structure(text, made.boilerplate)
    assert len(made.structure.tables[0].cells) > 1000
    assert document("a", text[: SMALL // 2], file_sha256="0", extractor=extractor).structure
    assert extractor.modules == ["apart"]


def test_long_markdown_is_read_in_the_child_and_short_markdown_here(tmp_path: Path, extractor: Noting) -> None:
    for name, text, modules in (("short", TABLE + ROW, []), ("long", LONG, ["markdown"])):
        (tmp_path / f"{name}.md").write_text(text)
        ((_, found),) = load_file(tmp_path / f"{name}.md", name, extractor)
        assert isinstance(found, Document)
        assert found.structure == markdown_structure(text)
        assert extractor.modules == modules
