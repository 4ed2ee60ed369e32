"""OCR: words in pictures, as characters with places. RapidOCR with the models inside its package; nothing is fetched.

Only the extra `ocr` brings it. Without it a picture is named, and not read.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from statistics import median
from typing import Any, NamedTuple

from citeqa.index.extras import has
from citeqa.index.formats import progress
from citeqa.index.formats.pdf_page import Glyph

HINT = "the extra \"ocr\" reads pictures: pip install 'citeqa[ocr]'"
MAX_SIDE = 3500  # pixels of a picture; a page of A4 with 300 dots an inch has as many. Larger ones are made smaller
_THREADS = 2
_LIKELY = 0.5  # how sure the recogniser must be of a line
_BASELINE = 0.22  # of a line's height lies below it
_ONE_SIZE = 1.4  # heights of boxes vary by this though the font is the same: some lines have no descenders
_ONE_LINE = 0.5  # heights; the middles of a line's boxes differ by less


class _Box(NamedTuple):
    """A run of words and where it stands, in pixels from the bottom left."""

    text: str
    left: float
    right: float
    bottom: float
    height: float

    @property
    def middle(self) -> float:
        return self.bottom + self.height / 2


def available() -> bool:
    """Whether the extra is installed."""
    return has("ocr")


def recognise(picture: Any) -> list[Glyph]:
    """The characters in a picture, line by line from the top, as those of a PDF's page: in pixels, with the origin at
    the bottom left. Those of a run of words have the same width, for the recogniser gives places for runs alone.

    Args:
        picture: rows of pixels, each blue, green and red, from 0 to 255 (numpy, height x width x 3).
    """
    progress.report()
    found = _engine()(picture)
    top = float(picture.shape[0])
    boxes = [
        _box(text, corners, top)
        for text, score, corners in zip(found.txts or (), found.scores or (), _listed(found.boxes), strict=False)
        if score >= _LIKELY and text.strip()
    ]
    usual = median(box.height for box in boxes) if boxes else 0.0
    glyphs = list[Glyph]()
    for line in _lines(boxes):
        for box in line:
            glyphs += _glyphs(box, usual)
        glyphs.append(Glyph("\n"))
    progress.report()
    return glyphs


@cache
def _engine() -> Any:
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)  # each thread takes memory of the process's limit
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # lines that stand upside down are rare, and looking for them takes long
            "Rec.rec_batch_num": 2,
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _listed(boxes: Any) -> Sequence[Any]:
    return () if boxes is None else boxes


def _box(text: str, corners: Any, top: float) -> _Box:
    """A run of words; of a box that is turned a little, the sides are taken in their middle."""
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = ((float(x), top - float(y)) for x, y in corners)
    above, below = (y1 + y2) / 2, (y3 + y4) / 2
    return _Box(text.strip(), (x1 + x4) / 2, (x2 + x3) / 2, below, max(1.0, above - below))


def _lines(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """The runs that stand in one line, from left to right; the lines from the top."""
    lines = list[list[_Box]]()
    for box in sorted(boxes, key=lambda box: (-box.middle, box.left)):
        if lines and abs(lines[-1][0].middle - box.middle) < _ONE_LINE * min(box.height, lines[-1][0].height):
            lines[-1].append(box)
        else:
            lines.append([box])
    return [sorted(line, key=lambda box: box.left) for line in lines]


def _glyphs(box: _Box, usual: float) -> list[Glyph]:
    """The characters of a run, blanks between words."""
    height = usual if usual / _ONE_SIZE < box.height < usual * _ONE_SIZE else box.height
    width = (box.right - box.left) / len(box.text)
    base = box.middle - height / 2 + _BASELINE * height
    return [
        Glyph(" ")
        if character.isspace()
        else Glyph(character, box.left + at * width, box.left + (at + 1) * width, base, height)
        for at, character in enumerate(box.text)
    ]
