"""Ways to damage a valid grid file; what comes out is drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from tests.config.parts import Original, Pair, Span, originals

Damage = Callable[[random.Random, Original], str | bytes]


def damaged(how: Damage, seed: int) -> bytes:
    """Draw an original and damage it."""
    draw = random.Random(f"{how.__name__} {seed}")  # noqa: S311 (no secrets here)
    content = how(draw, draw.choice(originals()))
    return content if isinstance(content, bytes) else content.encode()


def edited(text: str, edits: Iterable[tuple[Span, str]]) -> str:
    """Put something else in the place of parts; the space that ends a part stays."""
    for (start, end), new in sorted(edits, reverse=True):
        old = text[start:end]
        text = text[:start] + new + old[len(old.rstrip()) :] + text[end:]
    return text


def inserted(draw: random.Random, text: str, new: Sequence[str]) -> str:
    """Put some of `new` anywhere, up to three times."""
    for _ in range(draw.randint(1, 3)):
        at = draw.randint(0, len(text))
        text = text[:at] + draw.choice(new) + text[at:]
    return text


def some(draw: random.Random, parts: Sequence[Span]) -> list[Span]:
    return draw.sample(parts, draw.randint(1, 2))


def misspelt(draw: random.Random, word: str) -> str:
    at = draw.randrange(len(word))
    more = draw.choice("aeioux_-*?")
    return draw.choice(
        (word[:at] + word[at + 1 :], word[:at] + more + word[at:], word.swapcase(), word[::-1])
    )


def before(text: str, pair: Pair, new: str) -> tuple[Span, str]:
    """Word the insertion of another pair before one."""
    start = pair.key[0]
    column = start - text.rfind("\n", 0, start) - 1
    return (start, start), new + (", " if pair.flow else "\n" + " " * column)


def letters_lost(draw: random.Random, one: Original) -> str:
    text = one.text
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(text))
        text = text[:at] + text[at + draw.randint(1, 8) :]
    return text


def letters_added(draw: random.Random, one: Original) -> str:
    return inserted(draw, one.text, r"""ax09-+:,?[]{}#&*!|>%@`"'\/~=<. """ + "\n")


def letters_swapped(draw: random.Random, one: Original) -> str:
    letters = list(one.text)
    for _ in range(draw.randint(1, 2)):
        a, b = draw.sample(range(len(letters)), 2)
        letters[a], letters[b] = letters[b], letters[a]
    return "".join(letters)


def lines_lost_moved_or_doubled(draw: random.Random, one: Original) -> str:
    lines = one.text.splitlines(keepends=True)
    for _ in range(draw.randint(1, 3)):
        line = lines.pop(draw.randrange(len(lines)))
        for _ in range(draw.randint(0, 2)):
            lines.insert(draw.randint(0, len(lines)), line)
    return "".join(lines)


def lines_indented_otherwise(draw: random.Random, one: Original) -> str:
    lines = one.text.splitlines(keepends=True)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(lines))
        lines[at] = draw.choice(("", " ", "   ", " " * 5, "\t", " \t")) + lines[at].lstrip()
    return "".join(lines)


def tabs_for_spaces(draw: random.Random, one: Original) -> str:
    spaces = [at for at, letter in enumerate(one.text) if letter == " "]
    return edited(one.text, (((at, at + 1), "\t") for at in draw.sample(spaces, 3)))


def torn(draw: random.Random, one: Original) -> str:
    return one.text[: draw.randrange(len(one.text))]


def control_characters(draw: random.Random, one: Original) -> str:
    return inserted(draw, one.text, [chr(code) for code in (*range(9), *range(14, 32), 127, 128)])


def foreign_characters(draw: random.Random, one: Original) -> str:
    odd = "\x0b\x0c\x85\xa0\u200b\u2028\u2029\u202e\ufeff\ufffe\U0001f600"
    return inserted(draw, one.text, odd)


def escapes_of_what_is_no_text(draw: random.Random, one: Original) -> str:
    halves, others = (r"\ud800", r"\udfff\ud800"), (r"\0", r"\xg", r"\e[31m", r"\N")
    odd = (*halves, *others, r"\UFFFFFFFF", r"\U00110000")
    spans = (*one.scalars, *(pair.key for pair in one.pairs))
    words = ((span, one.at(span).strip('"')) for span in some(draw, spans))
    return edited(one.text, ((span, f'"{word}{draw.choice(odd)}"') for span, word in words))


def bytes_that_are_not_utf_8(draw: random.Random, one: Original) -> bytes:
    content, at = one.text.encode(), draw.randint(0, len(one.text))
    return content[:at] + bytes([draw.randint(0x80, 0xFF)]) + content[at:]


def other_encodings(draw: random.Random, one: Original) -> bytes:
    text = inserted(draw, one.text, "éß")
    return text.encode(draw.choice(("latin-1", "utf-16", "utf-16-be", "utf-32")))


def anything_but_text(draw: random.Random, one: Original) -> bytes:
    return draw.randbytes(draw.randrange(len(one.text)))


def quotes_left_open(draw: random.Random, one: Original) -> str:
    starts = ((start, start) for start, _ in some(draw, one.scalars))
    return edited(one.text, ((span, draw.choice("\"'|>")) for span in starts))


def anchors_tags_and_merges(draw: random.Random, one: Original) -> str:
    odd = ("&a ", "*a ", "*", "!mine ", "!!int ", "!!binary ", "!!set ", "<<: *a ", "<<: ")
    code = "!!python/object/apply:os.system "
    starts = ((start, start) for start, _ in some(draw, one.scalars))
    return edited(one.text, ((span, draw.choice((*odd, code))) for span in starts))


def keys_misspelt(draw: random.Random, one: Original) -> str:
    keys = some(draw, [pair.key for pair in one.pairs])
    return edited(one.text, ((key, misspelt(draw, one.at(key))) for key in keys))


def keys_doubled(draw: random.Random, one: Original) -> str:
    pair = draw.choice(one.pairs)
    return edited(one.text, [before(one.text, pair, f"{one.at(pair.key)}: {odd_value(draw)}")])


def keys_lost(draw: random.Random, one: Original) -> str:
    return edited(one.text, ((span, "") for span in some(draw, [p.span for p in one.pairs])))


def keys_moved(draw: random.Random, one: Original) -> str:
    pair, place = draw.sample(one.pairs, 2)
    return edited(one.text, [(pair.span, ""), before(one.text, place, one.at(pair.span))])


def names_unknown(draw: random.Random, one: Original) -> str:
    return edited(one.text, ((s, misspelt(draw, one.at(s))) for s in some(draw, one.scalars)))


ODD_VALUES = (
    *("", "null", "~", "[]", "{}", "[[]]", "{a: b}", "[1, two, null]", "text", "text: more", '""'),
    *("true", "no", "on", "2026-11-22", "12:30:45", "' '", '"\\0"', "|\n  text", "!!binary aGk="),
    *("a" * 300, "./" + "a" * 5000, "~nobody-at-all/x", "/", "*" * 50, "low-resource(1)"),
)
ODD_NUMBERS = (
    *("-1", "0", "1.5", "-0.1", "017", "0x1F", "0o17", "1_000", "1e400", ".nan", ".inf", "-.inf"),
    *("1e-400", "9" * 40, "9" * 5000, str(2**63), "1e5", "'3'", "3 4", "+-3", "1,5", "1:30"),
)


def odd_value(draw: random.Random) -> str:
    return draw.choice((*ODD_VALUES, *ODD_NUMBERS))


def values_of_other_kinds(draw: random.Random, one: Original) -> str:
    spans = (*(pair.value for pair in one.pairs), *one.scalars)
    return edited(one.text, ((span, odd_value(draw)) for span in some(draw, spans)))


def numbers_out_of_range(draw: random.Random, one: Original) -> str:
    numbers = [span for span in one.scalars if one.at(span)[0].isdigit()]
    return edited(one.text, ((span, draw.choice(ODD_NUMBERS)) for span in some(draw, numbers)))


def values_nested_deeply(draw: random.Random, one: Original) -> str:
    depth = draw.randint(1, 25)
    opening, closing = draw.choice((("[", "]"), ("{a: ", "}"), ("[{a: [", "]}]"), ("? ", "")))
    value = draw.choice(one.pairs).value
    return edited(one.text, [(value, opening * depth + odd_value(draw) + closing * depth)])


def lists_without_end(draw: random.Random, one: Original) -> str:
    word = draw.choice(("rte", "vanilla", "{method: vanilla}", "x{n}", "{n}", "{init: {n}}"))
    items = (word.replace("{n}", str(n)) for n in range(draw.randint(2, 40)))
    return edited(one.text, [(draw.choice(one.pairs).value, f"[{', '.join(items)}]")])


DAMAGES: tuple[Damage, ...] = (
    letters_lost,
    letters_added,
    letters_swapped,
    lines_lost_moved_or_doubled,
    lines_indented_otherwise,
    tabs_for_spaces,
    torn,
    control_characters,
    foreign_characters,
    escapes_of_what_is_no_text,
    bytes_that_are_not_utf_8,
    other_encodings,
    anything_but_text,
    quotes_left_open,
    anchors_tags_and_merges,
    keys_misspelt,
    keys_doubled,
    keys_lost,
    keys_moved,
    names_unknown,
    values_of_other_kinds,
    numbers_out_of_range,
    values_nested_deeply,
    lists_without_end,
)
