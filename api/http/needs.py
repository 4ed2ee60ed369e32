"""What each route needs before a request reaches it, declared where the route is defined.

    @router.post("/ask")
    @Needs(key="read", turn="answer")
    def ask(...) -> AskResponse: ...

The guard, the rate limit, the body limit and the queue all look a request's route up in one `RouteTable`, which is made
of these declarations.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import Scope

Endpoint = TypeVar("Endpoint")

Turn = Literal["answer", "look", "write"]

_DECLARED = "citeqa_needs"  # attribute of an endpoint
_FOUND = "citeqa.needs"  # entry of a request's scope
_CHANGING = frozenset({"PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a route needs. An instance is also the decorator that declares it.

    key           the key that a request must bring, where the service has keys: none, any ("read"), or a write key
    turn          the queue in which a request waits for its turn: "answer" for what the models compute, "look" for
                  documents and the like, "write" for changes; None for what is answered at once, without a thread
    upload        whether the body may be as large as a document, if the caller may change documents
    manuscript    whether the body may be as large as a manuscript, whoever the caller is
    rate_limited  whether a request counts against its client's rate
    """

    key: Literal["none", "read", "write"]
    turn: Turn | None = None
    upload: bool = False
    manuscript: bool = False
    rate_limited: bool = True

    def __call__(self, endpoint: Endpoint) -> Endpoint:
        """Declare this of an endpoint, which is given back unchanged."""
        setattr(endpoint, _DECLARED, self)
        return endpoint


class RouteTable:
    """The routes of an application and what they need. Never changes; may be shared between threads."""

    def __init__(self, routes: Iterable[BaseRoute], by_path: Mapping[str, Needs] = MappingProxyType({})) -> None:
        """Take `routes` in the order in which the application tries them. `by_path` says what those routes need that
        cannot declare it themselves, since the framework defines them.

        Raises:
            ValueError: if a route declares nothing, needs no key and does more than read, or runs in a thread without
                waiting for its turn: nothing else bounds how many threads it takes.
        """
        self._routes = [(route, _declared(route, by_path)) for route in routes]

    def needs(self, scope: Scope) -> Needs:
        """What the request of this scope needs.

        A request that no route answers, because its path or its method is unknown, needs a key as well: without one,
        nobody learns which paths exist.
        """
        found: Needs | None = scope.get(_FOUND)
        if found is None:
            found = scope[_FOUND] = self._look_up(scope)
        return found

    def _look_up(self, scope: Scope) -> Needs:
        """Choose a route as the framework does: the first that takes path and method, else the first that takes the
        path. HEAD counts as GET."""
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        of_path: Needs | None = None
        for route, needs in self._routes:
            match = _match(route, asked)
            if match is Match.FULL:
                return needs
            if match is Match.PARTIAL and of_path is None:
                of_path = needs
        changes = scope["method"] in _CHANGING and scope["path"].startswith("/api/")
        return Needs(key="write" if changes else "read", rate_limited=of_path is None or of_path.rate_limited)

    def methods(self, scope: Scope) -> set[str]:
        """The methods that the routes of this path take, whatever the method of the request is. A mounted folder adds
        none: it answers for itself."""
        root = scope.get("app_root_path", scope.get("root_path", ""))  # a mount lengthens the other by its own path
        asked = {**scope, "root_path": root}
        matching = (route for route, _ in self._routes if route.matches(asked)[0] is not Match.NONE)
        return {method for route in matching for method in _methods(route)}


def _match(route: BaseRoute, scope: Scope) -> Match:
    """How a route matches a request. Of a mounted folder, files can only be read."""
    match, _ = route.matches(scope)
    if match is Match.FULL and isinstance(route, Mount) and scope["method"] != "GET":
        return Match.PARTIAL
    return match


def _declared(route: BaseRoute, by_path: Mapping[str, Needs]) -> Needs:
    path, endpoint = getattr(route, "path", None), getattr(route, "endpoint", None)
    needs: Needs | None = getattr(endpoint, _DECLARED, None) or by_path.get(str(path))
    if needs is None:
        raise ValueError(
            f"the route {_shown(route)} does not declare what it needs: write, for example, @Needs(key='read') between "
            "the decorator of the route and the function"
        )
    if needs.key == "none" and not _only_reads(route):
        raise ValueError(f"the route {_shown(route)} needs no key, so it may only take GET and HEAD")
    if needs.turn is None and isinstance(route, APIRoute) and not inspect.iscoroutinefunction(endpoint):
        raise ValueError(f"the route {_shown(route)} runs in a thread, so it needs a turn: turn='look', for example")
    return needs


def _only_reads(route: BaseRoute) -> bool:
    methods = _methods(route)
    return isinstance(route, Mount) or (bool(methods) and methods <= {"GET", "HEAD"})


def _methods(route: BaseRoute) -> set[str]:
    methods: Any = getattr(route, "methods", None)
    return set(methods or ())


def _shown(route: BaseRoute) -> str:
    return " ".join([*sorted(_methods(route)), str(getattr(route, "path", route))])
