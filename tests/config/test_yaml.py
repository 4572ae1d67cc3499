"""The strict reader: nothing is guessed, nothing is run, everything has a line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpsrun.config.yaml import MAX_BYTES, parse, written
from dpsrun.errors import ConfigError


def fault(text: str | bytes) -> str:
    try:
        found = parse(text if isinstance(text, bytes) else text.encode(), "a.yaml").faults
    except ConfigError as error:
        found = error.problems
    assert found
    return "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("3e-5", 3e-5),
        ("2e5", 2e5),
        ("1.5E+3", 1500.0),
        (".5", 0.5),
        ("-3", -3),
        ("0", 0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("2026-11-22", "2026-11-22"),
        ('"1e-5"', "1e-5"),
        ("'017'", "017"),
        (".inf", ".inf"),
        ("!!str 5", "5"),
    ],
)
def test_plain_words_become_what_yaml_1_2_says_and_nothing_more(text: str, value: object) -> None:
    found = parse(f"key: {text}\n".encode(), "a.yaml").data["key"]
    assert (type(found), found) == (type(value), value)


def test_every_key_and_item_knows_its_line() -> None:
    lines = parse(b"a: 1\nb:\n  - x\n  - c:\n      2\n", "a.yaml").lines
    assert lines["a",] == 1
    assert lines["b", 0] == 3
    assert lines["b", 1, "c"] == 4


def test_a_path_is_written_as_people_write_it() -> None:
    assert written(("methods", 1, "drop_fraction")) == "methods[1].drop_fraction"
    assert written(("data", "\x1b[31m")) == r"data.'\x1b[31m'"


def test_an_unknown_place_gets_the_line_of_what_is_around_it() -> None:
    document = parse(b"a: 1\nb:\n  - x\n", "a.yaml")
    assert str(document.problem(("b", 0, "missing"), "oh")) == "a.yaml:3: b[0].missing: oh"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", "a.yaml:3: a: duplicate key: line 1 has it too"),
        ("a: {b: 1,\n b: 2}", "a.yaml:2: a.b: duplicate key: line 1 has it too"),
        ("a:\n  b: 017", "a.yaml:2: a.b: a number must not begin with 0: write 17, or '017'"),
        ("a: -017", "write -17, or '-017'"),
        ("a: 1e999", "a.yaml:1: a: 1e999 is too large"),
        (f"a: {'9' * 5000}", "a.yaml:1: a: this number is too large"),
        ("1: a", "a.yaml:1: a key must be text, not '1'"),
        ("a: 1\n? [b]\n: c", "a.yaml:2: a key must be text, not a list or a mapping"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "a.yaml:3: c: merge keys (<<) are not supported"),
        ("a: !!bool yes", "'yes' does not fit its tag !!bool"),
        ("a: !!map x", "the tag !!map is not allowed"),
        ('a: "\\ud800"', "a.yaml:1: a: holds half a character"),
        ('"\\ud800": 1', "a.yaml:1: a key holds half a character"),
        ('a: 1\nb: "\\UFFFFFFFF"', "a.yaml:2: is not valid YAML"),
        ("a: 1\nb: [1, 2", "a.yaml:2: is not valid YAML"),
        ("a: 1\n\tb: 2", "indent with spaces, not tabs"),
        ("a: [*]", "a.yaml:1: is not valid YAML: while scanning an alias"),
        ("a: {b: *-mix}", "put quotes around a pattern that begins with *"),
        ("a: 1\n---\nb: 2", "a.yaml:2: is not valid YAML"),
        ("a: *nowhere", "a.yaml:1: is not valid YAML: found undefined alias"),
        ("a: 1\rb: \x01", "a.yaml:2: is not valid YAML: a character that is not printable"),
        ("a: 1\n# \u2028b", "a.yaml:2: is not valid YAML: a line break that editors do not count"),
        ("a: 1\nb: \x01", "a.yaml:2: is not valid YAML: a character that is not printable"),
        ("- a\n- b", "a.yaml:1: must be a mapping"),
        ("just text", "a.yaml:1: must be a mapping"),
        ("", "a.yaml:1: is empty"),
        ("# only a comment\n", "a.yaml:2: is empty"),
        (b"a: 1\nb: \xff\n", "a.yaml:2: is not UTF-8 text"),
        ("a: 1".encode("utf-16"), "a.yaml:1: is not UTF-8 text"),
        (b"a" * (MAX_BYTES + 1), "a.yaml:1: is too large for a grid file (over 1 MB)"),
        ("a:\n" + "[" * 600, "a.yaml:2: is nested too deeply"),
        ("a: " + "[" * 30 + "]" * 30, "a.yaml:1: a[0][0]: is nested too deeply"),
        ("a: &x [*x]", "is nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str | bytes, expected: str) -> None:
    assert expected in fault(text)


def test_several_faults_are_reported_together() -> None:
    assert fault("a: 01\nb: 1\nb: 2\nc: !x 3").count("\n") == 2


def test_an_alias_repeats_a_value() -> None:
    assert parse(b"a: &x [1, 2]\nb: *x", "a.yaml").data == {"a": [1, 2], "b": [1, 2]}


def test_aliases_cannot_blow_up_a_small_file() -> None:
    laughs = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "holds too many values" in fault("\n".join(laughs))


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:pathlib.Path.touch",
        "!!python/object/new:pathlib.Path.touch",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!python/tuple",
        "!!binary",
        "!!set",
        "!!timestamp",
        "!mine",
        "!<tag:yaml.org,2002:python/object/apply:os.system>",
    ],
)
@pytest.mark.parametrize("value", ["[{path}]", "{path}", "{{a: {path}}}"])
def test_no_tag_can_run_code(tag: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "made"
    assert "is not allowed" in fault(f"a: {tag} {value.format(path=path)}")
    assert not path.exists()


@settings(database=None, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text("ab:-[]{}\"'&*!|>%@#?,0 \n\\", max_size=60)))
def test_any_bytes_give_data_or_a_config_error(content: bytes | str) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    with contextlib.suppress(ConfigError):
        assert isinstance(parse(raw, "a.yaml").data, dict)
