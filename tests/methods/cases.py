"""One line a method: settings in which it does something, and those in which it is vanilla."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """What the tests of all methods need to know of one.

    Attributes:
        active: parameters with which it does something within 16 steps of a small model.
        neutral: parameters with which it is vanilla.
        dropout: the dropout of both, and of the vanilla that they are compared with.
        splits: whether it computes the same with micro-batches but for rounding; not where each
            of them draws numbers.
    """

    active: dict[str, Any] = field(default_factory=dict)
    neutral: dict[str, Any] = field(default_factory=dict)
    dropout: float = 0.1
    splits: bool = True


CASES = {
    "dps-dense": Case({"update_ratio": 0.2}, {"drop_fraction": 0}),
    "dps-mix": Case({"update_ratio": 0.2}, {"drop_fraction": 0}),
    "mixout": Case({"mix_probability": 0.5}, {"mix_probability": 0}),
    "child-tuning-f": Case({}, {"keep_probability": 1}),
    "child-tuning-d": Case({}, {"keep_fraction": 1}),
    "r3f": Case({"noise_scale": 0.1}, {"noise_weight": 0}, splits=False),
    "r4f": Case({"noise_scale": 0.1}, {"noise_weight": 0, "spectral_norm": False}, splits=False),
    "r-drop": Case({}, {"kl_weight": 0}, splits=False),
    "l2-sp": Case({}, {"start_weight": 0, "head_weight": 0}),
    "pretrained-wd": Case({"decay_strength": 0.5}, {"decay_strength": 0}),
    "recadam": Case({"recall_weight": 100, "anneal_step": 8}, {"anneal_step": None}),
    "re-init": Case({"drawn_blocks": 1}, {"drawn_blocks": 0}),
    "llrd": Case({"layer_decay": 0.5}, {"layer_decay": 1}),
    "top-k-layers": Case({"trained_blocks": 1}, {"trained_blocks": None}),
    "bitfit": Case({}, {"freeze": False}),
    "lora": Case({"rank": 2}, {"rank": 0}),
    "adapters": Case({"reduction": 4}, {"reduction": None}),
}
