"""The address of a corpus in PostgreSQL, and how it is shown: never with a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from citeqa.index.errors import CiteqaError

SCHEMA = "citeqa"  # where nothing else is said
_HIDDEN = re.compile(r"(replica_folder|replica_from|\w*password|ssl\w*)=", re.IGNORECASE)
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,49}")
# A server that went away without a word is noticed within this time (seconds, milliseconds; libpq's parameters).
_NETWORK = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "citeqa",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a corpus is, read from `postgresql://user:password@host:port/database?schema=NAME&replica_folder=FOLDER
    &replica_from=FOLDER`. What else stands behind the question mark is for libpq.

    Args:
        conninfo: what libpq connects with.
        schema: the schema that holds the corpus's tables.
        folder: where this machine keeps its replica; None if that is not said.
        start: where another machine keeps its own, which a fresh replica starts from; None if that is not said.
        shown: the address as it may be shown.
    """

    conninfo: str = field(repr=False)
    schema: str
    folder: Path | None
    start: Path | None
    shown: str

    @classmethod
    def of(cls, address: str) -> Address:
        """Read an address.

        Raises:
            CiteqaError: if it is none; the message does not repeat it.
        """
        try:
            parts = urlsplit(address)
            given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        except ValueError:
            raise CiteqaError(
                "the store's address is no URL like postgresql://user@host:5432/database; special characters of a "
                "password must be written as %XX"
            ) from None
        schema = given.pop("schema", SCHEMA)
        folder, start = (
            Path(path) if (path := given.pop(name, "")) else None for name in ("replica_folder", "replica_from")
        )
        if not _NAME.fullmatch(schema):
            raise CiteqaError(
                f"the schema {schema!r} in the store's address must be lower-case letters, digits and underscores"
            )
        conninfo = urlunsplit(parts._replace(query=urlencode(_NETWORK | given, quote_via=quote)))
        return cls(conninfo, schema, folder, start, shown(address))


def shown(address: object) -> str:
    """An address as it may be shown: without passwords, and without the folders of replicas. What lies between the
    first colon and the last @ is left out, so that a password in which something should have been written as %XX does
    not slip through."""
    scheme, separator, rest = str(address).partition("://")
    if not separator:
        return scheme
    user, at, server = rest.rpartition("@")
    where, _, query = server.partition("?")
    kept = [pair for pair in query.split("&") if pair and not _HIDDEN.match(pair)]
    return f"{scheme}://{user.partition(':')[0]}{at}{where}" + (f"?{'&'.join(kept)}" if kept else "")


def secrets_of(conninfo: str) -> list[str]:
    """The passwords in an address, as they are written and as they are meant."""
    parts = urlsplit(conninfo)
    userinfo = parts.netloc.rpartition("@")[0]
    written = [userinfo.partition(":")[2], *(v for k, v in parse_qsl(parts.query) if k.endswith("password"))]
    return [form for one in written if one for form in {one, unquote(one)}]
