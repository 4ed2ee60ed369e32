"""Which questions want several things, and which list answers them whole."""

from __future__ import annotations

import pytest

from citeqa.index.documents.corpus import document
from citeqa.index.types import Document, Passage, Span
from citeqa.rag.candidates import Candidate, answer_span
from citeqa.rag.headings import answering_part, asks, in_question
from citeqa.rag.lists import list_for, wants_several
from citeqa.rag.types import Citation

KIT = """# Kit

The following accessories are optional:

- humidity sensor (4410-610)
- CO2 sensor (4410-611)
  - with display
  - without display
- wall sleeve

The freezer runs at -20 °C.

## What do I need for a return?

1. the invoice
2. the return form
"""
WANT_SEVERAL = [
    "Which optional accessories are there?", "What roles does the app have?", "What must I do before first use?",
    "what are the steps", "List the members of the board", "What is included in the kit?", "Who are the members?",
    "Which documents do I need?", "what do i have to bring", "Which of the tools are needed?",
    "Who was present at the meeting?", "Who took part in the survey?",
    "Who was elected to the board?",
]  # fmt: skip
WANT_ONE = [
    "Which accessory costs 30 euros?", "What torque for the M8 bolts?", "What does error E07 mean?",
    "What class is it?", "What is the price of part 4410?", "How many accessories are there?", "When does it open?",
    "What happens if I miss it?", "Which bus goes there?", "What was the company's revenue?", "What process is used?",
    "Who presented the report?", "Who was the chair?", "Who was elected president?",
]  # fmt: skip


@pytest.fixture(scope="module")
def kit() -> Document:
    return document("kit", KIT, file_sha256="", title="Kit")


def place(text: str) -> Span:
    start = KIT.index(text)
    return Span(start, start + len(text))


@pytest.mark.parametrize("question", WANT_SEVERAL)
def test_a_question_wants_several_things(question: str) -> None:
    assert wants_several(question)


@pytest.mark.parametrize("question", WANT_ONE)
def test_a_question_wants_one_thing(question: str) -> None:
    assert not wants_several(question)


@pytest.mark.parametrize("led", ["CO2 sensor", "optional", "wall sleeve"])
def test_an_item_or_the_introduction_leads_to_the_whole_list(kit: Document, led: str) -> None:
    span = list_for("Which accessories are there?", kit, place(led))
    assert span
    assert kit.quote(span).startswith("humidity sensor")
    assert kit.quote(span).endswith("wall sleeve")
    citation = Citation.of(kit, span)
    assert citation.items == 3
    assert citation.sentence.text.startswith("The following accessories are optional:")
    assert citation.sentence.text.endswith("wall sleeve")


def test_a_question_about_one_item_gets_what_is_nested_in_it(kit: Document) -> None:
    span = list_for("Which versions does the CO2 sensor have?", kit, place("with display"))
    assert span
    assert kit.quote(span) == "with display\n  - without display"
    assert Citation.of(kit, span).items == 2


def test_a_question_that_wants_one_item_gets_one(kit: Document) -> None:
    assert list_for("Which accessory measures CO2?", kit, place("CO2 sensor")) is None
    assert list_for("Which sleeves are there?", kit, place("wall sleeve")) is None  # stands in one item alone
    assert Citation.of(kit, place("CO2 sensor (4410-611)")).items is None


def test_prose_beside_a_list_leads_to_none(kit: Document) -> None:
    assert list_for("Which temperatures are there?", kit, place("-20 °C")) is None


def test_a_heading_that_asks_the_question_leads_to_the_list_under_it(kit: Document) -> None:
    question = "What do I need for a return?"
    best = Candidate("kit", place("the invoice"), "the invoice", 1.0, 1.0, 1.0, 1.0, True)
    assert kit.quote(answer_span(question, best, [best], kit)) == "the invoice\n2. the return form"


STEPS = """Setting up

Lay the hull flat on sand. Then:

Step 1. Close the drain plugs.
Step 2. Inflate the floor.
Step 3. Fit the seats.

Store it dry.
"""


@pytest.mark.parametrize("led", ["Lay the hull flat", "Inflate the floor", "Then"])
def test_how_to_do_something_is_answered_with_all_steps(led: str) -> None:
    boat = document("boat", STEPS, file_sha256="", title="The boat")
    span = Span(STEPS.index(led), STEPS.index(led) + len(led))
    whole = list_for("How do I set up the boat?", boat, span)
    assert whole
    assert boat.quote(whole) == "Close the drain plugs.\nStep 2. Inflate the floor.\nStep 3. Fit the seats"
    assert Citation.of(boat, whole).items == 3
    assert list_for("How do I fit the seats?", boat, span) is None  # one step says it
    assert list_for("How is it stored?", boat, span) is None
    dry = Span(STEPS.index("Store"), STEPS.index("Store") + 5)
    assert list_for("How do I set up the boat?", boat, dry) is None


def test_the_documents_title_is_known_of_every_item() -> None:
    text = "You need:\n\n- 1.5 kg damsons\n- 3 onions\n"
    recipe = document("recipe", text, file_sha256="", title="Damson chutney")
    damsons = Span(text.index("1.5"), text.index("damsons") + 7)
    whole = list_for("What ingredients do I need for damson chutney?", recipe, damsons)
    assert whole
    assert recipe.quote(whole) == "1.5 kg damsons\n- 3 onions"


def test_what_stands_under_a_heading_that_asks_is_a_part_of_the_passage(kit: Document) -> None:
    from citeqa.index.context import Context

    heading = place("What do I need for a return?")
    passage = Passage("kit", Span(0, len(KIT)), KIT, Context(headings=(place("Kit"), heading)))
    part = answering_part("what do I need for return", passage)
    assert part
    assert KIT[part.start : part.end].split()[:2] == ["1.", "the"]
    assert answering_part("Where is the kit made?", passage) is None
    assert in_question(passage, place("for a return"))
    assert not in_question(passage, place("Kit"))
    assert asks("Can I return it?", "can i return it")
    assert not asks("Returns", "Can I return it?")
