"""Simple statements in the past tense, their meaning in slots and their wording apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

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
    with_ed,
)

Entry = TypeVar("Entry", Noun, Verb, Adjective)


@dataclass(frozen=True)
class Clause:
    """Who did what to whom, where or when; each thing with a property or without."""

    subject: Noun
    verb: Verb
    object: Noun
    subject_adjective: Adjective | None = None
    object_adjective: Adjective | None = None
    adjunct: str = ""


def full_clause(draw: Draw) -> Clause:
    """Draw a clause with every slot filled."""
    subject = draw.pick(ACTORS)
    first, second = draw.some(ADJECTIVES, 2)
    return Clause(
        subject=subject,
        verb=draw.pick(VERBS),
        object=draw.other(NOUNS, subject),
        subject_adjective=first,
        object_adjective=second,
        adjunct=draw.pick(PLACES + TIMES),
    )


def clause(draw: Draw) -> Clause:
    """Draw a clause in which each property, and the place or time, is there or not."""
    whole = full_clause(draw)
    return replace(
        whole,
        subject_adjective=whole.subject_adjective if draw.chance(0.5) else None,
        object_adjective=whole.object_adjective if draw.chance(0.5) else None,
        adjunct=whole.adjunct if draw.chance(0.7) else "",
    )


def reworded(draw: Draw, said: Clause, share: float) -> Clause:
    """Say the same with other words: each word gives way to its synonym with chance `share`."""
    return replace(
        said,
        subject=_synonym(draw, said.subject, share),
        verb=_synonym(draw, said.verb, share),
        object=_synonym(draw, said.object, share),
        subject_adjective=said.subject_adjective and _synonym(draw, said.subject_adjective, share),
        object_adjective=said.object_adjective and _synonym(draw, said.object_adjective, share),
    )


def active(said: Clause) -> str:
    """Word a clause as `the brave dog chased the cat near the river`."""
    subject = thing(said.subject, said.subject_adjective)
    return words(subject, with_ed(said.verb.word), _object(said), said.adjunct)


def passive(said: Clause) -> str:
    """Word a clause as `the cat was chased by the brave dog near the river`."""
    subject = thing(said.subject, said.subject_adjective)
    verb = with_ed(said.verb.word)
    return words(_object(said), "was", verb, "by", subject, said.adjunct)


def fronted(said: Clause) -> str:
    """Word a clause as `near the river the brave dog chased the cat`."""
    return words(said.adjunct, active(replace(said, adjunct="")))


def thing(noun: Noun, adjective: Adjective | None) -> str:
    """Word a definite noun phrase."""
    return words("the", adjective.word if adjective else "", noun.word)


def words(*parts: str) -> str:
    """Put the parts that are not empty one after the other."""
    return " ".join(part for part in parts if part)


def sentence(text: str) -> str:
    """Give a wording its capital and its full stop."""
    return f"{text[0].upper()}{text[1:]}."


def sibling(draw: Draw, noun: Noun, *but: Noun) -> Noun:
    """Draw another thing of the same kind."""
    return draw.other(of_kind(noun.kind), noun, *but)


def of_kind(kind: str) -> Sequence[Noun]:
    """List the things of a kind."""
    return [noun for noun in NOUNS if noun.kind == kind]


def _object(said: Clause) -> str:
    return thing(said.object, said.object_adjective)


def _synonym(draw: Draw, entry: Entry, share: float) -> Entry:
    return replace(entry, word=entry.same, same=entry.word) if draw.chance(share) else entry
