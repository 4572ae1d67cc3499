"""What vanilla fine-tuning declares of itself."""

from __future__ import annotations

from dpsrun.methods.spec import MethodSpec, Params

SPEC = MethodSpec(
    name="vanilla",
    summary="Plain fine-tuning of all weights; dropout is the encoder's own unless set.",
    sources=(
        "Devlin et al. 2019, arXiv 1810.04805",
        "Mosbach et al. 2021, arXiv 2006.04884",
    ),
    params=Params,
    hooks="dpsrun.methods.vanilla.hooks:VanillaHooks",
    acts=frozenset(),
    notes=("DPS trains without dropout: a fair control is a second vanilla with dropout: 0.",),
)
