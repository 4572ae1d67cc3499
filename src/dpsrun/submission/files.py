"""The eleven files that the GLUE server (gluebenchmark.com) takes.

Names, words and the score's three decimals are what jiant writes for it
(github.com/nyu-mll/jiant-v1-legacy, `jiant/evaluate.py`; three decimals are those of transformers'
`run_glue.py` too). Rows, and that it wants all eleven files: github.com/zphang/bert_on_stilts,
`README.md`, whose counts include the header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = "index\tprediction"
TWO_WAY = ("entailment", "not_entailment")
THREE_WAY = ("entailment", "neutral", "contradiction")
NUMBERS = ("0", "1")
LOWEST, HIGHEST = 0.0, 5.0
SCORE = re.compile(r"\d+\.\d{3}")


@dataclass(frozen=True)
class File:
    """One file of a submission.

    Attributes:
        name: what the server calls it.
        task: the task that a run was trained on to make it.
        split: the evaluation set whose predictions it holds, as runs name it.
        rows: how many predictions the server wants.
        words: what it calls the classes, in the order of their numbers; none for scores.
        optional: whether a run of the task may do without it.
    """

    name: str
    task: str
    split: str
    rows: int
    words: tuple[str, ...] = ()
    optional: bool = False

    @property
    def outputs(self) -> int:
        """How many numbers a model of the task gives for an example."""
        return len(self.words) or 1

    def allows(self, prediction: str) -> bool:
        """Say whether a prediction may stand in the file."""
        if self.words:
            return prediction in self.words
        return bool(SCORE.fullmatch(prediction)) and LOWEST <= float(prediction) <= HIGHEST


FILES = (
    File("CoLA.tsv", "cola", "cola:test", 1063, NUMBERS),
    File("SST-2.tsv", "sst2", "sst2:test", 1821, NUMBERS),
    File("MRPC.tsv", "mrpc", "mrpc:test", 1725, NUMBERS),
    File("STS-B.tsv", "stsb", "stsb:test", 1379),
    File("MNLI-m.tsv", "mnli", "mnli:test_matched", 9796, THREE_WAY),
    File("MNLI-mm.tsv", "mnli", "mnli:test_mismatched", 9847, THREE_WAY),
    File("QNLI.tsv", "qnli", "qnli:test", 5463, TWO_WAY),
    File("QQP.tsv", "qqp", "qqp:test", 390_965, NUMBERS),
    File("RTE.tsv", "rte", "rte:test", 3000, TWO_WAY),
    File("WNLI.tsv", "wnli", "wnli:test", 146, NUMBERS),
    File("AX.tsv", "mnli", "ax:test", 1104, THREE_WAY, optional=True),
)
