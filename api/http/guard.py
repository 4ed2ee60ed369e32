"""Who may ask for what, by which name and how often: checked before anything of a request's body is read."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Literal

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from citeqa.api.http.problems import problem
from citeqa.api.http.request_log import request_info

if TYPE_CHECKING:
    from pydantic import SecretStr
    from starlette.responses import Response

Right = Literal["read", "write"]

# What holds no document and no question: the page's files, the description of the interface, the sign of life.
# Everything else needs a key where there are keys, what is added later too.
OPEN = frozenset({"/", "/docs", "/openapi.json", "/api/health"})
OPEN_FOLDERS = ("/static/", "/static-offline-docs/")
_CHANGING = frozenset({"/api/documents", "/api/feedback"})
_UNLIMITED = frozenset({"/api/health", "/metrics"})
_IPV6_CLIENT = 64  # bits of an IPv6 address that tell clients apart: a client has the rest to itself


def is_write(method: str, path: str) -> bool:
    """Whether a request asks for a change of the documents or of what is kept about them."""
    if not path.startswith("/api/"):  # an assistant's session ends with DELETE; nothing is lost by it
        return False
    return method in ("PUT", "PATCH", "DELETE") or (method == "POST" and path in _CHANGING)


def is_open(method: str, path: str) -> bool:
    """Whether a request is answered without a key."""
    return method in ("GET", "HEAD") and (path in OPEN or path.startswith(OPEN_FOLDERS))


class KeyRing:
    """The keys there are. Only their digests are held and compared, each in constant time, always all of them."""

    def __init__(self, read: Iterable[SecretStr], write: Iterable[SecretStr]) -> None:
        self._keys: list[tuple[bytes, Right]] = [(_digest(key.get_secret_value()), "read") for key in read]
        self._keys += [(_digest(key.get_secret_value()), "write") for key in write]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def right(self, key: str) -> Right | None:
        """What a key allows; None if it is none of them."""
        digest, found = _digest(key), None
        for held, right in self._keys:
            if hmac.compare_digest(held, digest) and found != "write":
                found = right
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


class Authenticate:
    """Answers 401 without a key, 403 to a key that may only read where something would change."""

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(scope) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        method, path = scope["method"], scope["path"]
        right = self._keys.right(_bearer(Headers(scope=scope)))
        request_info(scope).right = right
        if is_open(method, path):
            return None
        if right is None:
            detail = "A key is needed: send the header Authorization: Bearer KEY."
            return problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="citeqa"'})
        if is_write(method, path) and right != "write":
            return problem(403, "This key may ask, but not change documents.")
        return None


def _bearer(headers: Headers) -> str:
    given = headers.getlist("authorization")
    scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return key.strip() if scheme.lower() == "bearer" else ""


class CheckHost:
    """Answers 421 to a request for a host name that is not this service's: so no page of another site can reach a
    service on its reader's own machine by a name that it made point there (DNS rebinding)."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = Headers(scope=scope).get("host", "").lower()
            name = named.rpartition(":")[0] if not named.endswith("]") and ":" in named else named
            if name not in self._hosts:
                detail = "This service does not go by this host name; to let it, name it in CITEQA_ALLOWED_HOSTS."
                await problem(421, detail)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class RateLimit:
    """Answers 429 to a client that asks more often than allowed. Each worker process counts for itself."""

    def __init__(self, app: ASGIApp, rate: str) -> None:
        """`rate` is a number and a unit: `600/minute`."""
        from limits import parse
        from limits.storage import MemoryStorage
        from limits.strategies import SlidingWindowCounterRateLimiter

        self._app, self._rate = app, parse(rate)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _UNLIMITED and not scope["path"].startswith(OPEN_FOLDERS):
            name = client(scope)
            if not self._limiter.hit(self._rate, name):
                free = self._limiter.get_window_stats(self._rate, name).reset_time - time.time()
                detail = f"These are more requests than the {self._rate} that one client may make."
                await problem(429, detail, headers={"Retry-After": str(max(1, math.ceil(free)))})(scope, receive, send)
                return
        await self._app(scope, receive, send)


def client(scope: Scope) -> str:
    """What one client is told from another by: its address, of IPv6 the network."""
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.version == 6:
        return str(ipaddress.ip_network((int(address), _IPV6_CLIENT), strict=False))
    return str(address)
