"""Outlook messages: read as the e-mail file that they would be, and refused by name where they mean harm."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from support.made_msg import SECTOR, Tree, attached, compound, message

from citeqa.index.errors import DocumentError
from citeqa.index.formats import msg
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.extraction import Extractor
from citeqa.index.formats.registry import format_of

SUBJECT, BODY, HTML, NAME, ADDRESS, TO, FILE, KIND, RTF, HEADERS = (
    0x0037, 0x1000, 0x1013, 0x0C1A, 0x0C1F, 0x0E04, 0x3707, 0x001A, 0x1009, 0x007D,
)  # fmt: skip
SENT, CODEPAGE, DATA, HIDDEN = 0x0039, 0x3FDE, 0x3701, 0x7FFE
SECOND_OF_MARCH = (int((date(2026, 3, 2) - date(1601, 1, 1)).days) * 86_400 + 700) * 10_000_000
ABOUT = {SUBJECT: "Winter storage", NAME: "Rune Dahl", ADDRESS: "rune@example.org", TO: "all@example.org"}
WORDS = "Boats must be out of the water by 15 October.\r\n"


def _read(tree: Tree) -> Extracted:
    return msg.extract(compound(tree))


def test_a_message_has_its_text_subject_sender_and_day() -> None:
    found = _read(message(strings={**ABOUT, BODY: WORDS, KIND: "IPM.Note"}, times={SENT: SECOND_OF_MARCH}))
    assert (found.text, found.title, found.author) == (WORDS, "Winter storage", "Rune Dahl")
    assert (found.date, found.notes) == (date(2026, 3, 2), ())


def test_a_long_text_that_has_sectors_of_its_own_is_whole() -> None:
    text = "".join(f"Boat {number} lies at the quay.\r\n" for number in range(5000))
    assert _read(message(strings={**ABOUT, BODY: text})).text == text


def test_the_html_is_read_in_its_encoding_where_it_says_more_than_the_plain_text() -> None:
    page = (
        "<html><body><p>Gebühr: 150 Kronen.</p><p>The regatta is on 9 May, and all boats are welcome.</p></body></html>"
    )
    tree = message(
        strings={**ABOUT, BODY: "See the web."}, data={HTML: page.encode("cp1252")}, numbers={CODEPAGE: 1252}
    )
    assert _read(tree).text == "Gebühr: 150 Kronen.\nThe regatta is on 9 May, and all boats are welcome."


def test_a_message_inside_follows_behind_its_header_lines_and_files_are_named() -> None:
    inner = message(strings={**ABOUT, BODY: WORDS}, times={SENT: SECOND_OF_MARCH}, header=24)
    files = [
        message(header=8, strings={FILE: "plan.pdf"}, data={DATA: b"x" * 5000}),
        message(header=8, strings={FILE: "logo.png"}, numbers={HIDDEN: 1}),
    ]
    outer = message(
        strings={SUBJECT: "Fwd", NAME: "Ane Vik", BODY: "See below."}, attachments=[attached(inner), *files]
    )
    found = _read(outer)
    assert found.text == (
        "See below.\n\nFrom: Rune Dahl <rune@example.org>\nTo: all@example.org\n"
        f"Date: Mon, 02 Mar 2026 00:11:40 +0000\nSubject: Winter storage\n\n{WORDS.strip()}"
    )
    assert (found.author, found.notes) == ("Ane Vik", ("its attachment 'plan.pdf' is not read",))


def test_header_lines_of_the_internet_say_who_wrote_and_when() -> None:
    lines = "From: Odd Moe <odd@example.org>\r\nDate: Tue, 03 Mar 2026 23:30:00 -0500\r\nSubject: other\r\n\r\n"
    found = _read(message(strings={**ABOUT, BODY: WORDS, HEADERS: lines}, times={SENT: SECOND_OF_MARCH}))
    assert (found.author, found.date, found.title) == ("Odd Moe", date(2026, 3, 3), "Winter storage")


def test_strings_of_eight_bits_are_read_in_their_code_page() -> None:
    tree = message(numbers={0x3FFD: 1251}) | {f"__substg1.0_{BODY:04X}001E": "Лодка".encode("cp1251") + b"\0"}
    assert _read(tree).text == "Лодка"


def test_the_text_of_a_signed_message_is_read() -> None:
    signed = b"Content-Type: multipart/signed; boundary=s\n\n--s\nContent-Type: text/plain\n\nIt is so.\n--s--\n"
    tree = message(
        strings={**ABOUT, KIND: "IPM.Note.SMIME.MultipartSigned"},
        attachments=[message(header=8, strings={FILE: "smime.p7m"}, data={DATA: signed})],
    )
    assert _read(tree).text.strip() == "It is so."


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        (message(strings={**ABOUT, KIND: "IPM.Note.SMIME"}), "it is encrypted"),
        (message(strings=ABOUT), "its body holds no text"),
        (message(strings=ABOUT, data={RTF: b"x"}), "its body is kept as RTF alone"),
        ({"WordDocument": b"x"}, "it is damaged, or no message of Outlook"),
    ],
)
def test_what_holds_no_text_to_read_is_refused_by_name(tree: Tree, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        _read(tree)


# --- files that mean harm


def _nested(depth: int) -> Tree:
    tree = message(strings={BODY: "innermost"}, header=24)
    for number in range(depth):
        tree = message(
            strings={BODY: f"{number}"}, attachments=[attached(tree)], header=24 if number < depth - 1 else 32
        )
    return tree


def _looping() -> bytes:
    """A file one of whose chains of sectors leads back to its beginning, while its stream is said to have 2 GB."""
    data = bytearray(compound(message(strings={**ABOUT, BODY: "x" * 40_000})))
    fat = SECTOR * (1 + struct.unpack_from("<I", data, 76)[0])
    data[fat : fat + 8] = struct.pack("<II", 1, 0)
    directory = SECTOR * (1 + struct.unpack_from("<I", data, 48)[0])
    for at in range(directory, len(data), 128):
        if data[at + 66] == 2 and struct.unpack_from("<Q", data, at + 120)[0] > 40_000:
            struct.pack_into("<Q", data, at + 120, 2**31)
    return bytes(data)


HARM: dict[str, tuple[Callable[[], bytes], str]] = {
    "sectors in a circle": (_looping, "it is damaged"),
    "nested messages": (lambda: compound(_nested(30)), "it is nested too deeply"),
    "deeply nested messages": (lambda: compound(_nested(400)), "it is nested too deeply"),
    "an end that is missing": (lambda: compound(message(strings={BODY: "x" * 90_000}))[:60_000], "it is damaged"),
    "nothing but its first bytes": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000), "it is damaged"),
    "no such file": (lambda: b"From: a@example.org\n\nwords", "it is damaged, or no file of Outlook"),
}


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    with Extractor(seconds=20) as made:
        yield made


@pytest.mark.parametrize("name", HARM)
def test_a_message_that_means_harm_is_refused_within_the_limits(extractor: Extractor, name: str) -> None:
    make, reason = HARM[name]
    with pytest.raises(DocumentError) as caught:
        extractor.extract("citeqa.index.formats.msg", make())
    assert str(caught.value).startswith(reason)


def test_files_of_this_ending_are_read() -> None:
    found = format_of(Path("Letter.MSG"))
    assert found is not None
    assert found.name == "MSG"
