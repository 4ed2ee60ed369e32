"""Times in questions: golden phrases, properties, and what they do to what is found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import QUESTIONS

from citeqa.api.service import Service
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Filters, Passage, Span
from citeqa.rag import confidence
from citeqa.rag.answerer import Answerer
from citeqa.rag.evaluation.questions import load
from citeqa.rag.options import AskOptions
from citeqa.rag.reader.onnx_reader import OnnxReader
from citeqa.rag.timing.expressions import Timing, find_times
from citeqa.rag.timing.periods import months, part, season, week, years
from citeqa.rag.timing.recency import SHARE, plan_times, reorder_by_dates
from citeqa.rag.types import Evidence

TODAY = date(2026, 11, 24)  # a Tuesday

# question | words | first day | last day (- is open) | use, "" for prefer
GOLDEN = """
What happened in March 2025? | in March 2025 | 2025-03-01 | 2025-03-31 |
What happened in february of 2024? | in february of 2024 | 2024-02-01 | 2024-02-29 |
Who resigned in Sept. 2019? | in Sept. 2019 | 2019-09-01 | 2019-09-30 |
What was agreed on 4 May 2024? | on 4 May 2024 | 2024-05-04 | 2024-05-04 |
What was agreed on the 4th of May, 2024? | on the 4th of May, 2024 | 2024-05-04 | 2024-05-04 |
Who met Rubio on May 4, 2024? | on May 4, 2024 | 2024-05-04 | 2024-05-04 |
Who met Rubio on May 4th 2024? | on May 4th 2024 | 2024-05-04 | 2024-05-04 |
What closed on 2024-05-04? | on 2024-05-04 | 2024-05-04 | 2024-05-04 |
What closed on 13/05/2024? | on 13/05/2024 | 2024-05-13 | 2024-05-13 |
What closed on 05/13/2024? | on 05/13/2024 | 2024-05-13 | 2024-05-13 |
What opened on 4.5.1987? | on 4.5.1987 | 1987-05-04 | 1987-05-04 |
Who met on 18-19 March 2024 in Miami? | on 18-19 March 2024 | 2024-03-18 | 2024-03-19 |
Who met on March 18–19, 2024? | on March 18–19, 2024 | 2024-03-18 | 2024-03-19 |
What was said from 28 May to 3 June 2024? | from 28 May to 3 June 2024 | 2024-05-28 | 2024-06-03 |
What was said from May 28 to June 3, 2024? | from May 28 to June 3, 2024 | 2024-05-28 | 2024-06-03 |
Who won between May and July 2024? | between May and July 2024 | 2024-05-01 | 2024-07-31 |
Who won from March 2019 to June 2020? | from March 2019 to June 2020 | 2019-03-01 | 2020-06-30 |
Who led between 2019 and 2021? | between 2019 and 2021 | 2019-01-01 | 2021-12-31 |
Who led from 2019 until 2021? | from 2019 until 2021 | 2019-01-01 | 2021-12-31 |
Who led 2019–2021? | 2019–2021 | 2019-01-01 | 2021-12-31 |
Who won in the 2019/20 season? | in the 2019/20 | 2019-01-01 | 2020-12-31 |
How many died since 2023? | since 2023 | 2023-01-01 | - |
What has changed since March 2023? | since March 2023 | 2023-03-01 | - |
What happened from 2019 onwards? | from 2019 onwards | 2019-01-01 | - |
What happened after May 2021? | after May 2021 | 2021-06-01 | - |
What did Rubio do after the hurricane season 2024? | after the hurricane season 2024 | 2024-12-01 | - |
What grew before the 2024 Atlantic hurricane season? | before the 2024 Atlantic hurricane season | - | 2024-05-31 |
What was built before 1950? | before 1950 | - | 1949-12-31 |
What was forbidden until May 2021? | until May 2021 | - | 2021-05-31 |
What must be ready by 2030? | by 2030 | - | 2030-12-31 |
Who was president in the 1990s? | in the 1990s | 1990-01-01 | 1999-12-31 |
Who was president in the early 1990s? | in the early 1990s | 1990-01-01 | 1992-12-31 |
What was built in the eighties? | in the eighties | 1980-01-01 | 1989-12-31 |
What was built in the '70s? | in the '70s | 1970-01-01 | 1979-12-31 |
Who ruled in the 19th century? | in the 19th century | 1801-01-01 | 1900-12-31 |
Who ruled in the twentieth century? | in the twentieth century | 1901-01-01 | 2000-12-31 |
Who won the 2018 election? | 2018 | 2018-01-01 | 2018-12-31 |
Who won after the 2018 election? | after the 2018 | 2018-01-01 | - |
Did 1500 people flee in 1987? | in 1987 | 1987-01-01 | 1987-12-31 |
What did it cost in early 2024? | in early 2024 | 2024-01-01 | 2024-04-30 |
What did it cost in late March 2025? | in late March 2025 | 2025-03-21 | 2025-03-31 |
What did it cost at the end of 2024? | at the end of 2024 | 2024-09-01 | 2024-12-31 |
What did it cost in the first half of 2024? | in the first half of 2024 | 2024-01-01 | 2024-06-30 |
What did it cost in Q3 2024? | in Q3 2024 | 2024-07-01 | 2024-09-30 |
What did it cost in the third quarter of 2024? | in the third quarter of 2024 | 2024-07-01 | 2024-09-30 |
Who won in summer 2020? | in summer 2020 | 2020-06-01 | 2020-08-31 |
Who won in the winter of 2023? | in the winter of 2023 | 2023-12-01 | 2024-02-29 |
Who spoke today? | today | 2026-11-24 | 2026-11-24 |
Who resigned yesterday? | yesterday | 2026-11-23 | 2026-11-23 |
Who resigned the day before yesterday? | day before yesterday | 2026-11-22 | 2026-11-22 |
What happened last week? | last week | 2026-11-16 | 2026-11-22 |
What happened this week? | this week | 2026-11-23 | 2026-11-29 |
What did the minister say this month? | this month | 2026-11-01 | 2026-11-30 |
What happened last month? | last month | 2026-10-01 | 2026-10-31 |
What happened last year? | last year | 2025-01-01 | 2025-12-31 |
What happened last quarter? | last quarter | 2026-07-01 | 2026-09-30 |
What will open next year? | next year | 2027-01-01 | 2027-12-31 |
What happened two weeks ago? | two weeks ago | 2026-11-09 | 2026-11-15 |
What happened 3 days ago? | 3 days ago | 2026-11-21 | 2026-11-21 |
What happened in the last three months? | in the last three months | 2026-08-24 | 2026-11-24 |
What rose over the past year? | over the past year | 2025-11-24 | 2026-11-24 |
What happened in the past few days? | in the past few days | 2026-11-19 | 2026-11-24 |
Who spoke last Monday? | last Monday | 2026-11-23 | 2026-11-23 |
Who spoke last Tuesday? | last Tuesday | 2026-11-17 | 2026-11-17 |
Who played last weekend? | last weekend | 2026-11-21 | 2026-11-22 |
Who toured last March? | last March | 2026-03-01 | 2026-03-31 |
Who toured last December? | last December | 2025-12-01 | 2025-12-31 |
How many storms last hurricane season? | last hurricane season | 2025-06-01 | 2025-11-30 |
What has been said since last week? | since last week | 2026-11-16 | - |
What was found earlier this year? | earlier this year | 2026-01-01 | 2026-11-24 |
What is the latest on Cuba? | the latest | - | - | newest
Who is the most recent winner? | the most recent | - | - | newest
Who currently leads CARICOM? | currently | - | - | newest
What do articles published in March 2025 say of Haiti? | in March 2025 | 2025-03-01 | 2025-03-31 | filter
Which news from March 2025 names Cuba? | from March 2025 | 2025-03-01 | 2025-03-31 | filter
What do reports since May 2024 say? | since May 2024 | 2024-05-01 | - | filter
What was reported last week about Jamaica? | last week | 2026-11-16 | 2026-11-22 | filter
Who is in last week's headlines? | in last week | 2026-11-16 | 2026-11-22 | filter
What do documents dated 4 May 2024 say? | 4 May 2024 | 2024-05-04 | 2024-05-04 | filter
How many cases were reported in March 2020? | in March 2020 | 2020-03-01 | 2020-03-31 |
"""
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in GOLDEN.strip().splitlines()]

NOTHING = [
    "What happened on 4 May?",
    "What happened in March?",
    "Does it cost $2000?",
    "How far is 2000 km?",
    "Who was the 1,999th visitor?",
    "What closed on 05/06/2024?",
    "What closed on 31 February 2024?",
    "What did USA Today write?",
    "What does “Last Week Tonight in 2019” mean?",
    "What may this may mean?",
    "Who lived in the 20s?",
    "Who was the last king?",
    "Which 2000 people came?",
    "What is COVID-19?",
    "How long is the 737-800?",
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_phrases_are_understood(row: tuple[str, ...]) -> None:
    question, words, first, last, use = row
    (found,) = find_times(question, TODAY)
    days = [None if day == "-" else date.fromisoformat(day) for day in (first, last)]
    assert (found.text, found.date_from, found.date_to, found.use) == (words, *days, use or "prefer")
    assert question[found.span.start : found.span.end] == words


@pytest.mark.parametrize("question", NOTHING)
def test_times_without_a_certain_day_are_not_guessed(question: str) -> None:
    assert find_times(question, TODAY) == ()


def test_two_times_in_a_question_are_both_found() -> None:
    found = find_times("What changed in 2019 and in May 2021, and what is the latest?", TODAY)
    assert [timing.text for timing in found] == ["in 2019", "in May 2021", "the latest"]


WORDS = sorted({word for row in ROWS for word in row[0].split()})
ANY_DAY = st.dates()


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(), ANY_DAY)
def test_whatever_is_asked_times_are_slices_in_order_and_apart(question: str, today: date) -> None:
    found = find_times(question, today)
    for timing in found:
        assert question[timing.span.start : timing.span.end] == timing.text
        if timing.date_from and timing.date_to:
            assert timing.date_from <= timing.date_to
        assert (timing.use == "newest") == (timing.date_from is None and timing.date_to is None)
    for one, other in pairwise(found):
        assert one.span.end <= other.span.start


@given(ANY_DAY)
def test_a_day_is_understood_however_it_is_written(day: date) -> None:
    if day.year < 1500 or day.year > 2099:
        return
    month = day.strftime("%B")
    for written in (day.isoformat(), f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}"):
        (found,) = find_times(f"What happened on {written}?", TODAY)
        assert (found.date_from, found.date_to) == (day, day)


@given(st.dates(date(2, 1, 1), date(9998, 1, 1)))
def test_relative_times_hold_today_or_lie_beside_it(today: date) -> None:
    def days(words: str) -> tuple[date, date]:
        (found,) = find_times(f"What happened {words}?", today)
        assert found.date_from
        assert found.date_to
        return found.date_from, found.date_to

    for unit in ("week", "month", "quarter", "year"):
        first, last = days(f"this {unit}")
        assert first <= today <= last
        before, end = days(f"last {unit}")
        assert before < end == first - timedelta(days=1)
    assert days("yesterday") == days("1 day ago") == (today - timedelta(days=1),) * 2
    assert days("last Monday")[0].weekday() == 0
    assert 1 <= (today - days("last Monday")[0]).days <= 7


@given(st.integers(1, 9000), st.integers(1, 12))
def test_parts_make_the_whole(year: int, month: int) -> None:
    for whole in (
        years(year),
        years(year, 10),
        months(year, month),
        season("winter", year),
        week(date(year, month, 1)),
    ):
        for count in (2, 3):
            cut = [part(whole, number, count) for number in range(count)]
            assert (cut[0].first, cut[-1].last) == whole
            assert all(other.first - one.last == timedelta(days=1) for one, other in pairwise(cut))


def evidence(*scores: float) -> list[Evidence]:
    return [Evidence(Passage(f"d{n:02}", Span(0, 1), "x"), score, {}) for n, score in enumerate(scores)]


def order(found: list[Evidence]) -> list[str]:
    return [item.passage.document_id for item in found]


def timing(first: str | None, last: str | None, use: str = "prefer") -> Timing:
    days = [date.fromisoformat(day) if day else None for day in (first, last)]
    return Timing("then", Span(0, 4), days[0], days[1], use)  # type: ignore[arg-type]


def test_among_near_ties_what_is_of_the_time_comes_first_and_undated_is_not_moved() -> None:
    """The best score is 1, so the reach 0.2: 0.1 up for those of the time, 0.1 down for the others."""
    found = evidence(1.0, 0.98, 0.92, 0.5, 0.0)
    published = {"d00": date(2019, 1, 1), "d01": None, "d02": date(2024, 3, 9), "d03": date(2020, 1, 1)}
    moved = reorder_by_dates(found, published, [timing("2024-03-01", "2024-03-31")])
    assert order(moved) == ["d02", "d01", "d00", "d03", "d04"]
    assert [item.score for item in moved] == pytest.approx([1.02, 0.98, 0.9, 0.4, 0.0])


@pytest.mark.parametrize(
    ("day", "of_the_time"),
    [("2024-02-29", False), ("2024-03-01", True), ("2024-03-31", True), ("2024-04-30", True), ("2024-05-01", False)],
)
def test_what_happened_in_a_month_is_reported_until_the_end_of_the_next(day: str, of_the_time: bool) -> None:
    """March has 31 days, the last 30 days after its first: 30 days of grace, to 30 April."""
    published = {"d00": None, "d01": date.fromisoformat(day), "d02": date(2024, 3, 15)}
    moved = reorder_by_dates(evidence(1.0, 0.5, 0.0), published, [timing("2024-03-01", "2024-03-31")])
    assert (moved[1].score > 0.5) == of_the_time


def test_the_newest_come_first_among_near_ties_only() -> None:
    published = {f"d{n:02}": date(2020 + n, 1, 1) for n in range(4)}
    moved = reorder_by_dates(evidence(1.0, 0.97, 0.94, 0.0), published, [timing(None, None, "newest")])
    assert order(moved) == ["d02", "d01", "d00", "d03"]


def test_nothing_moves_where_no_candidate_is_of_the_time() -> None:
    found = evidence(1.0, 0.99, 0.0)
    assert (
        reorder_by_dates(found, {"d00": None, "d01": date(2019, 1, 1)}, [timing("1990-01-01", "1999-12-31")]) == found
    )


@given(
    st.lists(st.tuples(st.floats(0, 1), st.none() | st.dates()), min_size=1, max_size=20),
    st.lists(st.sampled_from([timing("2000-01-01", "2010-01-01"), timing(None, None, "newest")]), min_size=1),
)
def test_no_passage_overtakes_one_that_is_better_by_more_than_the_share(
    rows: list[tuple[float, date | None]], timings: list[Timing]
) -> None:
    found = evidence(*(score for score, _ in rows))
    published = {item.passage.document_id: day for item, (_, day) in zip(found, rows, strict=True)}
    moved = reorder_by_dates(found, published, timings)
    before = {item.passage.document_id: item.score for item in found}
    reach = SHARE * max(before.values()) + 1e-9
    assert sorted(order(moved)) == sorted(before)
    for number, one in enumerate(order(moved)):
        assert all(before[later] - before[one] <= reach for later in order(moved)[number:])
    assert [item.score for item in moved] == sorted((item.score for item in moved), reverse=True)


def test_filters_in_the_words_keep_undated_documents_and_yield_to_those_of_the_request() -> None:
    question = "What do articles from March 2025 say?"
    plan = plan_times(question, Filters(source="X"), TODAY)
    assert plan.filters == Filters(None, "X", date(2025, 3, 1), date(2025, 3, 31), undated=True)
    given = Filters(date_from=date(2020, 1, 1))
    for other in (plan_times(question, given, TODAY), plan_times(question, given, TODAY, apply=False)):
        assert (other.understood, other.timings, other.filters) == (plan.understood, (), given)


def test_filters_that_contradict_each_other_are_preferences() -> None:
    plan = plan_times("What do articles from March 2025 say that articles from May 2026 do not?", Filters(), TODAY)
    assert [timing.use for timing in plan.understood] == ["filter", "filter"]
    assert [timing.use for timing in plan.timings] == ["prefer", "prefer"]
    assert not plan.filters


DATED = {
    "old": ("2019-06-10", "The bridge at Hollow was closed after the flood. Mayor Ann Reed ordered the closure."),
    "new": ("2024-03-12", "The bridge at Hollow was closed after the flood. Mayor Tom Hart ordered the closure."),
    "none": (None, "The bridge at Hollow is long. It has nine arches and was painted green by the town."),
}
CLOSED = "Which mayor ordered the closure of the bridge at Hollow"


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, reader: OnnxReader) -> Iterator[Service]:
    """Two reports of the same in other years, and an undated document."""
    folder = tmp_path_factory.mktemp("dated")
    rows = [{"id": name, "title": "Bridge", "date": day, "text": text} for name, (day, text) in DATED.items()]
    file = folder / "dated.jsonl"
    file.write_text("\n".join(json.dumps({k: v for k, v in row.items() if v}) for row in rows), encoding="utf-8")
    update(folder / "index", [file], embedder)
    index = Index(folder / "index")
    yield Service(index, Answerer(index, embedder, reader, confidence.load()[0]))
    index.close()


Ask = Callable[..., object]


@pytest.mark.parametrize(
    ("when", "mayor"),
    [
        (" in June 2019?", "Ann Reed"),
        (" in March 2024?", "Tom Hart"),
        (" last month?", "Tom Hart"),
        (", according to news from 2019?", "Ann Reed"),
        (" most recently?", "Tom Hart"),
    ],
)
def test_the_answer_is_of_the_time_asked_for(dated: Service, when: str, mayor: str) -> None:
    response = dated.answerer.ask(CLOSED + when, AskOptions(today=date(2024, 4, 2), min_confidence=0))
    assert response.answer
    assert mayor in response.answer.text
    assert response.dates.applied
    assert len(response.dates.understood) == 1


def test_another_answer_in_a_newer_document_is_a_newer_conflict(dated: Service) -> None:
    response = dated.answerer.ask(CLOSED + " in June 2019?", AskOptions(min_confidence=0))
    assert response.answer
    (conflict,) = response.conflicts
    assert "Tom Hart" in conflict.text
    assert conflict.citation.newer_than(response.answer.citation)
    assert not response.answer.citation.newer_than(conflict.citation)
    undated = replace(conflict.citation, source=replace(conflict.citation.source, date=None))
    assert not undated.newer_than(response.answer.citation)
    assert not conflict.citation.newer_than(undated)


def test_a_filter_leaves_out_other_days_but_not_what_is_undated(dated: Service) -> None:
    found, _ = dated.answerer.search("What do articles from June 2019 say about the bridge at Hollow?")
    assert {item.source.document_id for item in found} == {"old", "none"}
    found, _ = dated.answerer.search(
        "What do articles from June 2019 say about the bridge at Hollow?", AskOptions(use_dates=False)
    )
    assert {item.source.document_id for item in found} == set(DATED)


def test_dates_can_be_switched_off(dated: Service) -> None:
    asked = CLOSED + " in June 2019?"
    off = dated.answerer.ask(asked, AskOptions(use_dates=False, min_confidence=0))
    assert [timing.text for timing in off.dates.understood] == ["in June 2019"]
    assert not off.dates.applied


def test_when_the_time_asked_for_leaves_nothing_that_is_said(
    tmp_path: Path, embedder: Embedder, reader: OnnxReader
) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "a", "date": "2019-06-10", "text": "The bridge is closed."}')
    update(tmp_path / "index", [tmp_path / "a.jsonl"], embedder)
    index = Index(tmp_path / "index")
    response = Answerer(index, embedder, reader, confidence.load()[0]).ask("What do articles from May 2001 say?")
    assert response.reason
    assert (response.reason.code, response.reason.message) == (
        "filtered_out",
        "No document to search was published “from May 2001”.",
    )
    index.close()


def test_questions_about_the_seeds_lose_nothing(service: Service) -> None:
    """A time in a question is no filter there, and the passage that answers stays among those that are read."""
    times = 0
    for question in load(QUESTIONS):
        if question.split != "fit" or not (found := find_times(question.question, TODAY)):
            continue
        times += 1
        assert all(timing.use != "filter" for timing in found)
        with_dates, _ = service.answerer.search(question.question, AskOptions(k=10, today=TODAY))
        without, _ = service.answerer.search(question.question, AskOptions(k=10, today=TODAY, use_dates=False))
        held = [{i.source.document_id for i in items} & question.documents for items in (with_dates, without)]
        assert held[0] == held[1]
    assert times
