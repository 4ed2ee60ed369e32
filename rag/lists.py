"""Questions that want several things, and the lists that answer them whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from citeqa.index.structure import Item, List
from citeqa.index.types import DocumentView, Span, Text
from citeqa.rag.reader.boundaries import trimmed

LONGEST = 4000  # code points; of a longer list a single item is the answer
_NEAR = 300  # code points before a list within which a sentence ends that may introduce it
_COMMON = 4  # letters in which two forms of a word agree

_VERB = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|must|should|shall|will|would|may|might|need|needs)"
_NOT_PLURAL = (
    r"(?:does|is|was|has|this|its|us|plus|always|besides|versus|towards|as|vs|yes|thus|needs|his|hers|theirs|series|"
    r"happens|means|causes|makes|costs|comes|goes|takes|gives|lies|stands|applies|counts|belongs|follows|keeps|holds|"
    r"works|runs|opens|closes|weighs|starts|ends|says|allows|makes|becomes|lets|pays)"
)
_PLURAL = rf"(?!{_NOT_PLURAL}\b)(?:\w{{2,}}[^\Wsui']s|\w{{2,}}ies|people|children|men|women|criteria)"
# what follows a noun rather than a verb: "which safety measures apply", but "which accessory measures CO2"
_NEXT = r"(?:there|you|we|i|they|of|in|for|at|on|with|from|to|apply|belong|come|exist|make|go|count)"
_SEVERAL = re.compile(
    rf"^\W*(?:and\s+)?(?:"
    rf"(?:which|what)\s+(?:of\s+the\s+)?{_PLURAL}\b(?!['’]s)"
    rf"|(?:which|what)\s+(?:of\s+the\s+)?(?:(?!{_VERB}\b)[\w-]+\s+){{1,3}}?{_PLURAL}(?:\W*\Z|\s+(?:{_VERB}|{_NEXT})\b)"
    rf"|(?:what|which|who)\s+(?:are|were)\s+(?!you\b|we\b|they\b|i\b)"
    rf"|what(?:\s+\w+){{0,2}}?\s+(?:must|should|do|does|did|shall|can|may)\b.*\b(?:do|bring|need|include|contain|offer"
    rf"|provide|comprise|consist|cover|require|submit|send|check)\b"
    rf"|what\s+(?:is|was|comes|must\s+be|should\s+be|has\s+to\s+be|needs?\s+to\s+be)\s+(?:\w+\s+)?(?:included|supplied|"
    rf"needed|required|covered|offered|provided|part\s+of|in|excluded|done|checked|brought|sent|submitted)\b"
    rf"|who\s+(?:is|are|was|were)\s+(?:present|absent|there|invited|involved)\b"
    rf"|who\s+(?:all\s+)?(?:attended|took\s+part|participated)\b"
    rf"|who\s+(?:was|were)\s+(?:elected|appointed|chosen)\s+to\s+(?:the|our|their)\b"
    rf"|(?:please\s+)?(?:list|name|enumerate|give\s+me)\s+(?:all|the|me|every)\b"
    rf"|(?:which|what)\s+(?:things|all)\b)",
    re.IGNORECASE,
)
# counts of these are one thing: "what opening hours", "what costs"
_ONE = re.compile(r"\b(?:hours|costs|minutes|seconds|euros|dollars|pounds|percents|sales|earnings|headquarters|news)\b")
# asks for steps
_HOW_TO = re.compile(
    r"^\W*(?:and\s+)?(?:please\s+)?how\s+(?:to|(?:do|can|should|must|would)\s+(?:i|you|we|one))\b", re.IGNORECASE
)
_COMMON_WORDS = frozenset(
    {"which", "what", "when", "where", "that", "this", "there", "these", "those", "with", "from", "have", "does"}
    | {"must", "should", "need", "about", "into", "your", "their", "will", "list", "name", "give", "included"}
    | {"include", "things", "done", "been", "they", "them", "were", "than", "then", "also", "only", "more", "most"}
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class Run(NamedTuple):
    """Items of a list that stand beside each other: all outermost ones, or all that are nested in one item, which
    introduces them. `items` has what is nested in them too; `number` counts without."""

    items: Sequence[Item]
    number: int
    introduction: Span | None


def wants_several(question: str) -> bool:
    """Whether a question asks for several things, as far as its words show."""
    found = _SEVERAL.search(question)
    return bool(found) and not (found and _ONE.search(found.group()))


def runs(found: List) -> Iterator[Run]:
    """The runs of a list, the outermost one first."""
    items = found.items
    lowest = min(item.level for item in items)
    yield Run(items, sum(item.level == lowest for item in items), found.introduction)
    for number, item in enumerate(items):
        end = number + 1
        while end < len(items) and items[end].level > item.level:
            end += 1
        nested = items[number + 1 : end]
        if nested:
            yield Run(nested, sum(one.level == nested[0].level for one in nested), item.span)


def span_of(text: Text, run: Run) -> Span | None:
    """The words of a run in a text: from its first item to its last. None if they are far longer than `LONGEST`."""
    start, end = run.items[0].span.start, max(item.span.end for item in run.items)
    found = trimmed(text[start:end], Span(0, end - start)) if end - start <= 2 * LONGEST else None
    return found.shifted(start) if found else None


def list_for(question: str, document: DocumentView, span: Span, *, asked: bool = False) -> Span | None:
    """The whole list that a span leads to, if the question wants several things: it lies in an item, or in the sentence
    that introduces the list. If the question asks how to do something, the same holds for numbered steps, which the
    paragraph before them leads to as well. None if there is none, or the question names what stands in one item alone.

    Args:
        asked: whether the heading directly above asks the question, so that all under it answers it.
    """
    steps = bool(_HOW_TO.search(question))
    if not (asked or steps or wants_several(question)):
        return None
    leading = (one for one in document.structure.lists if _leads(document, one, span, steps=steps))
    found = next((one for one in leading if one.ordered or asked or wants_several(question)), None)
    if found is None:
        return None
    fitting = [run for run in runs(found) if any(item.span.overlaps(span) for item in run.items)]
    run = min(fitting, key=lambda one: len(one.items)) if fitting else next(runs(found))
    named = _words(question)
    if (
        fitting
        and run.introduction
        and len(fitting) > 1
        and not _shared(named, _words(document.quote(run.introduction)))
    ):
        run = next(runs(found))
    whole = span_of(document.text, run)
    if run.number < 2 or whole is None or len(whole) > LONGEST:
        return None
    return None if not asked and _picks_one(named, document, found, run) else whole


def _leads(document: DocumentView, found: List, span: Span, *, steps: bool) -> bool:
    if found.span.overlaps(span) or (found.introduction and found.introduction.overlaps(span)):
        return True
    if not 0 <= found.span.start - span.end < _NEAR:
        return False
    between = document.text[span.end : found.span.start]
    if steps and found.ordered:
        return between.rstrip().endswith(":") and not re.search(r"\n\s*\n", between.rstrip())
    return found.introduction is None and ":" in between[-3:] and not re.search(r"[.!?]\s|\n\s*\n.*\n", between)


def _picks_one(named: set[str], document: DocumentView, found: List, run: Run) -> bool:
    """Whether words of the question stand in one item alone, and in nothing that introduces the list: its
    sentence, the headings above it, the title."""
    above = [heading.span for heading in document.structure.path(found.span.start)]
    before = [one for one in (run.introduction, found.introduction) if one]
    known = _words(document.title).union(*(_words(document.quote(span)) for span in [*above, *before]))
    items = [_words(document.quote(item.span)) for item in run.items]
    own = {word for word in named - known if not _shared({word}, known)}
    holding = [bool(_shared(own, words)) for words in items]
    return sum(holding) == 1


def _words(text: str) -> set[str]:
    found = (word for word in _WORD.findall(text) if len(word) >= _COMMON or any(map(str.isdigit, word)))
    return {word.casefold() for word in found} - _COMMON_WORDS


def _shared(ours: set[str], theirs: set[str]) -> bool:
    """Whether a word of ours, or another form of it, is among theirs."""
    return any(
        one == other or (one[: len(one) - 2] == other[: len(one) - 2] and min(len(one), len(other)) > _COMMON + 1)
        for one in ours
        for other in theirs
    )
