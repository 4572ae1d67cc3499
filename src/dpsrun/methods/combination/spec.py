"""What a combination declares of itself: what its parts do, and which parts go together."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from dpsrun.errors import UserError
from dpsrun.methods.combination.params import combined_params
from dpsrun.methods.spec import ACTS, Act, MethodSpec, Params

PLUS = "+"
"""Joins the names of the parts."""

ORDER = tuple(ACTS)

NEEDED: Mapping[Act, frozenset[Act]] = MappingProxyType(
    {
        "freezing": frozenset({"weights", "pull", "gradients"}),
        "frozen-blocks": frozenset({"start"}),
    }
)
"""Act -> those that need the weights which it freezes."""


def combine(*parts: MethodSpec) -> MethodSpec:
    """Make one method of several, the same in whatever order they come.

    Raises UserError, saying which part or which two do not go and why.
    """
    for part in parts:
        _check_alone(part, parts)
    ordered = sorted(parts, key=_turn)
    for one, other in itertools.combinations(ordered, 2):
        if reason := _clash(one, other):
            raise UserError(f"{one.name} and {other.name} cannot be combined: {reason}")
    return _combined(*ordered)


APART = {
    frozenset({"l2-sp", "dps-mix"}): "it is open whether the penalty is masked and counts in the "
    "scores; combine l2-sp with dps-dense, where both are so",
}
"""Pairs that no rule of acts keeps apart, and why they do not go."""


@cache
def _combined(*parts: MethodSpec) -> MethodSpec:
    return MethodSpec(
        name=PLUS.join(part.name for part in parts),
        summary=" ".join(part.summary for part in parts),
        sources=tuple(dict.fromkeys(source for part in parts for source in part.sources)),
        params=combined_params(parts),
        hooks="dpsrun.methods.combination.hooks:CombinedHooks",
        notes=tuple(f"{part.name}: {note}" for part in parts for note in part.notes),
        acts=frozenset().union(*map(_acts, parts)),
        unverified=" ".join(part.unverified for part in parts if part.unverified),
    )


def _check_alone(part: MethodSpec, parts: tuple[MethodSpec, ...]) -> None:
    if parts.count(part) > 1:
        raise UserError(f"{part.name} comes {parts.count(part)} times in a combination")
    if part.acts is None:
        raise UserError(
            f"{part.name} cannot be combined: it does not declare where it acts (MethodSpec.acts)"
        )
    if not part.acts:
        raise UserError(f"{part.name} adds nothing to a combination: leave it out")


def _turn(part: MethodSpec) -> int:
    """Give a part's place among others: that of its first act."""
    return min(map(ORDER.index, _acts(part)))


def _acts(part: MethodSpec) -> frozenset[Act]:
    return part.acts or frozenset()


def _clash(one: MethodSpec, other: MethodSpec) -> str | None:
    """Say why two parts do not go together, if they do not."""
    if reason := APART.get(frozenset({one.name, other.name})):
        return reason
    if both := sorted(_acts(one) & _acts(other), key=ORDER.index):
        return f"each of them {ACTS[both[0]]}"
    for freezes, needs in ((one, other), (other, one)):
        if any(NEEDED.get(act, frozenset()) & _acts(needs) for act in _acts(freezes)):
            return f"{needs.name} works on weights that {freezes.name} freezes"
    names = one.params.model_fields.keys() & other.params.model_fields.keys()
    if shared := sorted(names - Params.model_fields.keys()):
        return f"both have a parameter {shared[0]!r}"
    return None
