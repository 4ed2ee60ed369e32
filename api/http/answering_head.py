"""HEAD: what GET would answer, without the body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http.transfer import HEAD


class AnswerHead:
    """Answers HEAD as GET, with the same status and headers and no body. The framework's routes would answer 405."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]  # ranges are of GET only
        await self._app({**scope, "method": "GET", "headers": headers, HEAD: True}, receive, without_body)
