"""Methods are found by name, our own and those of other packages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.methods import registry
from dpsrun.methods.hooks import Hooks
from dpsrun.methods.spec import MethodSpec, Params
from tests.methods.small_model import SmallLoop, make_batches, make_hooks, tiny_bert, weights

PLUGIN = """
from dataclasses import replace

from dpsrun.methods.spec import MethodSpec, Params

def spec(name, hooks="another_package:HalfHooks"):
    return MethodSpec(name=name, summary="", sources=(), params=Params, hooks=hooks)

HALF = spec("half-step")
VANILLA = spec("vanilla")
SHOUTING = spec("Half Step")
STRAYING = replace(HALF, acts=frozenset({"gradient"}))
NOT_A_SPEC = "half-step"

def __getattr__(name):
    if name != "HalfHooks":
        raise AttributeError(name)
    from dpsrun.methods.hooks import Hooks

    class HalfHooks(Hooks):
        def after_clipping(self, groups):
            for parameter in self.context.model.parameters():
                if parameter.grad is not None:
                    parameter.grad.zero_()

    return HalfHooks
"""


@pytest.fixture(autouse=True)
def fresh_registry() -> Iterator[None]:
    registry.specs.cache_clear()
    yield
    registry.specs.cache_clear()
    sys.modules.pop("another_package", None)


def install(folder: Path, patch: pytest.MonkeyPatch, **points: str) -> None:
    """Install a package `another` that offers entry points, as pip would."""
    about = folder / "another-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    lines = [f"{name} = another_package:{value}" for name, value in points.items()]
    (about / "entry_points.txt").write_text("\n".join(["[dpsrun.methods]", *lines, ""]))
    (folder / "another_package.py").write_text(PLUGIN)
    patch.syspath_prepend(folder)


def test_our_methods_come_first_in_a_stable_order() -> None:
    assert list(registry.specs())[:3] == ["vanilla", "dps-dense", "dps-mix"]
    for name, spec in registry.specs().items():
        assert spec.name == name
        assert spec.summary
        assert spec.sources


@pytest.mark.parametrize("name", [spec.name for spec in registry.BUILT_IN])
def test_the_hooks_of_our_methods_can_be_loaded(name: str) -> None:
    assert issubclass(registry.load_hooks(registry.find(name)), Hooks)


def test_an_unknown_method_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UserError, match=r"'dps-dens': did you mean 'dps-dense'\?"):
        registry.find("dps-dens")


def test_the_registry_and_all_parameters_need_no_torch() -> None:
    code = (
        "import sys; from dpsrun.methods.registry import specs\n"
        "from dpsrun.methods.spec import Setting\n"
        "[spec.params().check(Setting(1000)) for spec in specs().values()]\n"
        "sys.exit(bool({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_method_of_another_package_works_like_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, half="HALF")
    assert list(registry.specs()) == [*(spec.name for spec in registry.BUILT_IN), "half-step"]
    model = tiny_bert()
    hooks = make_hooks("half-step", model, 10)
    SmallLoop(model, hooks).run(make_batches(1))
    assert type(hooks).__name__ == "HalfHooks"
    assert weights(model)["encoder.classifier.bias"].abs().max() == 0


def test_methods_that_names_are_made_of_are_given_once_without_unknown_ones() -> None:
    found = registry.made_of(["llrd+dps-dense", "dps-dense", "gone", "dps-dense+gone"])
    assert [spec.name for spec in found] == ["dps-dense", "llrd"]


def test_a_method_that_takes_our_name_is_refused_naming_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, half="HALF", mine="VANILLA")
    expected = r"two methods are called 'vanilla': dpsrun and another \(another_package:VANILLA\)"
    with pytest.raises(UserError, match=expected):
        registry.specs()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("SHOUTING", "a name is lower-case words joined by hyphens"),
        ("STRAYING", "acts: 'gradient': did you mean 'gradients'"),
        ("NOT_A_SPEC", "names no MethodSpec"),
        ("MISSING", "cannot be loaded"),
    ],
)
def test_a_broken_entry_point_is_refused_naming_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, reason: str
) -> None:
    install(tmp_path, monkeypatch, half=value)
    with pytest.raises(UserError, match=rf"another \(another_package:{value}\).*{reason}"):
        registry.specs()


@pytest.mark.parametrize("hooks", ["no.such.module:Hooks", "math:Hooks", "math:pi", "nonsense"])
def test_hooks_that_cannot_be_loaded_are_refused_naming_the_method(hooks: str) -> None:
    spec = MethodSpec(name="mine", summary="", sources=(), params=Params, hooks=hooks)
    with pytest.raises(UserError, match=f"'mine'.*'{hooks}'"):
        registry.load_hooks(spec)


def test_vanilla_leaves_a_step_alone() -> None:
    model = tiny_bert()
    hooks = make_hooks("vanilla", model, 10)
    before = weights(model)
    hooks.before_step(9)
    hooks.after_backward(finite=True)
    hooks.after_update([])
    assert all(value.equal(before[name]) for name, value in weights(model).items())
    assert hooks.state_dict() == {}
    assert hooks.describe() == {}
