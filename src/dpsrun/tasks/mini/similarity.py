"""mini-stsb: pairs of sentences and how similar they are, from 0 to 5."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dpsrun.tasks.mini.clause import (
    Clause,
    active,
    fronted,
    full_clause,
    reworded,
    sentence,
    sibling,
)
from dpsrun.tasks.mini.draw import Draw
from dpsrun.tasks.mini.lexicon import (
    ACTORS,
    ADJECTIVES,
    NOUNS,
    PLACES,
    TIMES,
    VERBS,
    Adjective,
    Noun,
    Verb,
)

WEIGHTS = {
    "subject": 1.0,
    "verb": 1.5,
    "object": 1.0,
    "subject_adjective": 0.5,
    "object_adjective": 0.5,
    "adjunct": 0.5,
}
"""What a slot counts for; together 5, the score of sentences that mean the same."""


def example(draw: Draw, difficulty: float) -> tuple[tuple[str, str], float]:
    """Make two sentences and their score: 5 less the weights of the slots that differ.

    With chance `difficulty` a slot changes to something close (the same kind, the contrary,
    another place) and costs half its weight; what stays is the more reworded the higher it is.
    """
    first = second = full_clause(draw)
    score = sum(WEIGHTS.values())
    for slot in draw.some(tuple(WEIGHTS), draw.below(len(WEIGHTS) + 1)):
        close = slot != "verb" and draw.chance(difficulty)
        second = replace(second, **{slot: _different(draw, second, slot, close=close)})
        score -= WEIGHTS[slot] * (0.5 if close else 1.0)
    second = reworded(draw, second, 0.2 + 0.6 * difficulty)
    texts = active(first), draw.pick((active, fronted))(second)
    return (sentence(texts[0]), sentence(texts[1])), score


def _different(draw: Draw, said: Clause, slot: str, *, close: bool) -> Any:  # noqa: ANN401 (a slot)
    match old := getattr(said, slot):
        case Noun():
            return _noun(draw, old, said, close=close)
        case Verb():
            return draw.other(VERBS, old)
        case Adjective():
            return _adjective(draw, old, said, close=close)
        case _:
            return _adjunct(draw, old, close=close)


def _noun(draw: Draw, old: Noun, said: Clause, *, close: bool) -> Noun:
    if close:
        return sibling(draw, old, said.subject, said.object)
    choices = ACTORS if old == said.subject else NOUNS
    unlike = [noun for noun in choices if noun.kind != old.kind]
    return draw.other(unlike, said.subject, said.object)


def _adjective(draw: Draw, old: Adjective, said: Clause, *, close: bool) -> Adjective:
    opposite = next(entry for entry in ADJECTIVES if entry.word == old.opposite)
    used = [entry for entry in (said.subject_adjective, said.object_adjective) if entry]
    return opposite if close else draw.other(ADJECTIVES, opposite, *used)


def _adjunct(draw: Draw, old: str, *, close: bool) -> str:
    here, there = (PLACES, TIMES) if old in PLACES else (TIMES, PLACES)
    return draw.other(here, old) if close else draw.pick(there)
