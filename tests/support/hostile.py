"""What files hold that mean harm: archives that unpack without end, entities, addresses."""

from __future__ import annotations

import zipfile
from io import BytesIO

from support.made_files import packed

OUTSIDE = "http://198.51.100.7/x"
SYSTEM = f'<!DOCTYPE x SYSTEM "{OUTSIDE}">'
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
TOO_MUCH = "its archive unpacks to more than 268,435,456 bytes"


def with_members(data: bytes, **members: str | bytes) -> bytes:
    """A package with other members too, or in place of its own; `__` stands for a slash, `_dot_` for a full stop."""
    with zipfile.ZipFile(BytesIO(data)) as old:
        held: dict[str, str | bytes] = {name: old.read(name) for name in old.namelist()}
    return packed(held | {name.replace("_dot_", ".").replace("__", "/"): content for name, content in members.items()})


def bomb(name: str, data: bytes = b"<x/>") -> bytes:
    """A package one part of which unpacks to 300 MB."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        with zipfile.ZipFile(BytesIO(data)) as old:
            for member in old.namelist():
                if member != name:
                    made.writestr(member, old.read(member))
        with made.open(name, "w", force_zip64=True) as member_file:
            for _ in range(300):
                member_file.write(b" " * 1_000_000)
    return file.getvalue()
