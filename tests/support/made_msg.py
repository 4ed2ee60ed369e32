"""Outlook messages as compound files (MS-CFB), written sector by sector, so that a test shows all that is in them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
STORAGE, STREAM, ROOT = 1, 2, 5

Tree = dict[str, "bytes | Tree"]


@dataclass
class _Entry:
    """An entry of the directory."""

    name: str
    kind: int
    data: bytes = b""
    child: int = FREE
    right: int = FREE
    start: int = END


def message(
    *,
    strings: dict[int, str] | None = None,
    data: dict[int, bytes] | None = None,
    times: dict[int, int] | None = None,
    numbers: dict[int, int] | None = None,
    attachments: list[Tree] | None = None,
    header: int = 32,
) -> Tree:
    """The storage of a message or an attachment.

    Args:
        strings, data, times, numbers: properties by id; times as FILETIME counts them.
        attachments: storages, whose header has 8 bytes.
        header: 32 for the outermost message, 24 for one inside it, 8 for an attachment.
    """
    fixed = b"".join(struct.pack("<HHIq", 0x40, number, 6, time) for number, time in (times or {}).items())
    fixed += b"".join(struct.pack("<HHIiI", 3, number, 6, value, 0) for number, value in (numbers or {}).items())
    texts = {(number, 0x1F): text.encode("utf-16-le") for number, text in (strings or {}).items()}
    texts |= {(number, 0x102): value for number, value in (data or {}).items()}
    fixed += b"".join(struct.pack("<HHIII", kind, number, 6, len(value), 0) for (number, kind), value in texts.items())
    made: Tree = {"__properties_version1.0": bytes(header) + fixed}
    made |= {f"__substg1.0_{number:04X}{kind:04X}": value for (number, kind), value in texts.items()}
    made |= {f"__attach_version1.0_#{number:08X}": tree for number, tree in enumerate(attachments or [])}
    return made


def attached(inner: Tree) -> Tree:
    """An attachment that is a message."""
    return message(header=8, strings={0x3001: "a message"}) | {"__substg1.0_3701000D": inner}


def compound(tree: Tree) -> bytes:
    """A compound file with these storages and streams."""
    entries = [_Entry("Root Entry", ROOT)]
    _add(entries, 0, tree)
    mini, minis = b"", list[int]()
    for entry in entries:
        if entry.kind == STREAM and 0 < len(entry.data) < CUTOFF:
            entry.start = len(mini) // MINI
            count = -(-len(entry.data) // MINI)
            minis += [*range(entry.start + 1, entry.start + count), END]
            mini += entry.data.ljust(count * MINI, b"\0")
    body, fat = list[bytes](), list[int]()

    def put(content: bytes) -> int:
        start, count = len(body), -(-len(content) // SECTOR)
        body.extend(content[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(content), SECTOR))
        fat.extend([*range(start + 1, start + count), END])
        return start

    for entry in entries:
        if entry.kind == STREAM and len(entry.data) >= CUTOFF:
            entry.start = put(entry.data)
    if mini:
        entries[0].start, entries[0].data = put(mini), mini
    minifat = put(b"".join(struct.pack("<I", value) for value in minis)) if minis else END
    directory = put(b"".join(map(_written, entries)).ljust(-(-len(entries) // 4) * SECTOR, b"\0"))
    first = len(fat)
    count = next(n for n in range(1, 110) if n * 128 >= first + n)
    fat += [FAT] * count + [FREE] * (count * 128 - first - count)
    for at in range(count):
        body.append(struct.pack("<128I", *fat[at * 128 : at * 128 + 128]))
    listed = [*range(first, first + count), *[FREE] * (109 - count)]
    minifats = -(-len(minis) * 4 // SECTOR)
    head = struct.pack("<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, count,
                       directory, 0, CUTOFF, minifat, minifats, END, 0)  # fmt: skip
    return head + struct.pack("<109I", *listed) + b"".join(body)


def _add(entries: list[_Entry], parent: int, tree: Tree) -> None:
    before = None
    for name, content in sorted(tree.items(), key=lambda item: (len(item[0]), item[0].upper())):
        number = len(entries)
        entries.append(_Entry(name, STREAM if isinstance(content, bytes) else STORAGE))
        if before is None:
            entries[parent].child = number
        else:
            entries[before].right = number
        before = number
        if isinstance(content, bytes):
            entries[number].data = content
        else:
            _add(entries, number, content)


def _written(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le")
    return struct.pack("<64sHBBIII16xI16xIQ", name, len(name) + 2, entry.kind, 1, FREE, entry.right, entry.child, 0,
                       entry.start if entry.kind != STORAGE else 0, len(entry.data))  # fmt: skip
