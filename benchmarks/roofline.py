"""How close a training step comes to what this machine's matrix product allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.fresh import in_worker
from benchmarks.measure import Settings, Spread, interleave, ratios
from benchmarks.tables import Row, Table, at_least
from benchmarks.workload import Workload, make_loop
from dpsrun.models.classifier import Classifier

TARGET = 0.6
WARM_UP = 2
STEP, COMPUTED, PLAIN = "step", "products as computed", "products of the plain model"

Product = tuple[Tensor, Tensor]
"""Two factors, on the meta device: sizes and strides without numbers."""


class Recorder(TorchDispatchMode):
    """Notes the matrix products of all that runs inside, backward passes included."""

    KINDS = (torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.addmm_)

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.products: list[Product] = []

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401
        types: Any,  # noqa: ANN401
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 (whatever the operation gives)
        """Do an operation, and note it if it is a product."""
        if func.overloadpacket in self.KINDS:
            left, right = (_meta(*each.shape, stride=each.stride()) for each in args[-2:])
            self.products.append((left, right))
        return func(*args, **(kwargs or {}))


def measure(settings: Settings) -> Table:
    """Compare step and products on every task."""
    steps = settings.pick(14, 2)
    works = [Workload.of(task, settings) for task in settings.tasks]
    rows = [_row(work, *in_worker(compare, work, steps)) for work in works]
    notes = (
        f"Batch {works[0].batch_size}, one thread, vanilla without dropout; median (range) over "
        f"{steps} batches of real texts, after {WARM_UP} to warm up. A step and `torch.mm` on "
        "factors of the same sizes and strides that lie ready take turns in one process. As "
        "computed: the products that the step was seen to do, both ways; by them the target is "
        "judged. Of the plain model: all real tokens through all linear layers of the blocks."
    )
    return Table("roofline", "A training step against its matrix products", notes, rows)


def _row(work: Workload, seconds: Mapping[str, list[float]], operations: Sequence[int]) -> Row:
    share = ratios(seconds[COMPUTED], seconds[STEP])
    rates = [n / s / 1e9 for n, s in zip(operations, seconds[COMPUTED], strict=True)]
    return {
        "task": work.task,
        "seconds a step": Spread.of(seconds[STEP]),
        f"{COMPUTED}, seconds": Spread.of(seconds[COMPUTED]),
        "GFLOP/s": Spread.of(rates),
        f"{COMPUTED} / {STEP}": share,
        "target": at_least(share, TARGET),
        f"{PLAIN} / {STEP}": ratios(seconds[PLAIN], seconds[STEP]),
    }


def compare(work: Workload, steps: int) -> tuple[dict[str, list[float]], list[int]]:
    """Take steps and their products in turns, on the batches whose products were noted before.

    Gives the seconds, and the operations of the products as computed.
    """
    loaded, feed = work.load(dropout=0.0)
    rows = work.rows(WARM_UP + steps)
    loop = make_loop(loaded, feed.batch, 2 * len(rows))
    computed, plain = [], []
    for chosen in rows:
        with Recorder() as recorder:
            loop.take_step(chosen)
        computed.append(recorder.products)
        plain.append(plain_products(loaded.model, feed.batch(chosen).tokens, len(chosen)))
    turns = {
        STEP: lambda number: loop.take_step(rows[number]),
        COMPUTED: multiplier(computed),
        PLAIN: multiplier(plain),
    }
    seconds = interleave(turns, len(rows))
    counts = [sum(map(operations, products)) for products in computed]
    return {name: each[WARM_UP:] for name, each in seconds.items()}, counts[WARM_UP:]


def plain_products(model: Classifier, tokens: int, examples: int) -> list[Product]:
    """List the products of a step that takes all tokens through all linear layers of the blocks.

    Pooler and head see one token an example.
    """
    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    inside = {id(module) for each in lists for module in each.modules()}
    return [
        product
        for layer in model.modules()
        if isinstance(layer, nn.Linear)
        for product in products_of(layer, tokens if id(layer) in inside else examples)
    ]


def products_of(layer: nn.Linear, rows: int) -> list[Product]:
    """List a layer's products: forward, gradient of the input, gradient of the weight."""
    weight = _meta(layer.out_features, layer.in_features)
    inputs, outputs = _meta(rows, layer.in_features), _meta(rows, layer.out_features)
    return [(inputs, weight.t()), (outputs, weight), (outputs.t(), inputs)]


def operations(product: Product) -> int:
    """Count multiplications and additions."""
    left, right = product
    return 2 * left.shape[0] * left.shape[1] * right.shape[1]


def multiplier(batches: Sequence[Sequence[Product]]) -> Callable[[int], None]:
    """Give what does the products of a batch by its number; all lie in the same memory."""
    shapes = [[(left, right, left @ right) for left, right in products] for products in batches]
    largest = max(each.numel() for products in shapes for matrices in products for each in matrices)
    spaces = [torch.randn(largest) for _ in range(3)]
    ready = [
        [
            [space.as_strided(m.shape, m.stride()) for space, m in zip(spaces, three, strict=True)]
            for three in products
        ]
        for products in shapes
    ]

    def multiply(number: int) -> None:
        for left, right, out in ready[number]:
            torch.mm(left, right, out=out)

    return multiply


def _meta(*size: int, stride: tuple[int, ...] | None = None) -> Tensor:
    return torch.empty_strided(size, stride or (size[1], 1), device="meta")
