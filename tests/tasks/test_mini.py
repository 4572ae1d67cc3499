from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from dpsrun.errors import UserError
from dpsrun.runs.frozen import digest
from dpsrun.tasks.mini import entailment
from dpsrun.tasks.mini.draw import Draw
from dpsrun.tasks.mini.generate import Example, generate
from dpsrun.tasks.mini.lexicon import (
    ADJECTIVES,
    NOUNS,
    VERBS,
    Adjective,
    Noun,
    Verb,
    with_ed,
    with_s,
)
from dpsrun.tasks.mini.similarity import WEIGHTS
from dpsrun.tasks.registry import find

NAMES = ("mini-cola", "mini-mrpc", "mini-rte", "mini-stsb")
CLASSIFICATION = NAMES[:3]


def made(name: str, **options: object) -> dict[str, list[Example]]:
    """Generate a mini task with other options than its own."""
    task = find(name)
    return generate(replace(task, options={**task.options, **options}))


def texts(examples: list[Example]) -> list[str]:
    return [text for example, _ in examples for text in example]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_options_make_the_same_data_in_every_process(name: str) -> None:
    code = (
        "from dpsrun.tasks.registry import find\n"
        "from dpsrun.tasks.mini.generate import generate\n"
        "from dpsrun.runs.frozen import digest\n"
        f"print(digest(generate(find({name!r}))))"
    )
    environment = {"PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(generate(find(name)))


def test_choices_are_the_same_on_every_machine() -> None:
    draw = Draw("dpsrun", 1)
    assert [draw.below(100) for _ in range(6)] == [45, 41, 59, 98, 68, 78]
    assert sorted(draw.some("abcd", 4)) == list("abcd")
    assert draw.other("aab", "a") == "b"


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_as_asked_for(name: str) -> None:
    splits = made(name, train=50, validation=30, test=20)
    assert {split: len(rows) for split, rows in splits.items()} == {
        "train": 50,
        "validation": 30,
        "test": 20,
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_example_occurs_twice_in_whatever_split(name: str) -> None:
    splits = made(name, train=2000)
    keys = [frozenset(example) for rows in splits.values() for example, _ in rows]
    assert len(set(keys)) == len(keys) == 2320


@pytest.mark.parametrize("name", NAMES)
def test_sentences_have_five_to_fourteen_words(name: str) -> None:
    for difficulty in (0.0, 0.5, 1.0):
        lengths = [len(text.split()) for text in texts(made(name, difficulty=difficulty)["train"])]
        assert min(lengths) >= 5
        assert max(lengths) <= 14


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_classes_are_balanced(name: str) -> None:
    assert Counter(label for _, label in made(name)["validation"]) == {0: 80, 1: 80}


@pytest.mark.parametrize("name", NAMES)
def test_a_larger_training_split_begins_with_the_smaller_and_changes_nothing_else(
    name: str,
) -> None:
    small, large = made(name, train=40), made(name, train=80)
    assert large["train"][:40] == small["train"]
    assert (large["validation"], large["test"]) == (small["validation"], small["test"])


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_noise_turns_its_share_of_the_training_labels_and_nothing_else(name: str) -> None:
    clean, noisy = made(name, train=2000), made(name, train=2000, label_noise=0.2)
    turned = sum(a != b for a, b in zip(clean["train"], noisy["train"], strict=True))
    assert turned == pytest.approx(400, abs=60)
    assert texts(clean["train"]) == texts(noisy["train"])
    assert (clean["validation"], clean["test"]) == (noisy["validation"], noisy["test"])


def test_noisy_scores_stay_on_the_scale() -> None:
    noisy = made("mini-stsb", train=500, label_noise=0.9)["train"]
    assert all(0 <= score <= 5 for _, score in noisy)
    assert noisy != made("mini-stsb", train=500)["train"]


@pytest.mark.parametrize("name", NAMES)
def test_difficulty_and_seed_change_the_sentences(name: str) -> None:
    variants = [made(name), made(name, difficulty=0.9), made(name, seed=1)]
    assert len({digest(variant["validation"]) for variant in variants}) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"difficulty": 1.5}, "difficulty: Input should be less than or equal to 1"),
        ({"label_noise": 1.0}, "label_noise: Input should be less than 1"),
        ({"train": 1}, "train: Input should be greater than or equal to 2"),
        ({"sise": 3}, "sise: Extra inputs are not permitted (options: train, validation, test,"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as caught:
        made("mini-rte", **options)
    assert f"mini-rte: {said}" in str(caught.value)


# what the sentences say


def test_regular_forms_are_spelt_right() -> None:
    assert [with_s(word) for word in ("dog", "lorry", "monkey", "watch", "wash")] == [
        "dogs",
        "lorries",
        "monkeys",
        "watches",
        "washes",
    ]
    assert [with_ed(word) for word in ("chase", "help")] == ["chased", "helped"]


def test_every_opposite_is_a_word_of_the_lexicon() -> None:
    words = {entry.word: entry for entry in ADJECTIVES}
    assert all(words[words[word].opposite].opposite == word for word in words)


def test_no_word_stands_for_two_things() -> None:
    entries: list[Noun | Verb | Adjective] = [*NOUNS, *VERBS, *ADJECTIVES]
    words = [word for entry in entries for word in {entry.word, entry.same}]
    assert [word for word, times in Counter(words).items() if times > 1] == []


def test_easy_and_hard_paraphrases_differ_in_how_many_words_they_share() -> None:
    def shared(difficulty: float, label: int) -> float:
        pairs = [
            e for e, found in made("mini-mrpc", difficulty=difficulty)["test"] if found == label
        ]
        return sum(_overlap(*pair) for pair in pairs) / len(pairs)

    assert shared(0.0, 1) > shared(1.0, 1)  # true paraphrases: fewer common words when hard
    assert shared(0.0, 0) < shared(1.0, 0)  # others: more


def _overlap(first: str, second: str) -> float:
    left, right = (set(text.lower().strip(".").split()) for text in (first, second))
    return len(left & right) / len(left | right)


def test_hard_entailments_obey_their_quantifier() -> None:
    for seed in range(200):
        premise, hypothesis = entailment.example(Draw(seed), seed % 2, 1.0)
        assert _follows(premise, hypothesis) == (seed % 2 == 0), (premise, hypothesis)


def _follows(premise: str, hypothesis: str) -> bool:
    """Decide by logic: some, two and several rise; no falls; every falls in its subject alone."""
    first, second = (text[:-1].lower().split() for text in (premise, hypothesis))
    quantifier = first[0]
    assert quantifier == second[0]
    place_changed = first[:6] == second[:6]
    rises = quantifier in {"some", "two", "several"} or (quantifier == "every" and place_changed)
    return _more_special(first, second) == rises


def _more_special(first: list[str], second: list[str]) -> bool:
    """Whether the first sentence says more: by a word of its own, or by naming no kind."""
    if len(first) != len(second):
        return len(first) > len(second)
    kinds = {noun.kind for noun in NOUNS} | {with_s(noun.kind) for noun in NOUNS}
    return first[1] not in kinds


def test_the_weights_of_similarity_add_up_to_the_top_of_the_scale() -> None:
    assert sum(WEIGHTS.values()) == find("mini-stsb").scale[1]


def test_scores_of_similarity_cover_the_scale() -> None:
    scores = [score for _, score in made("mini-stsb", train=1000, difficulty=0.3)["train"]]
    assert (min(scores), max(scores)) == (0.0, 5.0)
    assert all(sum(low <= score <= low + 1 for score in scores) > 50 for low in range(5))


def test_reversed_roles_occur_in_hard_pairs_that_are_no_paraphrases() -> None:
    hard = made("mini-mrpc", train=400, difficulty=1.0)["train"]
    bags = [
        [
            Counter(word for word in text.lower().strip(".").split() if word not in {"was", "by"})
            for text in pair
        ]
        for pair, label in hard
        if label == 0
    ]
    assert any(first == second for first, second in bags)
