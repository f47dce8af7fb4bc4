"""The spacing proof: how close two codes of a run can come, whatever the participant answers.

A recorder tells two codes apart if the second comes a pulse and a gap after the first. What a run
shows is known before it happens, as phases in frames; what is not known is when an answer ends a
phase. So each pair of codes is held against its worst case: a phase that an answer ends may last
one frame, and an answer may come in the last moment of its window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.simulate import Answer
from mbtexp.timeline import Phase, phase_frames

AT_ONCE_S = 0.001
"""After an onset, or before the end of a window: the quickest and the slowest answer, s."""

SAME_S = 1e-6
"""Intervals closer than this are one: float noise."""

Kind = Literal["screens", "answer", "stray answer", "no answer"]

KINDS: dict[Kind, str] = {
    "screens": "from one screen to the next",
    "answer": "from an answer that ends its screen to the next one",
    "stray answer": "from an answer that ends no screen to the next one",
    "no answer": "from a window that closed unanswered to the next screen",
}
"""What lies between two codes. A stray answer can only cut its own code short, and by chance."""


@dataclass(frozen=True, slots=True)
class Step:
    """A phase as a run begins it, with the trial that it belongs to and what was answered."""

    phase: Phase
    trial: int | None
    key: str | None = None
    """The key that answered; what follows can be what follows that key only."""


def codes_of(phase: Phase) -> tuple[int, ...]:
    """Every code that a phase can send: of its onset, of its answers, of none."""
    answers = () if phase.keys is None else tuple(code for _, code in phase.keys.codes)
    return tuple(code for code in (phase.code, *answers, phase.none_code) if code is not None)


@dataclass(frozen=True, slots=True)
class Interval:
    """The shortest time that can lie between two codes."""

    kind: Kind
    first: str
    second: str
    shortest_s: float
    trial: int | None
    phase: str
    """Phase whose onset sends the second code."""


# -- what lies between two codes -------------------------------------------------------------------


def intervals(
    steps: Sequence[Step], refresh_hz: float, name_of: Callable[[int], str]
) -> list[Interval]:
    """The shortest possible interval before every coded onset, from the code before it.

    Parameters
    ----------
    steps
        The phases of a run in order.
    refresh_hz
        The display's rate.
    name_of
        Name of a code.
    """
    chain = _Chain(steps, refresh_hz)
    found: list[Interval] = []
    before: int | None = None
    for place, step in enumerate(steps):
        if step.phase.code is None:
            continue
        named = name_of(step.phase.code)
        for kind, first, shortest_s in _before(chain, place, before, name_of):
            found.append(Interval(kind, first, named, shortest_s, step.trial, step.phase.name))
        before = place
    return found


def _before(
    chain: _Chain, place: int, before: int | None, name_of: Callable[[int], str]
) -> Iterator[tuple[Kind, str, float]]:
    """Each code that can be the last one before the onset of a step, with its distance."""
    if before is None:
        return
    code = chain.steps[before].phase.code
    if code is not None:
        yield "screens", name_of(code), chain.between(before, place)
    for asked in [*chain.open_past(before), *range(before, place)]:
        step = chain.steps[asked]
        codes = _answer_codes(step)
        if step.phase.keys is not None and codes:
            names = ", ".join(dict.fromkeys(name_of(code) for code in codes))
            kind: Kind = "answer" if step.phase.keys.ends_phase else "stray answer"
            yield kind, names, chain.after_window(asked, place)
        if step.phase.none_code is not None and _can_go_unanswered(step):
            closed = chain.closed_at(asked)
            if before < closed <= place:
                yield "no answer", name_of(step.phase.none_code), chain.between(closed, place)


def _answer_codes(step: Step) -> list[int]:
    """Codes that an answer can leave before what follows; none where a key without a code led on.

    Where the answer decides what comes next, the run that was played shows one way only.
    """
    keys = step.phase.keys
    if keys is None:
        return []
    if keys.ends_phase and step.key is not None and keys.code(step.key) is None:
        return []
    return [code for _, code in keys.codes]


def _can_go_unanswered(step: Step) -> bool:
    keys = step.phase.keys
    if keys is None or (_endless(step.phase) and keys.window_s is None):
        return False
    return not keys.ends_phase or step.key is None or keys.code(step.key) is not None


class _Chain:
    """The steps of a run with the bounds that their order, lengths and fixed onsets set."""

    def __init__(self, steps: Sequence[Step], refresh_hz: float) -> None:
        self.steps = steps
        self.frame_s = 1.0 / refresh_hz
        self._least = [self._shortest(place) for place in range(len(steps))]
        self._latest = self._latest_onsets()

    def between(self, first: int, second: int) -> float:
        """Least time from the onset of one step to that of a later one, s."""
        least = 0.0
        for place in range(first + 1, second + 1):
            fixed_s = self.steps[place].phase.at_s
            if fixed_s is None:
                least += self._least[place - 1]
            else:
                # A fixed onset cuts short what is on the screen, yet not below a frame.
                least = max(least + self.frame_s, self._on_frame(fixed_s) - self._latest[first])
        return least

    def after_window(self, asked: int, place: int) -> float:
        """Least time from a press in the window of a step to the onset of a later one, s."""
        keys = self.steps[asked].phase.keys
        after_phase = self.between(asked + 1, place)
        if keys is None or keys.window_s is None:
            return after_phase
        # A press outside of a waiting phase is taken at the next refresh only.
        after_close = self.between(asked, place) - keys.window_s - self.frame_s
        if keys.ends_phase:
            return max(after_phase, after_close)
        return max(0.0, after_close)

    def closed_at(self, asked: int) -> int:
        """The step at whose onset the window of a step is found closed at the latest."""
        keys = self.steps[asked].phase.keys
        if keys is None or keys.window_s is None:
            return asked + 1
        place = asked + 1
        while place < len(self.steps) and self._same_trial(asked, place):
            # The refresh nearest to a window's end is its end.
            if self.between(asked, place) >= keys.window_s - self.frame_s / 2 - SAME_S:
                break
            place += 1
        return place

    def open_past(self, place: int) -> Iterator[int]:
        """Earlier steps of the trial whose window is still open at the onset of a step."""
        for asked in range(place - 1, -1, -1):
            if not self._same_trial(asked, place):
                return
            keys = self.steps[asked].phase.keys
            if keys is None or keys.ends_phase or keys.window_s is None:
                continue
            if self.between(asked, place) < keys.window_s:
                yield asked

    def _same_trial(self, one: int, other: int) -> bool:
        trial = self.steps[one].trial
        return trial is not None and trial == self.steps[other].trial

    def _shortest(self, place: int) -> float:
        """Least time that a step is on the screen, whatever is answered, s."""
        phase = self.steps[place].phase
        if phase.keys is not None and phase.keys.ends_phase:
            return self.frame_s
        return self._planned(phase)

    def _planned(self, phase: Phase) -> float:
        planned = phase_frames(phase, 1.0 / self.frame_s)
        return math.inf if planned is None else planned * self.frame_s

    def _on_frame(self, t: float) -> float:
        return round(t / self.frame_s) * self.frame_s

    def _latest_onsets(self) -> list[float]:
        """When each step comes on at the latest, on the time axis of the fixed onsets, s.

        A fixed onset is taken to be on time; the plan of a run tells whether it is.
        """
        latest: list[float] = []
        until = math.inf
        for step in self.steps:
            fixed_s = step.phase.at_s
            onset = until if fixed_s is None else self._on_frame(fixed_s)
            latest.append(onset)
            until = onset + self._planned(step.phase)
        return latest


# -- the verdict -----------------------------------------------------------------------------------


def shortest(found: Iterable[Interval]) -> dict[Kind, Interval]:
    """The shortest interval of each kind; a kind that does not occur is left out."""
    least: dict[Kind, Interval] = {}
    for interval in found:
        known = least.get(interval.kind)
        if known is None or interval.shortest_s < known.shortest_s - SAME_S:
            least[interval.kind] = interval
    return least


def too_close(found: Iterable[Interval], needed_s: float) -> list[Interval]:
    """Pairs of codes that can come closer than the line tells apart, each once, worst first."""
    worst: dict[tuple[str, str], Interval] = {}
    for interval in found:
        if interval.shortest_s >= needed_s - SAME_S:
            continue
        pair = (interval.first, interval.second)
        if pair not in worst or interval.shortest_s < worst[pair].shortest_s - SAME_S:
            worst[pair] = interval
    return sorted(worst.values(), key=lambda interval: interval.shortest_s)


def spoken(interval: Interval, pulse_s: float, gap_s: float) -> str:
    """A pair of codes that can come too close, as one sentence."""
    where = f"phase '{interval.phase}'"
    if interval.trial is not None:
        where += f" of trial {interval.trial}"
    needs = (
        f"this line needs {_ms(pulse_s + gap_s)} (a pulse of {_ms(pulse_s)} and a gap of "
        f"{_ms(gap_s)})."
    )
    if interval.kind == "stray answer":
        return (
            f"The code of a press ({interval.first}) can be cut short if it comes just before "
            f"'{interval.second}' ({where}): {_ms(interval.shortest_s)} may lie between them, and "
            f"{needs}"
        )
    first = f"'{interval.first}'" if interval.kind == "screens" else f"an answer ({interval.first})"
    if interval.kind == "no answer":
        first = f"a missing answer ({interval.first})"
    return (
        f"The codes of {first} and '{interval.second}' ({where}) can come "
        f"{_ms(interval.shortest_s)} apart, but {needs}"
    )


def _ms(duration_s: float) -> str:
    return f"{1000 * duration_s:.4g} ms"


class Watched:
    """A participant's answers as they were, with the phases that were answered as steps."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.steps: list[Step] = []

    def __call__(self, phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        """The presses in a phase, which is taken down."""
        presses = self._answer(phase, trial)
        self.steps.append(Step(phase, trial.get("trial"), counted(phase, presses)))
        return presses


# -- participants at the limits --------------------------------------------------------------------


def at_once(answer: Answer) -> Answer:
    """The same answers as early as possible, one also where none would be given."""

    def answers(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        presses = answer(phase, trial)
        return [(key, AT_ONCE_S * place) for place, key in enumerate(_keys(phase, presses), 1)]

    return answers


def curious(answer: Answer) -> Answer:
    """At once too, and off the usual way: the last key of a screen, then its first, then as is."""
    visits: dict[tuple[Any, str], int] = {}
    quick = at_once(answer)

    def answers(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        usual = quick(phase, trial)
        if phase.keys is None:
            return usual
        place = (trial.get("trial"), phase.name)
        visits[place] = visits.get(place, 0) + 1
        odd = {1: phase.keys.allowed[-1], 2: phase.keys.allowed[0]}.get(visits[place])
        return usual if odd is None else [(odd, AT_ONCE_S)]

    return answers


def at_the_last_moment(answer: Answer) -> Answer:
    """The same answers just before their window closes; where it never does, as they were."""

    def answers(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        presses = answer(phase, trial)
        keys = _keys(phase, presses)
        length_s = _length_s(phase)
        return [(key, length_s - AT_ONCE_S) for key in keys[-1:]] if length_s else presses

    return answers


def never(answer: Answer) -> Answer:
    """No answer at all, but where only an answer goes on."""

    def answers(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        return answer(phase, trial) if _endless(phase) else []

    return answers


def counted(phase: Phase, presses: Sequence[tuple[str, float]]) -> str | None:
    """The key that answers a phase, of what is pressed in it."""
    if phase.keys is None:
        return None
    length_s = _length_s(phase)
    inside = [
        (t, key)
        for key, t in presses
        if key in phase.keys.allowed and t >= 0 and (length_s is None or t < length_s)
    ]
    return min(inside)[1] if inside else None


def _keys(phase: Phase, presses: Sequence[tuple[str, float]]) -> list[str]:
    """What would be pressed; in a window that would go unanswered its first key."""
    if phase.keys is None:
        return []
    keys = [key for key, _ in sorted(presses, key=lambda press: press[1])]
    return keys or list(phase.keys.allowed[:1])


def _length_s(phase: Phase) -> float | None:
    if phase.keys is not None and phase.keys.window_s is not None:
        return phase.keys.window_s
    return phase.duration_s


def _endless(phase: Phase) -> bool:
    return phase.duration_s is None and phase.frames is None
