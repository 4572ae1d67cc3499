"""The words of the mini tasks: what each means the same as, is a kind of, or is opposed to."""

from __future__ import annotations

from dataclasses import dataclass

# Each entry exists once and is only ever itself: comparing words would double the drawing's time.


@dataclass(frozen=True, eq=False)
class Noun:
    """A thing: `same` is another word for it (or the word itself), `kind` a more general one."""

    word: str
    same: str
    kind: str

    @property
    def animate(self) -> bool:
        """Whether it can act."""
        return self.kind in {"worker", "relative", "animal"}


@dataclass(frozen=True, eq=False)
class Verb:
    """A regular transitive verb in its base form; `same` means the same."""

    word: str
    same: str


@dataclass(frozen=True, eq=False)
class Adjective:
    """A property; `same` means the same and `opposite` the contrary."""

    word: str
    same: str
    opposite: str


_NOUNS = {
    "worker": "doctor/physician teacher/instructor lawyer/attorney painter/artist driver baker "
    "farmer gardener plumber sailor/mariner",
    "relative": "uncle aunt cousin sister brother nephew niece grandmother/grandma",
    "animal": "dog/hound cat horse rabbit goat lion monkey donkey/mule camel",
    "vehicle": "car/automobile truck/lorry tractor van ship/vessel bicycle/bike",
    "tool": "hammer shovel/spade ladder drill saw rake",
    "fruit": "apple orange lemon melon banana pear",
    "building": "cabin/hut barn chapel tower shop/store hotel/inn",
    "garment": "coat/jacket hat/cap shirt skirt sock/stocking glove/mitten",
}
_VERBS = (
    "help/assist follow/trail chase/pursue repair/mend gather/collect select/pick watch/observe "
    "guard/protect lift/raise wash/rinse admire/respect greet/welcome remember/recall "
    "rescue/save avoid/dodge deliver/transport reward paint attack/assault move/shift touch "
    "mention/discuss destroy/demolish inspect/examine love/adore hate/detest"
)
_ADJECTIVES = (
    "big/large/small small/little/big quick/fast/slow slow/sluggish/quick rich/wealthy/poor "
    "poor/penniless/rich brave/bold/timid timid/shy/brave quiet/silent/noisy noisy/loud/quiet "
    "happy/glad/sad sad/unhappy/happy clean/spotless/dirty dirty/filthy/clean "
    "strong/sturdy/weak weak/feeble/strong old/elderly/young young/youthful/old"
)
PLACES = (
    "near the river",
    "in the garden",
    "behind the school",
    "at the market",
    "beside the bridge",
    "outside the museum",
    "by the lake",
    "across the valley",
)
TIMES = ("yesterday", "last week", "on Monday", "this morning", "after lunch", "before noon")


def _pair(entry: str) -> tuple[str, str]:
    word, _, same = entry.partition("/")
    return word, same or word


NOUNS = tuple(Noun(*_pair(entry), kind) for kind, row in _NOUNS.items() for entry in row.split())
ACTORS = tuple(noun for noun in NOUNS if noun.animate)
VERBS = tuple(Verb(*_pair(entry)) for entry in _VERBS.split())
ADJECTIVES = tuple(Adjective(*entry.split("/")) for entry in _ADJECTIVES.split())


def with_s(word: str) -> str:
    """Write the plural of a noun or the third person of a verb."""
    if word.endswith(("s", "sh", "ch", "x")):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def with_ed(verb: str) -> str:
    """Write the past tense and the participle of a verb."""
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"
