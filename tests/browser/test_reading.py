"""The passages are shown while they are read, and the answer settles above them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browsing import ANSWERED, UNANSWERED, ask, seen, send

# What the service streams, let through step by step: the page's own code reads it.
STREAM = """
const whole = window.fetch;
const headers = { "Content-Type": "text/event-stream" };
const streamed = async () => new Response(new ReadableStream({ start(it) { window.stream = it; } }), { headers });
window.fetch = (path, options) => path === "api/ask" ? streamed() : whole(path, options);
window.say = async (text) => { // the question is kept before it is sent
  while (!window.stream) await new Promise((settle) => setTimeout(settle, 5));
  stream.enqueue(new TextEncoder().encode(text));
};
"""


def event(name: str, content: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n"


def answer(page: Page, question: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the service finds and answers."""
    address = page.url.partition("#")[0]
    found = page.request.post(f"{address}api/search", data={"question": question}).json()
    return found, page.request.post(f"{address}api/ask", data={"question": question}).json()


@pytest.fixture
def streamed(page: Page) -> Page:
    page.add_init_script(STREAM)
    page.reload()
    expect(page.locator("#suggestions li").first).to_be_visible()
    return page


def test_the_passages_are_there_first_and_do_not_move_when_the_answer_comes(streamed: Page) -> None:
    found, answered = answer(streamed, ANSWERED)
    send(streamed, ANSWERED)
    expect(streamed.locator(".working")).to_have_text("Searching the documents …")
    text = event("evidence", found)
    streamed.evaluate("say", text[:100])  # as the network cuts it
    streamed.evaluate("say", text[100:])
    passages = streamed.locator(".passage")
    expect(passages).to_have_count(5)
    expect(passages.first).to_be_visible()
    expect(streamed.locator(".working")).to_have_text("Reading 5 passages …")
    before = places(passages)
    streamed.evaluate("say", event("answer", answered))
    expect(streamed.locator(".answer > figure mark")).to_have_text(answered["answer"]["text"])
    assert places(passages) == before
    marks = passages.locator("mark").all_text_contents()
    assert answered["answer"]["text"] in marks
    ask_again(streamed)
    expect(passages.first).to_be_hidden()


def places(passages: Locator) -> list[tuple[int, str | None]]:
    """Where each passage stands, in pixels from the top, and its title."""
    boxes = [(passage.bounding_box(), passage.locator("cite").text_content()) for passage in passages.all()]
    return [(round(box["y"]), title) for box, title in boxes if box]


def ask_again(page: Page) -> None:
    found, answered = answer(page, UNANSWERED)
    page.evaluate("window.stream = null")
    send(page, UNANSWERED)
    page.wait_for_function("() => window.stream")
    page.evaluate("say", event("evidence", found) + event("answer", answered))
    expect(page.locator(".abstention .passage")).to_have_count(5)


@seen("desktop light")
@pytest.mark.parametrize("ends", [True, False], ids=["said", "broken off"])
def test_what_goes_wrong_while_reading_is_told(streamed: Page, ends: bool) -> None:
    found, _ = answer(streamed, ANSWERED)
    send(streamed, ANSWERED)
    streamed.evaluate("say", event("evidence", found))
    expect(streamed.locator(".passage")).to_have_count(5)
    problem = {"title": "Internal Server Error", "status": 500, "detail": "Something went wrong.", "errors": []}
    streamed.evaluate("say", event("problem", problem) if ends else "event: ans")
    streamed.evaluate("stream.close()")
    expect(streamed.get_by_role("alert")).to_have_text(
        "Something went wrong." if ends else "The service cannot be reached. Is it running?"
    )


@seen("phone dark", "desktop light")
def test_a_question_is_asked_for_events_and_answered_from_them(page: Page) -> None:
    page.context.unroute_all()
    with page.expect_request("**/api/ask") as asked:
        ask(page, ANSWERED)
    assert asked.value.headers["accept"].startswith("text/event-stream")
    assert (response := asked.value.response())
    assert response.headers["content-type"].startswith("text/event-stream")
    expect(page.locator(".answer > figure mark")).to_have_text("$9 million")
    expect(page.locator(".evidence .passage").first).to_be_visible()


@seen("desktop light")
def test_the_best_sentence_of_a_passage_is_centred_and_the_candidate_marked(page: Page) -> None:
    page.add_init_script(STREAM)
    page.reload()
    long = "Nothing is said here of what was asked. " * 12
    middle = "The parrot house opened on 3 May 1987.\n\n\n\nIt was full."
    text = long + middle + long
    found, answered = answer(page, UNANSWERED)
    place = answered["evidence"][0] | {"text": text, "start": 50, "end": 50 + len(text)}
    place |= {"start_utf16": 50, "end_utf16": 50 + len(text)}
    start = 50 + text.index("3 May")
    span = {"start": start, "end": start + 10, "start_utf16": start, "end_utf16": start + 10, "quote": "3 May 1987"}
    sentence = {**span, "text": "3 May 1987"}
    citation = {**place, **span, "sentence": sentence, "page": None, "document_sha256": "0" * 64}
    guess = {"text": "3 May 1987", "score": 1, "confidence": 0.2, "citation": citation}
    send(page, "When did the parrot house open?")
    page.evaluate("say", event("evidence", found | {"evidence": [place]}))
    shown = page.locator(".passage blockquote")
    expect(shown).to_contain_text("The parrot house opened on 3 May 1987.\nIt was full.")
    expect(shown).to_contain_text(r"… ")
    assert len(shown.text_content() or "") < 300
    page.evaluate("say", event("answer", answered | {"evidence": [place], "guesses": [guess]}))
    expect(page.locator(".passage mark")).to_have_text("3 May 1987")
