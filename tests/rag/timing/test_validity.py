"""Which value holds where documents or sentences disagree: asked of the shipped models over a small corpus."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from support.question_sets import lines

from citeqa.api.service import Service
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Span
from citeqa.rag import confidence
from citeqa.rag.answerer import Answerer
from citeqa.rag.candidates import Candidate
from citeqa.rag.citation.citing import Citer
from citeqa.rag.options import AskOptions
from citeqa.rag.reader.onnx_reader import OnnxReader
from citeqa.rag.timing.statements import Asked
from citeqa.rag.timing.validity import ruling
from citeqa.rag.types import Response

TODAY = date(2026, 2, 1)

DOCUMENTS = [
    ("mill-1", "Opening hours of the mill", "2023-05-01", "The mill is open from Tuesday to Sunday. Admission is £6. "
     "Guided tours are held at noon. The miller is Jack Dunn. School groups pay £2 a head."),
    ("mill-2", "The mill raises its prices", "2025-03-01", "From 1 April 2025 admission to the mill is £8. A new "
     "exhibition has opened. Jack Dunn retired; the new miller is Petra Holm."),
    ("match", "Police: 14 arrested after match", "2025-05-03", "Police arrested 14 people after the match between "
     "Rovers and Town on Saturday. Two officers were hurt."),
    ("concert", "Police: 9 arrested at concert", "2025-06-10", "Police arrested 9 people at a concert of the band "
     "Vex on Monday. No officers were hurt."),
    ("mayor-1", "Mayor of Linden", "2019-02-01", "Carla Voss is the mayor of Linden. She is a chemist."),
    ("mayor-2", "Linden has a new mayor", "2024-02-01", "Ahmed Rao is the new mayor of Linden, not Carla Voss."),
    ("ferro-1", "Quarterly report Q1", "2025-04-15", "In the first quarter of 2025 Ferro sold 12,000 tonnes of wire."),
    ("ferro-2", "Quarterly report Q2", "2025-07-15", "In the second quarter of 2025 Ferro sold 15,000 tonnes of wire."),
    ("bus-1", "Bus 14", "2024-01-01", "Bus 14 runs every 20 minutes. The fare is €2.40. The last bus leaves at 23:15."),
    ("bus-2", "Bus 14 from January", "2025-11-20", "From 1 January 2027 bus 14 will run every 10 minutes."),
    ("bridge", "The bridge", None, "Until 2009 the bridge carried two lanes of traffic."),
    ("moss", "Lena Moss", "2020-01-01", "Lena Moss works 30 hours a week. Her notice period is four weeks."),
    ("reed", "Paul Reed", "2024-01-01", "Paul Reed works 38 hours a week. His notice period is eight weeks."),
    ("fence-1", "Minutes", None, "Minutes of 4 March 2025\n\nThe fence will cost 2,300 pounds. Anna orders the wood."),
    ("fence-2", "Minutes", None, "Minutes of 8 April 2025\n\nThe fence will cost 2,750 pounds, as larch is dearer."),
    ("ossa", "Guide to the lake", "2021-06-01", "Lake Ossa lies 412 metres above the sea. It is 38 metres deep."),
    ("vorra", "Fishing on Lake Vorra", "2025-06-01", "Lake Vorra lies 530 metres above the sea. It is 61 metres deep. "
     "Lake Ossa is nearby."),
    ("lease", "Lease of the boathouse", "2021-03-01", "2. The annual rent of the boathouse is £3,600."),
    ("amendment", "Amendment to the lease of the boathouse", "2024-07-15", 'Clause 2: the words "£3,600" are replaced '
     'by "£4,250".'),
    ("cable-2026", "Cable car: prices 2026", "2026-01-01", "A ticket of the cable car is €11. Dogs travel free. "
     "The first cabin leaves at 7:30."),
    ("cable-2024", "Cable car: prices 2024", "2024-01-01", "A ticket of the cable car is €9. Bicycles are €3. "
     "The first cabin leaves at 8:30."),
    ("hall-1", "Renovation of the hall", "2024-05-05", "The renovation of the hall will be finished in October 2025."),
    ("hall-2", "Hall delayed", "2025-06-11", "The renovation of the hall will not be finished before March 2026."),
    ("gym-1", "House rules of Volt", "2024-02-01", "The lockers of Volt are emptied every night at 11 pm."),
    ("gym-2", "Volt: changes from May", "2025-04-20", "The lockers of Volt are now emptied every Sunday morning."),
    ("fire-1", "Fire at the paper mill in Torne", "2025-07-02", "The fire at the paper mill in Torne caused damage of "
     "three million euros, the police said."),
    ("fire-2", "Insurer on the mill in Torne", "2025-07-08", "The fire at the paper mill in Torne caused damage of "
     "five million euros, the insurer said."),
    ("codes", "Error codes", "2025-01-01", "Error K7 means that the exchanger is iced up. Error K7 in mild weather "
     "usually means that the air sensor gives wrong values, not that there is ice."),
    ("gas", "Supply agreement", "2025-06-01", "The quantity for Leire was changed from 40 GWh to 34 GWh a year."),
]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, reader: OnnxReader) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("validity")
    rows = [
        {"id": name, "title": title, "text": text} | ({"date": day} if day else {})
        for name, title, day, text in DOCUMENTS
    ]
    lines(folder / "corpus.jsonl", rows)
    update(folder / "index", [folder / "corpus.jsonl"], embedder)
    index = Index(folder / "index")
    yield Service(index, Answerer(index, embedder, reader, confidence.load()[0]))
    index.close()


def ask(service: Service, question: str) -> Response:
    return service.answerer.ask(question, AskOptions(today=TODAY))


@pytest.mark.parametrize(
    ("question", "holds", "older"),
    [
        ("How much is admission to the mill?", "£8", "£6"),
        ("Who is the miller?", "Petra Holm", "Jack Dunn"),
        ("Who is the mayor of Linden?", "Ahmed Rao", "Carla Voss"),
        ("What is the annual rent of the boathouse?", "£4,250", "£3,600"),
        ("What quantity is supplied to Leire a year?", "34 GWh", "40 GWh"),
        ("How much will the fence cost?", "2,750", "2,300"),  # minutes of another day; no word says so
        ("When will the renovation of the hall be finished?", "March 2026", "October 2025"),
        ("When are the lockers of Volt emptied?", "Sunday", "11 pm"),
        ("How much is a ticket of the cable car?", "€11", "€9"),  # editions of a price list, newest first
    ],
)
def test_the_value_in_force_is_the_answer_and_the_older_one_stands_beside_it(
    service: Service, question: str, holds: str, older: str
) -> None:
    response = ask(service, question)
    assert response.answer
    assert holds in response.answer.text
    assert older not in response.answer.text
    assert any(older in one.text for one in response.conflicts)
    assert response.answer.text == response.answer.citation.quote.text


def test_that_a_later_document_says_otherwise_is_told_where_no_word_says_that_something_changed(
    service: Service,
) -> None:
    response = ask(service, "How much damage did the fire at the paper mill cause?")
    assert response.answer
    said = {response.answer.text: response.answer.citation, **{one.text: one.citation for one in response.conflicts}}
    older, newer = ("three million euros", "five million euros")
    assert said[newer].newer_than(said[older])


@pytest.mark.parametrize(
    ("question", "then"),
    [
        ("How much was admission to the mill in 2024?", "£6"),
        ("How much did the mill originally charge for admission?", "£6"),
        ("How much was the fence expected to cost in March 2025?", "2,300"),
        ("How much wire did Ferro sell in the first quarter of 2025?", "12,000"),
        ("How much was a ticket of the cable car in 2024?", "€9"),
    ],
)
def test_the_earlier_value_is_the_answer_if_its_time_is_asked_for(service: Service, question: str, then: str) -> None:
    response = ask(service, question)
    assert response.answer
    assert then in response.answer.text


@pytest.mark.parametrize(
    ("question", "right"),
    [
        ("What do school groups pay at the mill?", "£2"),
        ("How much are bicycles on the cable car?", "€3"),
        ("How many people were arrested after the match between Rovers and Town?", "14"),
        ("How many hours a week does Lena Moss work?", "30"),
        ("What is Lena Moss's notice period?", "four weeks"),
        ("How high above the sea does Lake Ossa lie?", "412"),
        ("How deep is Lake Ossa?", "38"),
    ],
)
def test_a_newer_document_about_something_else_changes_nothing(service: Service, question: str, right: str) -> None:
    response = ask(service, question)
    assert response.answer
    assert right in response.answer.text


def test_what_is_to_come_does_not_hold_yet(service: Service) -> None:
    response = ask(service, "How often does bus 14 run?")
    assert response.answer
    assert response.answer.text == "every 20 minutes"


def test_a_value_of_the_past_is_the_answer_where_it_is_the_only_one(service: Service) -> None:
    response = ask(service, "How many lanes did the bridge carry?")
    assert response.answer
    assert response.answer.text == "two"


def test_a_change_of_something_else_overrules_nothing(service: Service) -> None:
    index, citer = service.index, Citer(service.index)
    text = index.document("codes").text

    def candidate(words: str) -> Candidate:
        start = text.index(words)
        return Candidate("codes", Span(start, start + len(words)), words, 9.0, 1.0, 1.0, 9.0, True)

    asked = Asked("What does error K7 mean?", (), TODAY)
    iced = candidate("the exchanger is iced up")
    assert ruling(asked, [iced, candidate("the air sensor gives wrong values")], index, citer).chosen == iced
