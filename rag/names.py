"""Names, codes and years of a question that the documents do not mention: a sign that they do not answer it.

Works without any model, by looking terms up in the lexical index. Titles and dates of documents count as their text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from string import ascii_lowercase
from typing import NamedTuple

from citeqa.index.documents.chunker import indexed_text
from citeqa.index.protocols import SearchIndex, Selection

_VOCABULARY = Path(__file__).parent / "models" / "reader" / "tokenizer.json"
_TOKEN = re.compile(r"[^\W_](?:['’./-]?[^\W_])*")
_POSSESSIVE = re.compile(r"['’]s?\Z")
_SENTENCE = re.compile(r"[.?!:][\"'“”‘’)\]]*\s+\Z")
_YEAR = re.compile(r"(?:1\d|20)\d\d\Z")
# letters and digits ("E07", "HK-210"), or groups of digits ("4410-415"), but no ordinal, quantity, date, time or amount
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d]|\d+[-/]\d+).+\Z", re.DOTALL)
_NO_CODE = re.compile(
    r"\d+(?:[.,]\d+)*(?:st|nd|rd|th|s|am|pm|[a-zµμ]{1,3}[²³]?|%)\Z|\d{1,4}([-/.:])\d{1,2}(?:\1\d{1,4})?\Z"
    r"|(?:1\d|20)\d\d[-/]\d{2,4}\Z|[^\W\d]+-?year.*|\d+-[^\W\d]{2,}.*",
    re.IGNORECASE,
)
_PART = re.compile(r"\d+|[^\W\d_]+")
# capitalised words that name nothing which a text must mention
_ORDINARY = frozenset(
    {"i", "mr", "mrs", "ms", "dr", "prof", "january", "february", "march", "april", "may", "june", "july", "august"}
    | {"september", "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept"}
    | {"oct", "nov", "dec", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
)
# small words: where one of them is capitalised inside a question, every word is ("How Much Does It Weigh")
_SMALL = frozenset(
    {
        "of",
        "the",
        "is",
        "in",
        "does",
        "do",
        "did",
        "a",
        "an",
        "to",
        "and",
        "for",
        "was",
        "were",
        "are",
        "on",
        "by",
        "with",
    }
)
_TOLERANT = 5  # letters from which on a word may have a typing error
_LONG = 8  # letters from which on a word of the vocabulary is recognised in spite of a typing error
_NAME = 3  # letters from which on a word without capitals may be a name
_LOOKED = 50  # passages in which a code is looked for: those that hold its parts most
_MOST = 12  # names, codes and years looked up of one question


class Unknown(NamedTuple):
    """What of a question the documents do not mention: its names, codes and years, as they stand in it; and whether
    that is all of the question, so that nothing of it can be answered."""

    names: tuple[str, ...] = ()
    nonsense: bool = False


NOTHING_UNKNOWN = Unknown()


def unknown_names(question: str, index: SearchIndex, selection: Selection | None = None) -> Unknown:
    """The names, codes and years of a question that occur nowhere in the selected documents, in order, each once.

    - A year is four digits from 1000 to 2099. A code is a word of letters and digits, or of groups of digits. Both must
      occur as they are; of codes, case, hyphens and blanks do not count.
    - A name is a capitalised word that does not begin a sentence. It may be in other case and with one typing error.
    - In a question without capitals, or with capitals alone or everywhere, a word is a name if it is in English letters
      and unknown to the vocabulary that ships with the reader too. Other names cannot be told from words there.

    A question is nonsense if it has words in English letters only, each unknown to the documents and to the vocabulary.
    """
    tokens = [(found.start(), _POSSESSIVE.sub("", found.group())) for found in _TOKEN.finditer(question)]
    cased = _cased(question, tokens)
    absent = []
    for start, word in tokens[: _MOST * 4]:
        if _YEAR.match(word):
            known = index.holds(word, selection)
        elif _CODE.match(word) and not _NO_CODE.match(word):
            known = _holds_code(word, index, selection)
        elif any(map(str.isdigit, word)):
            continue
        elif cased:
            if not word[0].isupper() or _begins(question, start) or word.casefold() in _ORDINARY:
                continue
            known = _holds_name(word, index, selection)
        else:
            known = not _foreign(word, index) or _holds_name(word, index, selection)
        if not known:
            absent.append(word)
    names = tuple(dict.fromkeys(absent))[:_MOST]
    return Unknown(names, _nonsense([word for _, word in tokens], index, selection))


def codes_in(text: str) -> frozenset[str]:
    """The codes in a text, as in `unknown_names`, without case, hyphens and blanks inside them."""
    words = (_POSSESSIVE.sub("", found.group()) for found in _TOKEN.finditer(text))
    codes = (word for word in words if _CODE.match(word) and not _NO_CODE.match(word) and not _YEAR.match(word))
    return frozenset("".join(_PART.findall(code)).casefold() for code in codes)


def counts_nothing_but_codes(text: str) -> bool:
    """Whether all digits of a text are those of codes, and there are some."""
    left = _TOKEN.sub(lambda found: "" if codes_in(found.group()) else found.group(), text)
    return any(map(str.isdigit, text)) and not any(map(str.isdigit, left))


def _cased(question: str, tokens: list[tuple[int, str]]) -> bool:
    """Whether the capitals of a question tell names."""
    inside = [word for start, word in tokens if not _begins(question, start) and not any(map(str.isdigit, word))]
    capitalised = [word for word in inside if word[0].isupper() and word not in ("I", "I'm")]
    return bool(capitalised) and not question.isupper() and not any(w.casefold() in _SMALL for w in capitalised)


def _begins(question: str, start: int) -> bool:
    """Whether a word begins the question or a sentence of it."""
    before = question[:start]
    return not any(map(str.isalnum, before)) or bool(_SENTENCE.search(before[-8:]))


def _nonsense(words: list[str], index: SearchIndex, selection: Selection | None) -> bool:
    if not words or not all(word.isascii() and word.isalpha() for word in words):
        return False
    return all(_foreign(word, index) and not _holds_name(word, index, selection) for word in words)


def _foreign(word: str, index: SearchIndex) -> bool:
    """Whether a word in English letters is not in the vocabulary, nor another form of a word there."""
    if not word.isascii() or len(word) < _NAME:
        return False
    folded = word.casefold()
    terms = index.terms(folded)
    return bool(terms) and not any(form in _words() for form in _forms(folded, terms))


def _forms(word: str, terms: list[str]) -> Iterator[str]:
    """The word, and forms of it that a vocabulary may have instead: stems, and without a typing error if long."""
    yield word
    yield from (form for term in terms for form in (term, f"{term}e", f"{term[:-1]}y"))
    for ending in ("s", "d", "ed", "er", "ing", "ly"):
        if word.endswith(ending):
            yield word[: -len(ending)]
    if len(word) >= _LONG:
        cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        yield from (a + b[1:] for a, b in cuts if b)
        yield from (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
        yield from (a + letter + rest for a, b in cuts for letter in ascii_lowercase for rest in (b, b[1:]))


@cache
def _words() -> frozenset[str]:
    """The whole words of the reader's vocabulary."""
    vocabulary = json.loads(_VOCABULARY.read_text(encoding="utf-8"))["model"]["vocab"]
    return frozenset(word for word in vocabulary if word.isascii() and word.isalpha())


def _holds_name(word: str, index: SearchIndex, selection: Selection | None) -> bool:
    """Whether a passage has the word, also with or without hyphens, or with one typing error."""
    joined = re.sub(r"[^\w]", "", word)
    if any(index.holds(form, selection) for form in dict.fromkeys((word, joined))):
        return True
    if len(joined) >= _TOLERANT and not joined.isupper() and index.holds(word, selection, typo=True):
        return True
    halves = [(joined[:at], joined[at:]) for at in range(2, len(joined) - 1)]
    return any(_stands(parts, "[-‐‑–]", " ".join(parts), index, selection) for parts in halves)


def _holds_code(code: str, index: SearchIndex, selection: Selection | None) -> bool:
    """Whether one of the passages that hold the parts of the code has the code itself."""
    parts = _PART.findall(code)
    forms = dict.fromkeys((code, " ".join(parts), "".join(parts)))
    return any(_stands(parts, "[-‐‑–/ .]?", form, index, selection) for form in forms)


def _stands(parts: Sequence[str], between: str, form: str, index: SearchIndex, selection: Selection | None) -> bool:
    """Whether one of the passages that hold all of a form, most of it first, has the parts with only that between."""
    if not index.holds(form, selection):
        return False
    itself = re.compile(r"(?<![^\W_])" + between.join(map(re.escape, parts)) + r"(?![^\W_])", re.IGNORECASE)
    passages = index.fetch([entry.id for entry in index.rank_lexical(form, _LOOKED, selection)])
    headings = index.headings({passage.document_id for passage in passages.values()})
    return any(itself.search(indexed_text(headings[p.document_id], p)) for p in passages.values())
