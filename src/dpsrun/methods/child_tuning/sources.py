"""Sources of both forms of Child-Tuning."""

SOURCES = (
    "Xu et al. 2021, arXiv 2109.05687",
    "github.com/alibaba/AliceMind, ChildTuning, at a6d5afe",
)

WARM_UP = "The released code trains without warm-up although its script asks for 10 %; ours has it."
