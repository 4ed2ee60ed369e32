"""The analyzer: texts become terms, in the same way for passages and for queries. It is part of an index's settings."""

from __future__ import annotations

import tantivy

ANALYZER = "english-1"  # stands in the settings; a change below needs another name, which refuses older indexes

# Snowball's English stop words, and what is left of contractions that are split at the apostrophe. "us" is not among
# them: in lower case it is also a country.
STOP_WORDS = """
i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its
itself they them their theirs themselves what which who whom whose this that these those am is are was were be been
being have has had having do does did doing would should could ought a an the and but if or because as until while of
at by for with about against between into through during before after above below to from up down in out on off over
under again further then once here there when where why how all any both each few more most other some such no nor not
only own same so than too very s t d m ll re ve don isn aren wasn weren hasn haven hadn doesn didn won wouldn shan
shouldn can cannot couldn mustn let
""".split()  # noqa: SIM905
_MAX_TERM = 100  # bytes; anything longer is no word


def english() -> tantivy.TextAnalyzer:
    """Splits at all that is not alphanumeric, lower-cases, folds accents, drops stop words, and stems (Snowball)."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_MAX_TERM))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.custom_stopword(STOP_WORDS))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )
