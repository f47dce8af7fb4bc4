"""Simulated participants behind the responses port: on time, in order, on any clock."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

import pytest

from mbtexp.clock import MonotonicClock, VirtualClock
from mbtexp.ports import Press
from mbtexp.session import Session
from mbtexp.simulate import (
    HOLD_S,
    READING_S,
    Participant,
    SimulatedResponses,
    first_key,
    lognormal_s,
    nobody,
)
from mbtexp.timeline import Keys, Phase

FACE = Phase("face", (), keys=Keys(("f", "j")))
BLANK = Phase("blank", (), 0.5)


def two_keys(_phase: Phase, trial: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [("j", 0.5), ("f", trial["after_s"])]


def test_presses_are_due_at_their_time_after_the_onset_and_let_go_later() -> None:
    clock = VirtualClock()
    responses = SimulatedResponses(clock, two_keys)
    responses.attend(FACE, {"after_s": 0.2}, 10.0)

    clock.sleep_until(10.19)
    assert responses.poll() == []
    clock.sleep_until(10.2)
    assert responses.poll() == [Press(10.2, "f")]
    clock.sleep_until(11.0)
    assert responses.poll() == [
        Press(10.2 + HOLD_S, "f", down=False),
        Press(10.5, "j"),
        Press(10.5 + HOLD_S, "j", down=False),
    ]


def test_waiting_ends_with_the_press_or_at_its_end() -> None:
    clock = VirtualClock()
    responses = SimulatedResponses(clock, two_keys)
    responses.attend(FACE, {"after_s": 0.2}, 0.0)
    assert responses.wait(0.1) == []
    assert clock.now() == 0.1
    assert responses.wait(1.0) == [Press(0.2, "f")]
    assert clock.now() == 0.2


def test_a_key_is_held_until_it_is_let_go() -> None:
    clock = VirtualClock()
    responses = SimulatedResponses(clock, nobody, [Press(0.1, "f"), Press(0.3, "f", down=False)])
    held = []
    for t in (0.05, 0.2, 0.4):
        clock.sleep_until(t)
        responses.poll()
        held.append(responses.held())
    assert held == [frozenset(), {"f"}, frozenset()]


def test_presses_at_the_same_time_keep_their_order() -> None:
    clock = VirtualClock(1.0)
    responses = SimulatedResponses(clock, nobody, [Press(0.5, key) for key in "cab"])
    assert [press.key for press in responses.poll()] == ["c", "a", "b"]


def test_a_closed_device_has_nothing_more_to_tell() -> None:
    clock = VirtualClock(1.0)
    responses = SimulatedResponses(clock, nobody, [Press(0.5, "f")])
    responses.close()
    assert responses.poll() == []
    assert responses.describe() == {"backend": "simulated"}


def test_it_answers_on_a_real_clock_too() -> None:
    clock = MonotonicClock()
    responses = SimulatedResponses(clock, two_keys)
    responses.attend(FACE, {"after_s": 0.004}, clock.now())
    (press,) = responses.wait(clock.now() + 1.0)
    assert 0 <= clock.now() - press.t < 0.05
    clock.close()


def test_somebody_presses_the_first_key_and_nobody_none() -> None:
    assert first_key(FACE, {}) == [("f", READING_S)]
    assert first_key(BLANK, {}) == []
    assert nobody(FACE, {}) == []


def test_a_participant_is_named_with_its_parameters() -> None:
    facts = Participant("rasch", nobody, {"ability": 1.0}).facts()
    assert facts == {"model": "rasch", "params": {"ability": 1.0}}


def test_response_times_have_the_median_and_spread_asked_for() -> None:
    rng = Session("01", "eyes").rng("participant")
    drawn = [lognormal_s(rng, median_s=3.0, sigma=0.4) for _ in range(4000)]
    logs = [math.log(rt_s) for rt_s in drawn]
    assert statistics.median(drawn) == pytest.approx(3.0, rel=0.03)
    assert statistics.stdev(logs) == pytest.approx(0.4, rel=0.05)
    assert min(drawn) > 0
