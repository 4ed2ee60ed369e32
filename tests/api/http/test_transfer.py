"""Long bodies on their way: they keep nobody from the event loop."""

from __future__ import annotations

import asyncio
from io import BytesIO

from starlette.types import Message, Receive

from citeqa.api.http.limits import PIECE
from citeqa.api.http.transfer import FileResponse

PIECES = 20


def test_others_have_their_turns_between_the_pieces_of_a_file() -> None:
    turns, sent = 0, list[Message]()

    async def send(message: Message) -> None:  # a client that takes all at once
        sent.append(message)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def answer(receive: Receive) -> None:
        waiting = asyncio.ensure_future(others())
        await FileResponse(BytesIO(b"a" * PIECES * PIECE), PIECES * PIECE, media_type="text/plain")({}, receive, send)
        waiting.cancel()

    asyncio.run(answer(lambda: asyncio.sleep(60, {})))

    assert b"".join(message.get("body", b"") for message in sent) == b"a" * PIECES * PIECE
    assert turns >= PIECES
