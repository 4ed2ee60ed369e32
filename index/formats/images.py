"""Pictures (PNG, JPEG, TIFF and others): the words in them, by OCR."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from citeqa.index.errors import DocumentError
from citeqa.index.formats import ocr
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.pdf_columns import lines_in_order
from citeqa.index.formats.pdf_page import Page
from citeqa.index.formats.pdf_paragraphs import Words, paragraphs
from citeqa.index.types import Span

MAX_PIXELS = 100_000_000
MAX_FRAMES = 500
_KINDS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
_BETWEEN = "\n\n"


def extract(data: bytes) -> Extracted:
    """Canonical text is what the recogniser reads, laid out as that of a PDF's page; all of it is `recognised`. Each
    picture of a TIFF file is a page.

    Raises:
        DocumentError: if the extra `ocr` is not installed, or it is damaged, too large, or no words are recognised.
    """
    if not ocr.available():
        raise DocumentError(f"it is a picture; {ocr.HINT}")
    pages = [
        lines_in_order(Page(ocr.recognise(frame), [], 0.0, float(frame.shape[0]), 0.0, False))
        for frame in _frames(data)
    ]
    words = Words(pages)
    texts = [paragraphs(page, words)[0] for page in pages]
    starts = [sum(len(text) + len(_BETWEEN) for text in texts[:at]) for at in range(len(texts))]
    if not any(texts):
        raise DocumentError("no words are recognised in it")
    return Extracted(
        _BETWEEN.join(texts),
        pages=tuple(starts) if len(starts) > 1 else (),
        recognised=tuple(Span(at, at + len(text)) for at, text in zip(starts, texts, strict=True) if text),
    )


def _frames(data: bytes) -> Iterator[Any]:
    """The pictures in a file, as rows of pixels, turned as they are shown and no larger than the recogniser needs."""
    import numpy as np
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data), formats=_KINDS) as picture:
                count = getattr(picture, "n_frames", 1)
                if count > MAX_FRAMES:
                    raise DocumentError(f"it holds {count:,} pictures; at most {MAX_FRAMES:,} are read")
                for number in range(count if picture.format == "TIFF" else 1):
                    picture.seek(number)
                    if picture.width * picture.height > MAX_PIXELS:
                        raise Image.DecompressionBombError
                    picture.draft("RGB", (ocr.MAX_SIDE, ocr.MAX_SIDE))
                    shown = ImageOps.exif_transpose(picture).convert("RGBA")
                    ground = Image.new("RGB", shown.size, "white")
                    ground.paste(shown, mask=shown.getchannel("A"))
                    ground.thumbnail((ocr.MAX_SIDE, ocr.MAX_SIDE))
                    yield np.ascontiguousarray(np.asarray(ground)[:, :, ::-1])
    except Image.DecompressionBombError:
        raise DocumentError(f"it has more than {MAX_PIXELS:,} pixels, the most that are read") from None
    except UnidentifiedImageError:
        raise DocumentError("it is damaged, or no picture of a kind that is read") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise DocumentError(f"it is damaged: {str(error)[:200]}") from None
