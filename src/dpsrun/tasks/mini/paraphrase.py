"""mini-mrpc: pairs of sentences that say the same, or do not."""

from __future__ import annotations

from dataclasses import replace

from dpsrun.tasks.mini.clause import (
    Clause,
    active,
    clause,
    fronted,
    passive,
    reworded,
    sentence,
    sibling,
)
from dpsrun.tasks.mini.draw import Draw
from dpsrun.tasks.mini.lexicon import ACTORS, NOUNS, PLACES, TIMES, VERBS


def example(draw: Draw, label: int, difficulty: float) -> tuple[str, str]:
    """Make two sentences that are equivalent (label 1) or not (label 0).

    With chance `difficulty` the pair is hard: most words of equivalent sentences are replaced by
    synonyms, and other sentences differ in one word only, or in who does it to whom.
    """
    said = clause(draw)
    hard = draw.chance(difficulty)
    change = _near_miss if hard else _unlike
    other = said if label else change(draw, said)
    worded = reworded(draw, other, 0.7 if hard else 0.2)
    return sentence(_word(draw, said)), sentence(_word(draw, worded))


def _word(draw: Draw, said: Clause) -> str:
    return draw.pick((active, passive, fronted))(said)


def _near_miss(draw: Draw, said: Clause) -> Clause:
    if said.object.animate and draw.chance(0.5):
        return replace(said, subject=said.object, object=said.subject)
    slot = draw.pick(("subject", "verb", "object"))
    if slot == "subject":
        return replace(said, subject=sibling(draw, said.subject, said.object))
    if slot == "object":
        return replace(said, object=sibling(draw, said.object, said.subject))
    return replace(said, verb=draw.other(VERBS, said.verb))


def _unlike(draw: Draw, said: Clause) -> Clause:
    subject = draw.other(ACTORS, said.subject, said.object)
    return replace(
        said,
        subject=subject,
        verb=draw.other(VERBS, said.verb),
        object=draw.other(NOUNS, said.object, said.subject, subject),
        adjunct=draw.other(PLACES + TIMES, said.adjunct),
    )
