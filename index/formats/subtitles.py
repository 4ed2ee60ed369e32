"""SRT and WebVTT: the words that are heard, when each part of them is, and who speaks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from citeqa.index.errors import DocumentError
from citeqa.index.formats.decoding import decode
from citeqa.index.formats.extracted import Extracted
from citeqa.index.structure import Structure, Turn
from citeqa.index.types import Span, Timed

_FULL = 600  # code points after which a sentence's end ends the paragraph
_OVERFULL = 1800  # where no sentence ends, a pause does, or else this many code points
_PAUSE = 2.0  # seconds
_STAMP = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s.*)?")
_NO_CUE = re.compile(r"\s*(?:WEBVTT|NOTE|STYLE|REGION)(?:\s.*)?")  # WebVTT's header and the blocks that show nothing
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]{1,200})>", re.IGNORECASE)
# Tags of WebVTT (5.1) and those of SRT; places and styles of SubStation Alpha, which SRT's writers use.
_TAG = re.compile(
    r"</?(?:c|i|b|u|s|v|lang|ruby|rt|font|span|em|strong)(?:[.\s][^<>]{0,300})?>|<\d[\d:.]{0,20}>|\{\\[^{}]{0,100}\}",
    re.IGNORECASE,
)
_CHANGE = re.compile(r"^[-–—]\s*(?=\S)")  # a line that begins so is said by another
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*$")


class _Said(NamedTuple):
    """Words of one cue that one person says; without a name, nobody is named. `again`: whether a line begins here."""

    words: str
    start: float
    end: float
    speaker: str | None
    again: bool


def extract(data: bytes) -> Extracted:
    """Canonical text is what is heard, as paragraphs that end with a sentence, so that a sentence that is shown in
    several parts is whole. Before each paragraph stands the time at which it begins, as boilerplate; where a voice is
    named (`<v Ines>`), `Ines: ` stands before its words, on a line of their own. `times` has the time of every cue.
    Numbers, tags, notes, styles and places are left out.

    Raises:
        DocumentError: if the bytes are not text in any known encoding, or nothing is shown at any time.
    """
    text, encoding = decode(data)
    is_vtt = text.lstrip().startswith("WEBVTT")
    writer = _Writer()
    for said in _all_said(text, unescape=is_vtt):
        writer.write(said)
    if not writer.times:
        raise DocumentError("it holds no words with time codes, so it is not a transcript")
    return writer.extracted(encoding)


def _all_said(text: str, *, unescape: bool) -> Iterator[_Said]:
    """What is said, cue by cue. Lines before the first time code and blocks without one are no cue."""
    cue: tuple[float, float] | None = None
    lines, ends = list[str](), False
    for line in [*text.splitlines(), ""]:
        if timing := _TIMING.fullmatch(line):
            if cue and lines and not ends and lines[-1].strip().isdecimal():
                lines.pop()  # the number of the next cue: no blank line stands before it
            if cue:
                yield from _cue(lines, *cue, unescape=unescape)
            cue, lines, ends = (_seconds(*timing.groups()[:4]), _seconds(*timing.groups()[4:])), [], False
        elif not line.strip():
            ends = True
        elif cue and ends:  # a blank line ends a cue; a number, a name or a note follows
            yield from _cue(lines, *cue, unescape=unescape)
            cue, lines = None, []
        elif cue:
            lines.append(line)
    if cue:
        yield from _cue(lines, *cue, unescape=unescape)


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    return round(int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}"), 3)


def _cue(lines: list[str], start: float, end: float, *, unescape: bool) -> Iterator[_Said]:
    """What is said in one cue. A tag that names a voice, and a dash at the beginning of a line, change the speaker."""
    end = max(start, end)
    for line in lines:
        parts = _VOICE.split(line)
        for number in range(0, len(parts), 2):
            words = _TAG.sub("", parts[number])
            words = " ".join((html.unescape(words) if unescape else words).replace("\0", "").split())
            speaker = " ".join(parts[number - 1].split()) if number else None
            if words:
                yield _Said(words, start, end, speaker, again=bool(_CHANGE.match(words)))


class _Writer:
    """Writes what is said as paragraphs."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._at = 0
        self._begun = 0  # where the paragraph begins
        self._speaker: str | None = None
        self._turn: tuple[int, Span] | None = None
        self._turns: list[Turn] = []
        self._stamps: list[Span] = []
        self.times: list[Timed] = []

    def write(self, said: _Said) -> None:
        """Write words, on a new line where another person speaks, in a new paragraph where the last one is full."""
        changes = said.again or (said.speaker is not None and said.speaker != self._speaker)
        if not self.times or self._is_full(said, changes=changes):
            self._paragraph(said)
            changes = changes or said.speaker is not None
        elif changes:
            self._end_turn()
            self._put("\n")
        else:
            self._put(" ")
        if said.speaker is not None:
            self._speaker = said.speaker
        elif said.again:
            self._speaker = None
        if changes and self._speaker:
            name = self._put(self._speaker)
            self._turn = (name.start, name)
            self._put(": ")
        span = self._put(said.words)
        last = self.times[-1] if self.times else None
        if last and (last.start, last.end) == (said.start, said.end):
            self.times[-1] = Timed(Span(last.span.start, span.end), last.start, last.end)
        else:
            self.times.append(Timed(span, said.start, said.end))

    def _is_full(self, said: _Said, *, changes: bool) -> bool:
        length = self._at - self._begun
        if length > _OVERFULL:
            return True
        pause = said.start - self.times[-1].end >= _PAUSE
        return length > _FULL and (changes or pause or bool(_SENTENCE_END.search(self._pieces[-1])))

    def _paragraph(self, said: _Said) -> None:
        self._end_turn()
        if self._pieces:
            self._put("\n\n")
        whole = int(said.start)
        self._stamps.append(self._put(f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"))
        self._put("\n")
        self._begun = self._at

    def _end_turn(self) -> None:
        if self._turn:
            self._turns.append(Turn(Span(self._turn[0], self._at), self._turn[1]))
        self._turn = None

    def _put(self, text: str) -> Span:
        self._pieces.append(text)
        self._at += len(text)
        return Span(self._at - len(text), self._at)

    def extracted(self, encoding: str) -> Extracted:
        """All that was written."""
        self._end_turn()
        return Extracted(
            "".join(self._pieces),
            encoding=encoding,
            boilerplate=tuple(self._stamps),
            structure=Structure(turns=tuple(self._turns)),
            times=tuple(self.times),
        )
