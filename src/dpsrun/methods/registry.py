"""The methods that are known: our own and those that other packages bring; torch-free.

Another package adds a method by an entry point of the group `dpsrun.methods` that names a
`MethodSpec`, for example `mine = "my_package.spec:SPEC"`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from dpsrun.errors import UserError, nearest
from dpsrun.methods.adapters.spec import SPEC as ADAPTERS
from dpsrun.methods.bitfit.spec import SPEC as BITFIT
from dpsrun.methods.child_tuning_d.spec import SPEC as CHILD_D
from dpsrun.methods.child_tuning_f.spec import SPEC as CHILD_F
from dpsrun.methods.combination.spec import PLUS, combine
from dpsrun.methods.dps_dense.spec import SPEC as DPS_DENSE
from dpsrun.methods.dps_mix.spec import SPEC as DPS_MIX
from dpsrun.methods.l2_sp.spec import SPEC as L2_SP
from dpsrun.methods.llrd.spec import SPEC as LLRD
from dpsrun.methods.lora.spec import SPEC as LORA
from dpsrun.methods.mixout.spec import SPEC as MIXOUT
from dpsrun.methods.pretrained_wd.spec import SPEC as PRETRAINED_WD
from dpsrun.methods.r3f.spec import SPEC as R3F
from dpsrun.methods.r4f.spec import SPEC as R4F
from dpsrun.methods.r_drop.spec import SPEC as R_DROP
from dpsrun.methods.re_init.spec import SPEC as RE_INIT
from dpsrun.methods.recadam.spec import SPEC as RECADAM
from dpsrun.methods.spec import ACTS, MethodSpec
from dpsrun.methods.top_k_layers.spec import SPEC as TOP_K
from dpsrun.methods.vanilla.spec import SPEC as VANILLA

if TYPE_CHECKING:
    from dpsrun.methods.hooks import Hooks

GROUP = "dpsrun.methods"
BUILT_IN = (
    VANILLA,
    DPS_DENSE,
    DPS_MIX,
    MIXOUT,
    CHILD_F,
    CHILD_D,
    R3F,
    R4F,
    R_DROP,
    L2_SP,
    PRETRAINED_WD,
    RECADAM,
    RE_INIT,
    LLRD,
    TOP_K,
    BITFIT,
    LORA,
    ADAPTERS,
)
"""In the order of lists and tables."""

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
COMBINATION = re.compile(rf"{NAME.pattern}(\{PLUS}{NAME.pattern})+")


@cache
def specs() -> dict[str, MethodSpec]:
    """Give all methods by name, our own first; do not change what is given.

    Raises:
        UserError: an entry point is broken, or two methods have the same name.
    """
    found: dict[str, MethodSpec] = {}
    origins: dict[str, str] = {}
    for spec, origin in _offered():
        if not NAME.fullmatch(spec.name):
            raise UserError(
                f"method {spec.name!r} of {origin}: a name is lower-case words joined by hyphens"
            )
        if unknown := (spec.acts or frozenset()) - ACTS.keys():
            choice = nearest(min(unknown), ACTS)
            raise UserError(f"method {spec.name!r} of {origin}: acts: {min(unknown)!r}: {choice}")
        if spec.name in found:
            raise UserError(
                f"two methods are called {spec.name!r}: {origins[spec.name]} and {origin}"
            )
        found[spec.name], origins[spec.name] = spec, origin
    return found


def find(name: str) -> MethodSpec:
    """Give a method by its name, or several as one: `llrd+dps-dense`, in any order.

    Raises UserError with the nearest name of an unknown one, or why they cannot be combined.
    """
    found = [_find_one(part) for part in name.split(PLUS)]
    return found[0] if len(found) == 1 else combine(*found)


def _find_one(name: str) -> MethodSpec:
    known = specs()
    if name not in known:
        raise UserError(f"no method is called {name!r}: {nearest(name, known)}")
    return known[name]


def made_of(names: Iterable[str]) -> list[MethodSpec]:
    """Give the methods that those of these names consist of, each once; unknown ones are left out.

    Raises UserError as `specs` does.
    """
    parts = dict.fromkeys(part for name in names for part in name.split(PLUS))
    return [spec for name, spec in specs().items() if name in parts]


def load_hooks(spec: MethodSpec) -> type[Hooks[Any]]:
    """Import the hooks of a method (and torch with them).

    Raises:
        UserError: `spec.hooks` does not name a class of hooks.
    """
    from dpsrun.methods.hooks import Hooks  # noqa: PLC0415 (torch)

    module, _, name = spec.hooks.partition(":")
    try:
        hooks = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"method {spec.name!r}: cannot load {spec.hooks!r}: {error}") from error
    if not (isinstance(hooks, type) and issubclass(hooks, Hooks)):
        raise UserError(f"method {spec.name!r}: {spec.hooks!r} is no class of hooks")
    return hooks


def _offered() -> Iterator[tuple[MethodSpec, str]]:
    """Give every method with where it comes from."""
    for spec in BUILT_IN:
        yield spec, "dpsrun"
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        origin = f"{point.dist.name if point.dist else 'unknown package'} ({point.value})"
        yield _load(point, origin), origin


def _load(point: EntryPoint, origin: str) -> MethodSpec:
    try:
        spec = point.load()
    except Exception as error:
        raise UserError(f"entry point {point.name!r} of {origin} cannot be loaded: {error}") from (
            error
        )
    if not isinstance(spec, MethodSpec):
        raise UserError(f"entry point {point.name!r} of {origin} names no MethodSpec")
    return spec
