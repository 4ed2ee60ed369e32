"""Who may ask, under which host name, and how often. All of it is checked before a body is read."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Literal

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http.needs import RouteTable
from citeqa.api.http.problems import problem
from citeqa.api.http.request_log import request_info

if TYPE_CHECKING:
    from pydantic import SecretStr
    from starlette.responses import Response

    from citeqa.api.settings import Settings

Right = Literal["read", "write"]

_IPV6_CLIENT = 64  # bits of an IPv6 address that identify a client, which has the remaining ones to itself


def may_write(settings: Settings, right: str | None) -> bool:
    """Whether a caller may change documents, where `right` is what its key allows: if writing is on, and there are no
    keys or it has a write key."""
    return settings.writing and (not settings.authentication or right == "write")


class KeyRing:
    """The keys of the service. It holds only their digests, and compares all of them, each in constant time."""

    def __init__(self, read: Iterable[SecretStr], write: Iterable[SecretStr]) -> None:
        self._keys: list[tuple[bytes, Right]] = [(_digest(key.get_secret_value()), "read") for key in read]
        self._keys += [(_digest(key.get_secret_value()), "write") for key in write]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def right(self, key: str) -> Right | None:
        """What a key allows; None if it is not a key of the service."""
        digest, found = _digest(key), None
        for held, right in self._keys:
            if hmac.compare_digest(held, digest) and found != "write":
                found = right
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


class Authenticate:
    """Answers 401 to a request that needs a key and has none, and 403 to a read key where a write key is needed."""

    def __init__(self, app: ASGIApp, *, routes: RouteTable, keys: KeyRing) -> None:
        self._app, self._routes, self._keys = app, routes, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(scope) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        right = self._keys.right(_bearer(Headers(scope=scope)))
        request_info(scope).right = right
        needed = self._routes.needs(scope).key
        if needed == "none":
            return None
        if right is None:
            detail = "A key is needed: send the header Authorization: Bearer KEY."
            return problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="citeqa"'})
        if needed == "write" and right != "write":
            return problem(403, "This key may ask, but not change documents.")
        return None


def _bearer(headers: Headers) -> str:
    """The key of a request; empty if it has none, or more than one."""
    given = headers.getlist("authorization")
    scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return key.strip() if scheme.lower() == "bearer" else ""


class CheckHost:
    """Answers 421 to a request for another host name than the service's own.

    This prevents DNS rebinding: another site cannot reach a service on a visitor's machine under a name that the site
    lets point to that machine.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = Headers(scope=scope).get("host", "").lower()
            name = named.rpartition(":")[0] if not named.endswith("]") and ":" in named else named
            if name not in self._hosts:
                detail = "This service does not answer to this host name; if it should, add it to CITEQA_ALLOWED_HOSTS."
                await problem(421, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class RateLimit:
    """Answers 429 to a client that asks more often than allowed. Each worker process counts on its own."""

    def __init__(self, app: ASGIApp, *, routes: RouteTable, rate: str) -> None:
        """`rate` is a number of requests and a unit of time: `600/minute`."""
        from limits import parse
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._app, self._routes, self._rate = app, routes, parse(rate)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name, needs = client(scope), self._routes.needs(scope)
        if needs.rate_limited:
            allowed = self._limiter.hit(self._rate, name)
        else:  # whoever knows a key may ask as often as it likes, but nobody may try out keys
            name = f"wrong keys of {name}"
            allowed = needs.key == "none" or self._limiter.test(self._rate, name)
        if not allowed:
            free = self._limiter.get_window_stats(self._rate, name).reset_time - time.time()
            detail = f"These are more requests than the {self._rate} that one client may make."
            await problem(429, detail, headers={"Retry-After": str(max(1, math.ceil(free)))})(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 401 and not needs.rate_limited:
                self._limiter.hit(self._rate, name)
            await send(message)

        await self._app(scope, receive, send_counted)


def client(scope: Scope) -> str:
    """What identifies a client: its IPv4 address, or the network of its IPv6 address."""
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.version == 6:
        return str(ipaddress.ip_network((int(address), _IPV6_CLIENT), strict=False))
    return str(address)
