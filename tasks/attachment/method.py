"""How a run of the attachment task goes: its blocks, its sliders, its end, and its early end.

After Bartels & Zeki (2004), Nitschke et al. (2004), Aron et al. (2005), Strathearn et al. (2008);
docs/tasks/attachment.md gives every parameter with its source. Pictures of those whom somebody
loves or misses can hurt: the slider of distress decides whether they go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mbtexp.errors import RunAborted
from mbtexp.rating import slide
from mbtexp.run import Block, Run, Shown
from mbtexp.task import Material
from mbtexp.timeline import Keys, Phase, Text
from mbtexp.triggers.codes import ATTACHMENT as CODES
from tasks.attachment.dots import STEP_S
from tasks.attachment.params import Params
from tasks.attachment.screens import (
    BETWEEN,
    CROSS,
    count_phases,
    go_on,
    key_names,
    picture_phases,
    prime_phases,
    question,
    sides,
    slider,
)
from tasks.attachment.trials import Trial

PERCENT = 100
"""Sliders are recorded from 0 to 100."""


def play(run: Run, material: Material) -> None:
    """Instructions, practice, the blocks with their sliders, the ratings, thanks."""
    _refuse_going_on(run, material)
    for block in run.blocks():
        _prepare(run, block, material)
        if block.first:
            _open(run, block, material)
        else:
            _between(run, block, material)
        for trial, before in zip(run.trials_of(block), (None, *block.trials), strict=False):
            at_s = None if _follows(trial, before) else trial.onset_s
            run.record(**_PLAYED[trial.kind](run, trial, material, at_s))
            if trial.scale == "distress":
                _heed_distress(run, material)
    run.page("finished", material.text("finished"), go_on(material))


def _follows(trial: Trial, before: Trial | None) -> bool:
    """Whether a trial follows another back to back, frame by frame, and so needs no time."""
    return (
        before is not None
        and before.kind == "picture"
        and trial.kind in ("picture", "count")
        and not before.gap_s
    )


# -- trials ---------------------------------------------------------------------------------------


def _play_picture(run: Run, trial: Trial, material: Material, at_s: float | None) -> dict[str, Any]:
    """A picture: with or without a dot, presses count in the same window."""
    shown = run.show(picture_phases(trial, material, run.refresh_hz, at_s))
    outcome = reported(trial, shown, material.params)
    if trial.practice and trial.onset_s is None:
        _feedback(run, outcome, material)
    return outcome


def reported(trial: Trial, shown: Mapping[str, Shown], params: Params) -> dict[str, Any]:
    """Whether a dot was reported, and when; ``stray`` counts the presses outside the window."""
    first = next(iter(shown.values()))
    if trial.dot is None or trial.dot_at_s is None:
        return _outcome(None, None, None, held=bool(first.held))
    on_time = [phase.onset for name, phase in shown.items() if name.endswith("_dot")]
    due = on_time[0] if on_time else first.onset + trial.dot_at_s
    after = [phase.press - due for phase in shown.values() if phase.press is not None]
    inside = [t for t in after if 0 <= t < params.dot_window_s]
    facts = _outcome(
        "pressed" if inside else "none",
        inside[0] if inside else None,
        bool(inside) == trial.dot,
        held=bool(first.held),
    )
    return {**facts, "stray": len(after) - len(inside)}


def _outcome(
    response: Any, rt_s: float | None, correct: bool | None, *, held: bool = False
) -> dict[str, Any]:
    return {
        "response": response,
        "rt_s": None if rt_s is None else round(rt_s, 6),
        "correct": correct,
        "missed": False,
        "held": held,
    }


def _feedback(run: Run, outcome: Mapping[str, Any], material: Material) -> None:
    dot, pressed = outcome["response"] == "pressed", outcome["correct"]
    word = {
        (True, True): "feedback_hit",
        (True, False): "feedback_false_alarm",
        (False, True): "feedback_rest",
        (False, False): "feedback_miss",
    }[dot, pressed]
    scene = (Text(material.text(word), size=0.04, wrap=1.2),)
    phases = [Phase("feedback", scene, 1.0), Phase("ready", CROSS, STEP_S)]
    run.prepare(phases)
    run.show(phases)


def _play_count(run: Run, trial: Trial, material: Material, at_s: float | None) -> dict[str, Any]:
    run.show(count_phases(trial, material, at_s))
    return _outcome(None, None, None)


def _play_rating(run: Run, trial: Trial, material: Material, at_s: float | None) -> dict[str, Any]:
    """A slider; in a run with fixed onsets it comes on time and has a limit."""
    params: Params = material.params
    timed = trial.kind == "mood"
    if at_s is not None:
        run.show([Phase("ready", CROSS, STEP_S, at_s=at_s - STEP_S)])
    left, right, confirm = material.keys
    rating = slide(
        run,
        f"slider_{trial.scale}",
        slider(trial, material),
        (left, right, confirm),
        above=question(trial, material),
        window_s=params.mood_window_s if timed else None,
        code=CODES.slider,
    )
    run.show([BETWEEN if at_s is None else Phase("ready", CROSS, frames=1)])
    value = None if rating.value is None else round(PERCENT * rating.value, 4)
    facts = _outcome(value, rating.rt_s, None)
    return {**facts, "missed": value is None}


def _play_prime(run: Run, trial: Trial, material: Material, _at_s: float | None) -> dict[str, Any]:
    shown = run.show([*prime_phases(trial, material, run.refresh_hz), BETWEEN])
    asked = shown["awareness" if trial.kind == "awareness" else "target"]
    chosen = dict(zip(material.keys[:2], sides(trial, material), strict=True)).get(asked.key or "")
    right = chosen == trial.condition if trial.kind == "awareness" else None
    facts = _outcome(chosen, asked.rt_s, right, held=bool(asked.held))
    prime_s = shown["mask"].onset - shown["prime"].onset
    return {**facts, "missed": chosen is None, "prime_s": round(prime_s, 6)}


_PLAYED = {
    "picture": _play_picture,
    "count": _play_count,
    "mood": _play_rating,
    "person": _play_rating,
    "image": _play_rating,
    "prime": _play_prime,
    "awareness": _play_prime,
}


# -- distress -------------------------------------------------------------------------------------


def too_distressed(recorded: Sequence[Mapping[str, Any]], params: Params) -> float | None:
    """The last rating of distress, if it and those before it are at the limit; else None."""
    ratings = [
        event["outcome"]["response"]
        for event in recorded
        if event["design"]["scale"] == "distress" and event["outcome"]["response"] is not None
    ]
    last = ratings[-params.distress_times :]
    stop = len(last) == params.distress_times and min(last) >= params.distress_limit
    return float(last[-1]) if stop else None


def _heed_distress(run: Run, material: Material) -> None:
    """No more pictures once distress is at its limit: a calm screen, and the operator is told."""
    params: Params = material.params
    distress = too_distressed(run.recorded, params)
    if distress is None:
        return
    run.note("distress limit reached", distress=distress, limit=params.distress_limit)
    words = Text(material.text("calm"), size=0.04, wrap=1.1, color="#dfe8dc")
    calm = Phase("calm", (words,), code=CODES.calm, keys=Keys(go_on(material)))
    run.prepare([calm])
    run.show([calm])
    raise RunAborted(
        f"The pictures were stopped: the participant rated their distress {distress:g} of 100 "
        f"(limit {params.distress_limit:g}). Go to the participant now; the run is not resumed."
    )


def _refuse_going_on(run: Run, material: Material) -> None:
    """A run that was stopped for distress stays stopped."""
    distress = too_distressed(run.recorded, material.params)
    if distress is not None:
        raise RunAborted(
            f"This run was stopped because distress was {distress:g} of 100; it is not resumed. "
            "If the participant and the study's rules allow it, start one with another --run."
        )


# -- pages ----------------------------------------------------------------------------------------


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    params, text = material.params, material.text
    left, right, confirm = key_names(material)
    if params.procedure == "masked":
        return text("instructions_masked", left=left, right=right).strip()
    if params.procedure == "ratings":
        return text("instructions_ratings", left=left, right=right, confirm=confirm).strip()
    return text(
        "instructions",
        dots=text("instructions_dots", confirm=confirm) if params.dot_share else "",
        count=text("instructions_count") if params.procedure == "cycles" else "",
    ).strip()


def _slider_page(material: Material) -> str:
    left, right, confirm = key_names(material)
    return material.text("instructions_sliders", left=left, right=right, confirm=confirm)


def _open(run: Run, block: Block, material: Material) -> None:
    params: Params = material.params
    pages = [instructions(material)]
    if params.procedure != "ratings":
        pages.append(_slider_page(material))
    for page in pages:
        run.page("instructions", page, go_on(material))
    if params.fixed and block.trials[0].onset_s is not None:
        first = block.trials[0]
        run.start_clock((first.onset_s - params.lead_in_s) if block.resumed else 0.0)
        lead = Phase("lead_in", CROSS, frames=1)
        run.prepare([lead])
        run.show([lead])
        return
    key = "resumed" if block.resumed else "practice" if block.practice else "main"
    run.page("start", material.text(key), go_on(material))


def _between(run: Run, block: Block, material: Material) -> None:
    """What stands before a block that is not the first: a page, or nothing in a scanner."""
    params: Params = material.params
    kind = block.trials[0].kind
    if kind in ("person", "image", "awareness"):
        run.page(f"start_{kind}", material.text(f"start_{kind}"), go_on(material))
    elif not any(not event["design"]["practice"] for event in run.recorded):
        run.page("start", material.text("main"), go_on(material))
    elif params.procedure in ("events", "masked") and not params.fixed:
        run.page("break", material.text("break"), go_on(material))


def _prepare(run: Run, block: Block, material: Material) -> None:
    """Build what is shown; where onsets are fixed, all of it before the first one."""
    every = material.params.fixed and block.first
    for trial in run.trials if every else () if material.params.fixed else block.trials:
        run.prepare(phases_of(trial, material, run.refresh_hz))


def phases_of(trial: Trial, material: Material, refresh_hz: float) -> list[Phase]:
    """The screens of a trial that can be built beforehand."""
    if trial.kind == "picture":
        return picture_phases(trial, material, refresh_hz)
    if trial.kind == "count":
        return count_phases(trial, material)
    if trial.kind in ("prime", "awareness"):
        return [*prime_phases(trial, material, refresh_hz), BETWEEN]
    scene = (*question(trial, material), slider(trial, material))
    return [Phase("slider", scene, STEP_S), Phase("ready", CROSS, STEP_S)]
