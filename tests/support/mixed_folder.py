"""A folder as an office has it, of any size: files of all formats that need no OCR, one in twenty of them damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from support.made_files import docx, epub, odp, ods, odt, packed, paragraph, pdf, xlsx
from support.made_msg import compound, message

ONE_IN = 20
_PAGE = "<html><head><title>Log</title></head><body><main><article>{}</article></main></body></html>"
_DECK = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r2" Type="x/slide" Target="slides/a.xml"/></Relationships>'
)


class Mixed(NamedTuple):
    """What was written: the sentences of each document by its id, and the names of the damaged files."""

    documents: dict[str, list[str]]
    damaged: set[str]


def sentences(number: int) -> list[str]:
    """The sentences of a file: the first says which file it is; some files have many."""
    more = 200 if number % 97 == 0 else 3 + number % 20
    first = f"Boat {number} lies at berth K{number} beside the old mole."
    return [
        first,
        *(f"On day {day} the keeper of boat {number} wrote {number * day} into the log." for day in range(more)),
    ]


def _lines(around: str, texts: list[str]) -> str:
    return "".join(around.format(text) for text in texts)


def _html(texts: list[str]) -> bytes:
    return _PAGE.format(_lines("<p>{}</p>", texts)).encode()


def _eml(texts: list[str]) -> bytes:
    head = "From: Ane Vik <ane@example.org>\nSubject: Log\nDate: Tue, 03 Mar 2026 09:12:00 +0100\n\n"
    return (head + "\n".join(texts) + "\n").encode()


def _mhtml(texts: list[str]) -> bytes:
    head = b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html\n\n'
    return head + _html(texts) + b"\n--b--\n"


def _pptx(texts: list[str]) -> bytes:
    slide = "<sld><sp>" + _lines("<p><r><t>{}</t></r></p>", texts) + "</sp></sld>"
    return packed({
        "ppt/presentation.xml": '<p xmlns:r="r"><sldId r:id="r2"/></p>',
        "ppt/_rels/presentation.xml.rels": _DECK, "ppt/slides/a.xml": slide,
    })  # fmt: skip


def _cells(texts: list[str]) -> str:
    return "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{text}</t></is></c><c r="B{n}"><v>{n}</v></c></row>'
        for n, text in enumerate(texts, 1)
    )


def _sheet(texts: list[str]) -> bytes:
    rows = _lines("<table:table-row><table:table-cell><text:p>{}</text:p></table:table-cell></table:table-row>", texts)
    return ods(f'<table:table table:name="Log">{rows}</table:table>')


def _srt(texts: list[str]) -> bytes:
    cues = []
    for number, text in enumerate(texts, 1):
        at = f"00:{number // 60:02}:{number % 60:02}"
        cues.append(f"{number}\n{at},000 --> {at},900\n{text}\n")
    return "\n".join(cues).encode()


def _rows(texts: list[str]) -> bytes:
    return json.dumps({"id": f"rows-{texts[0].split()[1]}", "text": " ".join(texts)}).encode() + b"\n"


# Each kind: the ending, and how a file with these sentences is made.
KINDS: list[tuple[str, Callable[[list[str]], bytes]]] = [
    (".txt", lambda texts: "\n".join(texts).encode()),
    (".md", lambda texts: ("# Log\n\n" + "\n\n".join(texts)).encode()),
    (".html", _html),
    (".pdf", lambda texts: pdf(*(texts[at : at + 40] for at in range(0, len(texts), 40)))),
    (".docx", lambda texts: docx("".join(map(paragraph, texts)))),
    (".epub", lambda texts: epub(_lines("<p>{}</p>", texts))),
    (".eml", _eml),
    (".mhtml", _mhtml),
    (".mbox", lambda texts: b"From ane@example.org Tue Mar  3 09:12:00 2026\nMessage-ID: <1@x>\n" + _eml(texts)),
    (".msg", lambda texts: compound(message(strings={0x37: "Log", 0x1000: "\r\n".join(texts)}))),
    (".csv", lambda texts: ("note,day\n" + "".join(f'"{text}",{n}\n' for n, text in enumerate(texts))).encode()),
    (".xlsx", lambda texts: xlsx(_cells(texts))),
    (".pptx", _pptx),
    (".ods", _sheet),
    (".odt", lambda texts: odt(_lines("<text:p>{}</text:p>", texts))),
    (".odp", lambda texts: odp("<draw:page>" + _lines("<text:p>{}</text:p>", texts) + "</draw:page>")),
    (".rtf", lambda texts: ("{\\rtf1\\ansi " + _lines("{}\\par\n", texts) + "}").encode()),
    (".srt", _srt),
    (".jsonl", _rows),
]
_CUT = {".pdf", ".docx", ".epub", ".msg", ".xlsx", ".pptx", ".ods", ".odt", ".odp"}  # these are cut off in the middle


def write(folder: Path, count: int) -> Mixed:
    """Write so many files, in folders of a hundred."""
    documents, damaged = dict[str, list[str]](), set[str]()
    for number in range(count):
        ending, make = KINDS[number % len(KINDS)]
        texts = sentences(number)
        name = f"{number // 100}/file{number}"
        path = folder / f"{name}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = make(texts)
        if number % ONE_IN == ONE_IN - 1:
            data = data[: len(data) // 2] if ending in _CUT else b"\0\xff" * 400
            damaged.add(path.name)
        else:
            documents[_id(name, ending, number)] = texts
        path.write_bytes(data)
    return Mixed(documents, damaged)


def _id(name: str, ending: str, number: int) -> str:
    if ending == ".mbox":
        return f"{name}/1@x"
    return f"rows-{number}" if ending == ".jsonl" else name
