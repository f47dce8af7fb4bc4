"""Settings are read strictly: every key known, every value of its type and in its range."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.strict import build, from_text, setting


@dataclass(frozen=True)
class Inner:
    """A table in a table."""

    port: str = setting("", doc="port")
    baud: int = setting(115200, doc="rate", low=300, high=12_000_000)


@dataclass(frozen=True)
class Settings:
    """One field of each kind."""

    n: int = setting(4, doc="a count", low=1, high=36)
    s: float = setting(0.5, doc="seconds", low=0.1, high=10)
    limit_s: float | None = setting(None, doc="seconds or none", low=0.5, high=60)
    on: bool = setting(True, doc="a switch")
    order: Literal["fixed", "random"] = setting("fixed", doc="a choice")
    name: str = setting("x", doc="a text")
    keys: tuple[str, ...] = setting((), doc="a list")
    pair: tuple[int, int] = setting((1, 2), doc="two numbers")
    inner: Inner = field(default_factory=Inner)


@dataclass(frozen=True)
class Needed:
    """A field that must be given."""

    port: str = setting(..., doc="port")


def refusal(**given: Any) -> str:
    with pytest.raises(SettingError) as refused:
        build(Settings, given, where="rig.toml")
    return str(refused.value)


def test_nothing_given_means_the_defaults() -> None:
    assert build(Settings, {}, where="rig.toml") == Settings()


def test_values_of_their_type_are_taken() -> None:
    given = {
        "n": 36,
        "s": 2,
        "limit_s": 8.0,
        "on": False,
        "order": "random",
        "keys": ["a", "b"],
        "pair": [3, 4],
        "inner": {"port": "COM3"},
    }
    settings = build(Settings, given, where="rig.toml")
    assert settings == Settings(
        36, 2.0, 8.0, False, "random", "x", ("a", "b"), (3, 4), Inner("COM3")
    )
    assert isinstance(settings.s, float)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ordr": "fixed"}, "rig.toml: 'ordr' is not known here; did you mean 'order'?"),
        (
            {"zzz": 1},
            "rig.toml: 'zzz' is not known here; it can be 'inner', 'keys', 'limit_s', 'n', 'name', "
            "'on', 'order', 'pair' or 's'",
        ),
        ({"inner": {"prt": "x"}}, "rig.toml: inner: 'prt' is not known here; did you mean 'port'?"),
        ({"order": "randm"}, "rig.toml: order is 'randm'; did you mean 'random'?"),
        ({"order": 3}, "rig.toml: order is 3; it can be 'fixed' or 'random'"),
        ({"n": 2.0}, "rig.toml: n is 2.0; it must be a whole number."),
        ({"n": "2"}, "rig.toml: n is '2'; it must be a whole number."),
        ({"n": True}, "rig.toml: n is True; it must be a whole number."),
        ({"s": False}, "rig.toml: s is False; it must be a number."),
        ({"on": 1}, "rig.toml: on is 1; it must be true or false."),
        ({"name": 5}, "rig.toml: name is 5; it must be text in quotes."),
        ({"limit_s": "8"}, "rig.toml: limit_s is '8'; it must be a number or left out."),
        ({"keys": "abc"}, "rig.toml: keys is 'abc'; it must be a list."),
        ({"keys": ["a", 1]}, "rig.toml: keys is ['a', 1]; it must be a list."),
        ({"pair": [1, 2, 3]}, "rig.toml: pair is [1, 2, 3]; it must be a list."),
        ({"inner": 5}, "rig.toml: inner is 5; it must be a table."),
        ({"n": 0}, "rig.toml: n is 0; it must be from 1 to 36."),
        ({"n": 37}, "rig.toml: n is 37; it must be from 1 to 36."),
        ({"s": 0.05}, "rig.toml: s is 0.05; it must be from 0.1 to 10."),
        ({"s": float("nan")}, "rig.toml: s is nan; it must be from 0.1 to 10."),
        ({"s": float("inf")}, "rig.toml: s is inf; it must be from 0.1 to 10."),
        ({"limit_s": 0}, "rig.toml: limit_s is 0; it must be from 0.5 to 60."),
        (
            {"inner": {"baud": 20_000_000}},
            "rig.toml: inner: baud is 20000000; it must be from 300 to 12000000.",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_place_and_a_way_out(
    given: dict[str, Any], said: str
) -> None:
    assert refusal(**given) == said


@pytest.mark.parametrize("value", [1, 36])
def test_a_range_includes_its_ends(value: int) -> None:
    assert build(Settings, {"n": value}, where="rig.toml").n == value


def test_a_setting_that_must_be_given_is_asked_for() -> None:
    with pytest.raises(SettingError) as refused:
        build(Needed, {}, where="rig.toml: trigger")
    assert str(refused.value) == "rig.toml: trigger: 'port' is missing; add it."


# -- as typed on a command line -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("n", "8", 8),
        ("s", "8", 8.0),
        ("limit_s", "8", 8.0),
        ("limit_s", "none", None),
        ("limit_s", "", None),
        ("on", "no", False),
        ("on", "True", True),
        ("order", "random", "random"),
        ("name", "5", "5"),
        ("keys", "a, b,c", ("a", "b", "c")),
    ],
)
def test_typed_words_become_values_of_their_setting(key: str, text: str, value: object) -> None:
    typed = from_text(Settings, key, text, where="--set")
    assert typed == value
    assert type(typed) is type(value)
    assert getattr(build(Settings, {key: typed}, where="--set"), key) == value


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("n", "8.5", "--set: n is '8.5'; it must be a whole number."),
        ("s", "abc", "--set: s is 'abc'; it must be a number."),
        ("on", "maybe", "--set: on is 'maybe'; it must be true or false."),
        ("s", "1e9", "--set: s is 1000000000; it must be from 0.1 to 10."),
    ],
)
def test_typed_words_that_do_not_fit_are_refused(key: str, text: str, said: str) -> None:
    with pytest.raises(SettingError) as refused:
        build(Settings, {key: from_text(Settings, key, text, where="--set")}, where="--set")
    assert str(refused.value) == said


def test_an_unknown_name_typed_gets_the_nearest() -> None:
    with pytest.raises(SettingError) as refused:
        from_text(Settings, "limits", "8", where="--set")
    assert str(refused.value) == "--set: 'limits' is not known here; did you mean 'limit_s'?"


# -- hints ----------------------------------------------------------------------------------------


def test_a_hint_is_the_nearest_word_or_the_list_of_all() -> None:
    assert did_you_mean("seriel", ["none", "serial"]) == "did you mean 'serial'?"
    assert did_you_mean("x", ["c", "a", "b"]) == "it can be 'a', 'b' or 'c'"
    assert did_you_mean("x", ["a"]) == "it can only be 'a'"
    assert did_you_mean("x", []) == "none is known here"
