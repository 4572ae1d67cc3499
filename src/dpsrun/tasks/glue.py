"""The nine tasks of GLUE (Wang et al. 2019, arXiv 1804.07461) and its diagnostic set.

Names, columns and the order of the classes are those of the data set `nyu-mll/glue`; metrics are
the benchmark's own.
"""

from __future__ import annotations

from dpsrun.tasks.task import Task

SENTENCES = ("sentence1", "sentence2")
ACCURACY_AND_F1 = ("accuracy", "f1")
CORRELATIONS = ("pearson", "spearman")

GLUE: tuple[Task, ...] = (
    Task(
        name="cola",
        family="glue",
        config="cola",
        summary="Is the sentence acceptable English?",
        text=("sentence",),
        labels=("unacceptable", "acceptable"),
        metrics=("matthews", "accuracy"),
        primary=("matthews",),
    ),
    Task(
        name="sst2",
        family="glue",
        config="sst2",
        summary="Is the film review negative or positive?",
        text=("sentence",),
        labels=("negative", "positive"),
    ),
    Task(
        name="mrpc",
        family="glue",
        config="mrpc",
        summary="Do two news sentences say the same?",
        text=SENTENCES,
        labels=("not_equivalent", "equivalent"),
        metrics=ACCURACY_AND_F1,
        primary=ACCURACY_AND_F1,
    ),
    Task(
        name="qqp",
        family="glue",
        config="qqp",
        summary="Do two questions ask the same?",
        text=("question1", "question2"),
        labels=("not_duplicate", "duplicate"),
        metrics=ACCURACY_AND_F1,
        primary=ACCURACY_AND_F1,
    ),
    Task(
        name="stsb",
        family="glue",
        config="stsb",
        summary="How similar are two sentences, from 0 to 5?",
        text=SENTENCES,
        metrics=CORRELATIONS,
        primary=CORRELATIONS,
    ),
    Task(
        name="mnli",
        family="glue",
        config="mnli",
        summary="Does the premise entail, leave open or contradict the hypothesis?",
        text=("premise", "hypothesis"),
        labels=("entailment", "neutral", "contradiction"),
        evaluation=("validation_matched", "validation_mismatched"),
        test=("test_matched", "test_mismatched"),
    ),
    Task(
        name="qnli",
        family="glue",
        config="qnli",
        summary="Does the sentence answer the question?",
        text=("question", "sentence"),
        labels=("entailment", "not_entailment"),
    ),
    Task(
        name="rte",
        family="glue",
        config="rte",
        summary="Does the first text entail the second?",
        text=SENTENCES,
        labels=("entailment", "not_entailment"),
    ),
    Task(
        name="wnli",
        family="glue",
        config="wnli",
        summary="Is the pronoun replaced by the right noun?",
        text=SENTENCES,
        labels=("not_entailment", "entailment"),
    ),
    Task(
        name="ax",
        family="glue",
        config="ax",
        summary="GLUE's diagnostic set, for a model of mnli",
        text=("premise", "hypothesis"),
        labels=("entailment", "neutral", "contradiction"),
        metrics=("matthews", "accuracy"),
        primary=("matthews",),
        train="",
        evaluation=(),
    ),
)
