"""The HTTP interface. `create_app` makes the service an ASGI application."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citeqa.api.http.app import create_app as create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":  # imported when it is used, since it loads the search engines and the web framework
        from citeqa.api.http.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
