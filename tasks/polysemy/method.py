"""What a trial of the polysemy task shows, and how a run goes.

A cross, a prime in small letters, then a target in capitals until a key says whether it is a word
(after Richards & French, 1992). Masked primes stand between a row of signs and a row of capitals;
a test whether they were seen ends that run. docs/tasks/polysemy.md gives every parameter with its
source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mbtexp.errors import TimingError
from mbtexp.run import Block, Run, Shown
from mbtexp.task import Material
from mbtexp.timeline import Fixation, Keys, Phase, Stimulus, Text, frames
from mbtexp.triggers.codes import POLYSEMY as CODES
from tasks.polysemy.norming import GAP, NOTE_SIZE, norming_instructions, play_norming
from tasks.polysemy.params import CONTINUE, Params
from tasks.polysemy.rows import Trial, set_of

FORWARD = "############"


def timeline(trial: Trial, material: Material, refresh_hz: float) -> list[Phase]:
    """From the cross to the pause after the decision; prime and SOA in whole frames."""
    return [
        *_until_prime(trial, material, refresh_hz),
        _target(trial, material),
        Phase("iti", (), trial.iti_s),
    ]


def _until_prime(trial: Trial, material: Material, refresh_hz: float) -> list[Phase]:
    params: Params = material.params
    prime_n = prime_frames(params, refresh_hz)
    isi_n = soa_frames(trial.soa_s or params.soa_1_s, refresh_hz) - prime_n
    if isi_n < 0:
        raise TimingError(
            f"the prime ({prime_n} frames) is longer than the SOA of {trial.soa_s} s; "
            "set prime_s or prime_frames lower."
        )
    cross = Phase("fixation", (Fixation(),), params.fixation_s, code=CODES.fixation)
    before = (
        Phase("mask", (_word(FORWARD, params),), params.mask_s, code=CODES.mask)
        if params.masked
        else Phase("blank", (), params.blank_s)
    )
    prime = Phase(
        "prime", (_word(trial.prime, params),), frames=prime_n, code=CODES.prime, tag=trial.prime
    )
    after = (
        Phase("mask_after", (_word(trial.mask or "", params),), frames=max(1, isi_n))
        if params.masked
        else Phase("isi", (), frames=max(1, isi_n))
    )
    return [cross, before, prime, *([after] if isi_n else [])]


def prime_frames(params: Params, refresh_hz: float) -> int:
    """Frames of a prime; refuses a display that cannot show its seconds within 2 %."""
    if params.prime_frames:
        return params.prime_frames
    return frames(params.prime_s, refresh_hz, where="prime_s (or set prime_frames)")


def soa_frames(soa_s: float, refresh_hz: float) -> int:
    """Frames of an SOA; refuses a display that cannot show it within 2 %."""
    return frames(soa_s, refresh_hz, where="SOA")


def _word(text: str, params: Params) -> Text:
    return Text(text, size=params.word_deg, units="deg")


def _target(trial: Trial, material: Material) -> Phase:
    params: Params = material.params
    left, right = material.keys[:2]
    word, nonword = (left, right) if trial.word_side == "left" else (right, left)
    stimuli: list[Stimulus] = [_word((trial.target or "").upper(), params)]
    if trial.practice:
        stimuli.append(_note(reminder(material, trial.word_side)))
    condition = "practice" if trial.practice else trial.condition
    return Phase(
        "practice" if trial.practice else "target",
        stimuli,
        duration_s=params.window_s,
        code=CODES[f"target_{condition}"],
        keys=Keys(
            (left, right),
            codes=((word, CODES.response_first), (nonword, CODES.response_second)),
        ),
        none_code=CODES.no_response,
        tag=trial.target or "",
    )


def _note(text: str) -> Text:
    return Text(text, (0.0, -0.3), NOTE_SIZE, color="#e0e0e0")


def reminder(material: Material, word_side: str | None) -> str:
    """Which key says what, in one line."""
    left, right = (key.upper() for key in material.keys[:2])
    key = "reminder_left" if word_side == "left" else "reminder_right"
    return material.text(key, left=left, right=right)


def question_phases(trial: Trial, material: Material, refresh_hz: float) -> list[Phase]:
    """A masked word, then two words to choose from, without a limit of time."""
    params: Params = material.params
    left, right = material.keys[:2]
    masked, other = (left, right) if trial.left == trial.prime else (right, left)
    x = 6.5 * params.word_deg
    choice = Phase(
        "awareness",
        (
            _note(material.text("awareness_question", left=left.upper(), right=right.upper())),
            Text(trial.left or "", (-x / 2, 0.0), params.word_deg, "deg"),
            Text(trial.right or "", (x / 2, 0.0), params.word_deg, "deg"),
        ),
        code=CODES.awareness,
        keys=Keys(
            (left, right), codes=((masked, CODES.response_first), (other, CODES.response_second))
        ),
        tag=trial.prime,
    )
    return [*_until_prime(trial, material, refresh_hz), choice]


# -- the run --------------------------------------------------------------------------------------


def play(run: Run, material: Material) -> None:
    """Instructions, practice with feedback, the blocks with their breaks, thanks."""
    if material.params.norming:
        play_norming(run, material)
    else:
        for block in run.blocks():
            _prepare(run, block, material)
            _page(run, block, material)
            for trial in run.trials_of(block):
                run.record(**play_trial(run, trial, material))
    run.page("finished", material.text("finished"), (CONTINUE, material.keys[0]))


def _prepare(run: Run, block: Block, material: Material) -> None:
    for trial in block.trials:
        phases = question_phases if trial.part == "awareness" else timeline
        run.prepare(phases(trial, material, run.refresh_hz))
    if block.practice:
        run.prepare([_feedback(material, key) for key in ("right", "wrong", "late")])


def play_trial(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    """One trial to its answer, with what was shown for how long."""
    if trial.part == "awareness":
        shown = run.show(question_phases(trial, material, run.refresh_hz))
        run.show([GAP])
        return _outcome(trial, material, shown, shown["awareness"])
    phases = timeline(trial, material, run.refresh_hz)
    if not trial.practice:
        shown = run.show(phases)
        return _outcome(trial, material, shown, shown["target"])
    shown = run.show([*phases[:-1], GAP])
    outcome = _outcome(trial, material, shown, shown["practice"])
    key = "late" if outcome["missed"] else "right" if outcome["correct"] else "wrong"
    run.show([_feedback(material, key), phases[-1]])
    return outcome


def _feedback(material: Material, key: str) -> Phase:
    params: Params = material.params
    text = Text(material.text(f"feedback_{key}"), size=0.7 * params.word_deg, units="deg")
    return Phase("feedback", (text,), params.feedback_s, code=CODES.feedback)


def _outcome(
    trial: Trial, material: Material, shown: Mapping[str, Shown], asked: Shown
) -> dict[str, Any]:
    left, right = material.keys[:2]
    side = {left: "left", right: "right"}.get(asked.key or "")
    response, correct = _decided(trial, side)
    prime = shown["prime"].onset
    ended = next(
        (shown[name].onset for name in ("isi", "mask_after") if name in shown), asked.onset
    )
    return {
        "response": response,
        "side": side,
        "correct": correct,
        "rt_s": None if asked.rt_s is None else round(asked.rt_s, 6),
        "missed": side is None,
        "held": bool(asked.held),
        "soa_shown_s": round(asked.onset - prime, 6),
        "prime_shown_s": round(ended - prime, 6),
    }


def _decided(trial: Trial, side: str | None) -> tuple[str | None, bool | None]:
    """What the key said, and whether that is right."""
    if side is None:
        return None, None
    if trial.part == "awareness":
        chosen = trial.left if side == "left" else trial.right
        return chosen, chosen == trial.prime
    says_word = side == trial.word_side
    return "word" if says_word else "nonword", says_word == trial.is_word


# -- pages ----------------------------------------------------------------------------------------


def _page(run: Run, block: Block, material: Material) -> None:
    """What stands before a block: instructions, a break, the question of the last part."""
    go_on, text = (CONTINUE, material.keys[0]), material.text
    first = block.trials[0]
    keys = reminder(material, first.word_side)
    if first.part == "awareness":
        left, right = (key.upper() for key in material.keys[:2])
        page = text("instructions_awareness", left=left, right=right)
        run.page("instructions", page, go_on)
        return
    if block.first:
        run.page("instructions", _instructions(material, first.word_side), go_on)
        key = "resumed" if block.resumed else "practice" if block.practice else "main"
        run.page("start", text(key, keys=keys), go_on)
        return
    counted = [row for row in run.trials if not row.practice]
    done = sum(not event["design"]["practice"] for event in run.recorded)
    if done == 0:
        run.page("start", text("main", keys=keys), go_on)
    else:
        run.page("break", text("break", done=done, all=len(counted), keys=keys), go_on)


def instructions(material: Material) -> str:
    """The instructions as the participant reads them (key mapping of list 1 where it varies)."""
    params: Params = material.params
    if params.norming:
        return norming_instructions(material)
    return _instructions(material, "left" if params.mapping == "word_left" else "right")


def _instructions(material: Material, word_side: str | None) -> str:
    params, text = material.params, material.text
    foreign = set_of(material).language != text.language
    return text(
        "instructions",
        what=text("what_masked" if params.masked else "what_primed"),
        language=text("english_words") if foreign else "",
        keys=reminder(material, word_side),
    ).strip()
