"""mini-cola: sentences of the present tense, right or broken."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dpsrun.tasks.mini.clause import sentence, words
from dpsrun.tasks.mini.draw import Draw
from dpsrun.tasks.mini.lexicon import ACTORS, ADJECTIVES, NOUNS, PLACES, VERBS, with_s

DETERMINERS = {False: ("the", "every", "this", "each"), True: ("the", "two", "these", "many")}


@dataclass(frozen=True)
class Parts:
    """A sentence in pieces, in the order in which they are said (`wrong_verb` is not)."""

    determiner: str
    adjective: str
    noun: str
    attractor: str
    verb: str
    wrong_verb: str
    object_adjective: str
    object: str
    place: str

    def text(self) -> str:
        """Say the pieces."""
        thing = words("the", self.object_adjective, self.object)
        return words(
            self.determiner, self.adjective, self.noun, self.attractor, self.verb, thing, self.place
        )


def example(draw: Draw, label: int, difficulty: float) -> str:
    """Make an acceptable sentence (label 1) or an unacceptable one (label 0).

    A broken sentence has one subtle fault with chance `difficulty`: agreement, number of the
    determiner, a displaced adjective or a missing article; else its words are jumbled, or its
    verb is missing or said twice.
    """
    many = draw.chance(0.5)
    parts = _parts(draw, many=many)
    if label:
        return sentence(parts.text())
    subtle = draw.chance(difficulty)
    return sentence(_subtle(draw, parts, many=many) if subtle else _gross(draw, parts))


def _parts(draw: Draw, *, many: bool) -> Parts:
    subject, near, thing = draw.pick(ACTORS), draw.pick(NOUNS), draw.pick(NOUNS)
    adjective, object_adjective = draw.some(ADJECTIVES, 2)
    attractor = f"with the {_number(near.word, many=draw.chance(0.5))}"
    verb = draw.pick(VERBS).word
    return Parts(
        determiner=draw.pick(DETERMINERS[many]),
        adjective=adjective.word if draw.chance(0.5) else "",
        noun=_number(subject.word, many=many),
        attractor=attractor if draw.chance(0.5) else "",
        verb=_number(verb, many=not many),
        wrong_verb=_number(verb, many=many),
        object_adjective=object_adjective.word,
        object=_number(thing.word, many=draw.chance(0.5)),
        place=draw.pick(PLACES),
    )


def _number(word: str, *, many: bool) -> str:
    return with_s(word) if many else word


def _subtle(draw: Draw, parts: Parts, *, many: bool) -> str:
    fault = draw.pick(("agreement", "determiner", "order", "article"))
    if fault == "agreement":
        return replace(parts, verb=parts.wrong_verb).text()
    if fault == "determiner":
        return replace(parts, determiner=draw.other(DETERMINERS[not many], "the")).text()
    if fault == "order":
        after = f"{parts.object} {parts.object_adjective}"
        return replace(parts, object_adjective="", object=after).text()
    return replace(parts, place=parts.place.replace("the ", "")).text()


def _gross(draw: Draw, parts: Parts) -> str:
    fault = draw.pick(("jumble", "no verb", "two verbs"))
    if fault == "jumble":
        said = parts.text().split()
        return " ".join(draw.some(said, len(said)))
    return replace(parts, verb="" if fault == "no verb" else f"{parts.verb} {parts.verb}").text()
