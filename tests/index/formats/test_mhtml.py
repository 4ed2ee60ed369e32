"""MHTML: the page that a browser saved."""

from __future__ import annotations

import pytest

from citeqa.index.errors import DocumentError
from citeqa.index.formats import mhtml

SAVED = """From: <Saved by Blink>
Snapshot-Content-Location: https://example.org/harbour
Subject: Harbour
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="b"

--b
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable
Content-Location: https://example.org/harbour

<html><head><meta charset=3D"windows-1252"><title>Harbour</title></head><body><article><p>The h=C3=A5rbour office opens
 at eight, and it closes at five every day.</p></article></body></html>
--b
Content-Type: image/png
Content-Transfer-Encoding: base64

aaaa
--b--
"""


def test_the_page_is_read_with_its_address() -> None:
    found = mhtml.extract(SAVED.encode())
    assert found.text == "The hårbour office opens at eight, and it closes at five every day."
    assert (found.title, found.url) == ("Harbour", "https://example.org/harbour")


@pytest.mark.parametrize(
    ("data", "reason"), [(b"Only words.", "it holds no web page"), (b"Content-Type: text/html\n\n", "it ")]
)
def test_without_a_page_it_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=f"^{reason}"):
        mhtml.extract(data)
