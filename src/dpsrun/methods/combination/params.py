"""The parameters of a combination: those of all its parts side by side, and one dropout."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, ClassVar

from pydantic import create_model

from dpsrun.methods.spec import MethodSpec, Params, Setting


class CombinedParams(Params):
    """The base of all combinations' parameters; PARTS are the combined methods, in their order."""

    PARTS: ClassVar[tuple[MethodSpec, ...]] = ()

    def dropout_rate(self, total_steps: int) -> float | None:
        """Give the dropout that will apply to all parts: unset, what their rules say.

        Raises ValueError if their rules differ; a part that leaves the encoder's own has none.
        """
        asked = {
            spec.name: rate
            for spec, part in zip(self.PARTS, self._of_parts(self.dropout), strict=True)
            if (rate := part.dropout_rate(total_steps)) is not None
        }
        if len(set(asked.values())) > 1:
            listed = ", ".join(f"{name} asks for {rate:g}" for name, rate in asked.items())
            raise ValueError(f"dropout must be set: {listed}")
        return next(iter(asked.values()), None)

    def of_parts(self, total_steps: int) -> list[Params]:
        """Give each part its own parameters, with the dropout that will apply."""
        return self._of_parts(self.dropout_rate(total_steps))

    def check(self, setting: Setting) -> None:
        """Raise ValueError if a part cannot work, or freezes blocks that another draws anew."""
        for part in self.of_parts(setting.total_steps):
            part.check(setting)
        if getattr(self, "head_init", None) == "published" and (
            getattr(self, "spectral_norm", False) or getattr(self, "decay_head", False)
        ):
            raise ValueError("head_init published draws a head anew that another part has measured")
        drawn, trained = (getattr(self, name, None) for name in ("drawn_blocks", "trained_blocks"))
        if drawn is not None and trained is not None and drawn > trained:
            raise ValueError(f"trained_blocks {trained} freezes some of the drawn_blocks {drawn}")

    def _of_parts(self, dropout: float | None) -> list[Params]:
        common = {"dropout": dropout}
        return [
            spec.params.model_validate(
                {name: getattr(self, name) for name in spec.params.model_fields} | common
            )
            for spec in self.PARTS
        ]


def combined_params(parts: Sequence[MethodSpec]) -> type[CombinedParams]:
    """Make the parameter model of a combination, whose parts share no parameter but dropout."""
    fields: dict[str, Any] = {
        name: (field.annotation, deepcopy(field))
        for part in parts
        for name, field in part.params.model_fields.items()
        if name not in Params.model_fields
    }
    made = create_model("CombinedParams", __base__=CombinedParams, **fields)
    made.PARTS = tuple(parts)
    made.LATER = frozenset().union(*(part.params.LATER for part in parts))
    return made
