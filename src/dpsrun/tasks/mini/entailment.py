"""mini-rte: a premise with a quantifier, and a sentence that follows from it or does not.

A statement about `some dogs` follows one about `some brave dogs`; with `no` it is the other way
round. So whether a pair of a special and a general sentence is an entailment depends on the
quantifier, on the place of the change, and on which of the two comes first.
"""

from __future__ import annotations

from dataclasses import replace

from dpsrun.tasks.mini.clause import Clause, full_clause, reworded, sentence, sibling, thing, words
from dpsrun.tasks.mini.draw import Draw
from dpsrun.tasks.mini.lexicon import VERBS, Noun, with_ed, with_s

RISING = ("some", "two", "several")
FALLING = ("no", "every")
REWORDED = 0.2


def example(draw: Draw, label: int, difficulty: float) -> tuple[str, str]:
    """Make a premise and a hypothesis that it entails (label 0) or does not (label 1).

    With chance `difficulty` the two differ in how special they are (a kind, a property, a place)
    and logic decides. Else the hypothesis says less, or something that was not said.
    """
    pair = _logical if draw.chance(difficulty) else _plain
    return pair(draw, entailed=label == 0)


def _logical(draw: Draw, *, entailed: bool) -> tuple[str, str]:
    quantifier = draw.pick(RISING + FALLING)
    slot = draw.pick(("subject", "subject_adjective", "adjunct"))
    special, general = _special_and_general(draw, slot)
    rises = quantifier in RISING or (quantifier == "every" and slot == "adjunct")
    pair = (special, general) if rises == entailed else (general, special)
    return _say(quantifier, pair[0]), _say(quantifier, pair[1])


def _special_and_general(draw: Draw, slot: str) -> tuple[Clause, Clause]:
    said = replace(full_clause(draw), object_adjective=None)
    kind = Noun(said.subject.kind, said.subject.kind, said.subject.kind)
    if slot == "subject":
        special = replace(said, subject_adjective=None)
        return special, replace(special, subject=kind)
    if slot == "subject_adjective":
        return said, replace(said, subject_adjective=None)
    return said, replace(said, adjunct="")


def _plain(draw: Draw, *, entailed: bool) -> tuple[str, str]:
    said = full_clause(draw)
    quantifier = draw.pick(RISING)
    less = replace(said, adjunct="")
    other = less if entailed else _unsaid(draw, less)
    return _say(quantifier, said), _say(quantifier, reworded(draw, other, REWORDED))


def _unsaid(draw: Draw, said: Clause) -> Clause:
    if draw.chance(0.5):
        return replace(said, verb=draw.other(VERBS, said.verb))
    return replace(said, object=sibling(draw, said.object, said.subject))


def _say(quantifier: str, said: Clause) -> str:
    noun = said.subject.word if quantifier == "every" else with_s(said.subject.word)
    adjective = said.subject_adjective.word if said.subject_adjective else ""
    return sentence(
        words(
            quantifier,
            adjective,
            noun,
            with_ed(said.verb.word),
            thing(said.object, said.object_adjective),
            said.adjunct,
        )
    )
