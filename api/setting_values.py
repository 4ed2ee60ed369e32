"""What kinds of values settings have beside plain ones, and which of them are refused."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

_SHORTEST_KEY = 16
_UNITS = "second|minute|hour|day"


def _listed(value: Any) -> Any:
    """A list from a file as it is, or from the environment as comma-separated text."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _keys(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for key in keys:
        value = key.get_secret_value()
        if len(value) < _SHORTEST_KEY or not value.isascii() or not value.isprintable() or set(value) & set(' ,"'):
            raise ValueError(
                f"a key needs at least {_SHORTEST_KEY} printable ASCII characters without spaces, commas and quotes; "
                "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
    return keys


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError as error:
            raise ValueError(f"a proxy must be an address or a network: {error}") from None
    return values


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        scheme, colon, rest = value.partition("://")
        if not colon or scheme not in ("http", "https") or not rest or set(rest) & set("/*?#@"):
            raise ValueError("an origin must be https://host or https://host:port, without a path")
    return values


def _endings(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not value.startswith(".") or len(value) < 2 or set(value[1:]) & set("./\\ "):
            raise ValueError("an ending begins with a full stop and holds no other, for example .log")
    return tuple(value.lower() for value in values)


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Keys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_keys)]
Endings = Annotated[Listed, AfterValidator(_endings)]
Origins = Annotated[Listed, AfterValidator(_origins)]
Networks = Annotated[Listed, AfterValidator(_networks)]
Rate = Annotated[str, Field(pattern=rf"^(off|[1-9]\d{{0,5}}/({_UNITS}))$")]
