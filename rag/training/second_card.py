"""The second reader's card, written from what its folder says of it.

python -m citeqa.rag.training.second_card
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from citeqa.index.embedding.runtime import MODEL
from citeqa.rag.look import SECOND
from citeqa.rag.reader.onnx_reader import DESCRIPTION
from citeqa.rag.training.card import CARD, SETS, TRAINING
from citeqa.rag.training.items import WRONG
from citeqa.rag.training.judging import EVERY

_TEXT = """# {name}

Reads the passages of the best candidates again where the first reader is not sure. Start and end scores for
every token, and those of the first token for "no answer here". {layers} layers, 768 wide, 12 heads;
{precision}; one ONNX file of {megabytes:.1f} MB, run by onnxruntime without torch, opened when it is first
asked.

- **Made from** the lower {layers} of twelve layers of all-mpnet-base-v2 (Apache-2.0; SHA-256 `{encoder}`) and
  questions of SQuAD 2.0 (Rajpurkar et al. 2016, 2018; CC BY-SA 4.0) and of fourteen more sets, named in NOTICE.
- **Licence** of these weights: CC BY-SA 4.0, as of the data they were trained on; see NOTICE.
- **SHA-256** of `{model}`: `{sha256}`.
- **Made by** `python -m citeqa.rag.training.second`; when it is asked was fitted by `python -m
  citeqa.rag.evaluation.fit_look`.
- **For** English passages of a few sentences, after the reader in `rag/models/reader/`.

## Training

{items:,} questions in {read:,} windows, passages of one question competing (see the card of the first reader,
whose words hold here too: the same sets, the same fifth kept aside). In the first {taught:,} questions the
first reader's scores were targets beside the labels (Hinton et al. 2015), from {most} times their weight down
to {least} times. AdamW, batches of {batch} questions, highest rate {peak}, which falls to 0 over the last
{decay:.0%}; no dropout; the table of words stays as it is.
{further}{notes}
Results on up to 100 kept-aside questions of each set, by the 8-bit readers: F1 of forced answers where only
passages with the answer are read, F1 where up to {wrong} wrong passages are read beside them, AUROC of the
highest margin with the answer against that of the wrong passages alone.

| set | reader | F1 | F1 among wrong ones | AUROC |
| --- | --- | --- | --- | --- |
{rows}
"""

_FURTHER = (
    "From these weights it learned further: {windows:,} questions in {read:,} windows, highest rate {peak}, the first\n"
    "reader's scores as targets in SQuAD's questions only, from {kept} times the labels' weight down to 0.\n"
)


def write(folder: Path = SECOND) -> None:
    """Write the card of the second reader in `folder`."""
    described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    about: dict[str, Any] = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    rows = []
    for name in sorted(about["after"], key=lambda one: (one != EVERY, one)):
        for reader, figures in (("first", about["before"][name]), ("this one", about["after"][name])):
            found = " | ".join(f"{figures[key]:.3f}" for key in ("alone", "among", "auroc"))
            rows.append(f"| {SETS.get(name, 'the mean')} | {reader} | {found} |")
    text = _TEXT.format(
        name=described["name"],
        precision=described["precision"],
        sha256=described["files"][MODEL],
        model=MODEL,
        megabytes=(folder / MODEL).stat().st_size / 1e6,
        items=about["windows"],
        wrong=WRONG,
        further="".join(_FURTHER.format(**step) for step in about.get("further", [])),
        notes="".join(f"{note}\n" for note in about.get("notes", [])),
        rows="\n".join(rows),
        **{
            name: about[name]
            for name in ("encoder", "layers", "read", "taught", "most", "least", "batch", "peak", "decay")
        },
    )
    (folder / CARD).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
