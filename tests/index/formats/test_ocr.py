"""Words in pictures: what is recognised says so; nothing is fetched; without the extra, a picture is named."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pypdfium2 import PdfDocument
from support.made_files import pdf

from citeqa.index.errors import DocumentError
from citeqa.index.formats import choice, images, ocr
from citeqa.index.formats import pdf as pdf_format
from citeqa.index.formats.choice import Choice
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.extraction import Extractor
from citeqa.index.formats.pdf_columns import lines_in_order
from citeqa.index.formats.pdf_page import Page
from citeqa.index.types import Span

LINES = ["The harbour at Hull is", "14.5 metres deep."]


def _drawn(lines: list[str]) -> Image.Image:
    picture = Image.new("RGB", (620, 60 + 60 * len(lines)), "white")
    for at, line in enumerate(lines):
        ImageDraw.Draw(picture).text((30, 30 + 60 * at), line, font=ImageFont.load_default(size=40), fill="black")
    return picture


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def _without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    with Extractor() as made:
        yield made


def _recognised(found: Extracted) -> list[str]:
    return [found.text[span.start : span.end] for span in found.recognised]


@pytest.mark.usefixtures("_without_network")
@pytest.mark.slow
def test_a_picture_gives_the_words_in_it_and_fetches_nothing() -> None:
    ocr._engine.cache_clear()
    found = images.extract(_saved(_drawn(LINES), "PNG"))
    assert found.text.split() == " ".join(LINES).split()
    assert found.recognised == (Span(0, len(found.text)),)
    assert found.pages == ()


@pytest.mark.slow
def test_scanned_pages_are_recognised_within_the_limits_and_others_are_left_alone(extractor: Extractor) -> None:
    made = PdfDocument.new()
    for part in (pdf(["Typed words."]), _saved(_drawn(LINES), "PDF", resolution=72)):
        made.import_pages(PdfDocument(part))
    file = BytesIO()
    made.save(file)
    found = extractor.extract(pdf_format.__name__, file.getvalue().rstrip() + b"\n%%EOF")
    assert found.text.startswith("Typed words.\n\nThe")
    assert [text.split() for text in _recognised(found)] == [" ".join(LINES).split()]
    assert found.pages == (0, 14)
    assert found.notes == ("page 2 holds text that was recognised in a picture, and may hold mistakes",)


def test_runs_of_words_become_lines_and_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        txts = ("Depth", "Port", "14", "Hull", "noise")
        scores = (0.9, 0.9, 0.9, 0.9, 0.1)
        boxes = np.array([[(x, y), (x + 100, y), (x + 100, y + 30), (x, y + 30)]
                          for x, y in ((400, 12), (50, 10), (400, 60), (50, 62), (0, 200))])  # fmt: skip

    monkeypatch.setattr(ocr, "_engine", lambda: lambda picture: Found)
    glyphs = ocr.recognise(np.zeros((300, 600, 3), np.uint8))
    lines = lines_in_order(Page(glyphs, [], 0.0, 300.0, 0.0, False))
    assert [[segment.text for segment in line.segments] for line in lines] == [["Port", "Depth"], ["Hull", "14"]]


def test_without_the_extra_it_is_named_and_installing_it_reads_the_files_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Choice().versions()
    for module in (ocr, choice):
        monkeypatch.setattr(module, "available", lambda: False)
    with pytest.raises(DocumentError, match=r"^it is a picture; the extra \"ocr\" reads pictures: pip install"):
        images.extract(_saved(_drawn(LINES), "PNG"))
    with pytest.raises(DocumentError, match=r"is it scanned\? The extra \"ocr\" reads"):
        pdf_format.extract(_saved(_drawn(LINES), "PDF"))
    after = Choice().versions()
    assert {name for name in before if before[name] != after[name]} == {"PDF", "pictures"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"words", "it is damaged, or no picture of a kind that is read"),
        (b"GIF89a", "it is damaged, or no picture"),
        (_saved(_drawn(LINES), "PNG")[:-200], "it is damaged"),
        (
            _saved(Image.new("1", (20_000, 20_000)), "PNG"),
            "it has more than 100,000,000 pixels, the most that are read",
        ),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=f"^{reason}"):
        images.extract(data)
