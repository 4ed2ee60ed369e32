"""TREC measures of a ranking of documents, by ir-measures (MacAvaney, Macdonald and Ounis 2022).

- Success@k: 1 if a relevant document is among the first k, else 0.
- R@k (Recall@k): the share of the relevant documents that are among the first k.
- RR: one over the rank of the first relevant document.
- AP (its mean is MAP): the mean of the precision at the rank of each relevant document, 0 for one that is not ranked.
- nDCG@10: the discounted gain of the first ten, `Σ grade / log2(rank + 1)`, over that of the best order.

All are 0 if nothing relevant was returned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from citeqa.index.extras import need

MEASURES = ("Success@1", "Success@5", "Success@10", "R@5", "R@10", "R@50", "RR", "AP", "nDCG@10")


def measured(
    relevant: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    """The value of every measure for each question.

    Args:
        relevant: for each question, the grades of its relevant documents; at least one, each at least 1.
        ranked: for each question, the documents returned, best first, without duplicates; a question may be missing.

    Raises:
        MissingExtraError: if ir-measures is not installed.
    """
    need("evaluate", "measuring a ranking")
    from ir_measures import Qrel, ScoredDoc, iter_calc, parse_measure

    qrels = [Qrel(question, document, grade) for question, held in relevant.items() for document, grade in held.items()]
    # trec_eval orders by score, and ties by name: only ranks as scores keep the given order
    run = [
        ScoredDoc(question, document, -float(rank))
        for question in relevant
        for rank, document in enumerate(ranked.get(question, ()), 1)
    ]
    values: dict[str, dict[str, float]] = {question: {} for question in relevant}
    for found in iter_calc([parse_measure(name) for name in MEASURES], qrels, run):
        values[found.query_id][str(found.measure)] = found.value
    return {question: {name: held[name] for name in MEASURES} for question, held in values.items()}
