"""How strong a pull can be; torch-free."""

from __future__ import annotations

from dpsrun.methods.spec import Setting

OVERSHOOTS = 2.0
"""A pull of this many times the distance lands as far away on the other side."""


def check_pull(name: str, strength: float, setting: Setting) -> None:
    """Raise ValueError if weights would end farther from where they began after each step.

    A step at the learning rate lr takes lr times `strength` of the way back.
    """
    rate = setting.training.learning_rate
    if rate * strength >= OVERSHOOTS:
        raise ValueError(
            f"{name} {strength:g} diverges at learning rate {rate:g}: "
            f"it takes less than {OVERSHOOTS / rate:g}"
        )
