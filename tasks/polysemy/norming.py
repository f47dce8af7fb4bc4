"""Norms of the words: first associations, which meaning they had, and ratings of the targets.

Every prime is seen without a hint first and its first association typed; only then do the two
meanings appear, and the participant says which one each association belonged to. Ratings of
attachment-relatedness (1-7) come last; a person rates one target of each cell of a prime, the next
person the other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mbtexp.design import assigned, shuffled
from mbtexp.rating import rate
from mbtexp.run import Block, Run
from mbtexp.session import Session
from mbtexp.stimuli import Item
from mbtexp.task import Material
from mbtexp.timeline import Keys, Phase, Scale, Text
from mbtexp.triggers.codes import POLYSEMY as CODES
from mbtexp.typed import type_word
from tasks.polysemy.params import CONTINUE, Params
from tasks.polysemy.rows import Cell, Trial, primes_of, row_of, rows_of, set_of, share_of, target_of

RATINGS_A_BLOCK = 76
N_PRACTICE = 2

NOTE_SIZE = 0.035
"""Height of a line of notes, of the screen's height."""

NOTE_COLOR = "#e0e0e0"

GAP = Phase("gap", (), 0.2)
"""An empty screen after an answer: its trigger pulse ends before the next code is due."""

CELLS = {"attachment": "attach", "other": "nonattach", "control": "control"}
"""Sense of a target to its columns in the word set."""

MEANINGS = ("first", "second", "neither")


# -- the design -----------------------------------------------------------------------------------


def norming_design(session: Session, material: Material) -> list[Trial]:
    """Practice, associations, meanings, ratings; each in its own random order."""
    params: Params = material.params
    stimuli = set_of(material)
    primes = primes_of(stimuli, params)
    version = assigned(session.number, (1, 2))
    cell = Cell(version, (), None)
    practice = rows_of(stimuli, "practice")[: N_PRACTICE if params.practice else 0]
    ratings = shuffled(session.rng("ratings"), _ratings(cell, primes, version))
    blocks = [
        [replace(_association(cell, item), practice=True) for item in practice],
        shuffled(session.rng("associations"), [_association(cell, item) for item in primes]),
        shuffled(session.rng("meanings"), _meanings(session, cell, primes)),
        *(ratings[a : a + RATINGS_A_BLOCK] for a in range(0, len(ratings), RATINGS_A_BLOCK)),
    ]
    flat = [(block, row) for block, found in enumerate(blocks) for row in found]
    return [
        replace(row, trial=number, block=block) for number, (block, row) in enumerate(flat, start=1)
    ]


def _association(cell: Cell, item: Item) -> Trial:
    return row_of(
        cell,
        part="association",
        stim_id=item.id,
        prime=str(item.attributes["prime"]),
        target=None,
        condition="association",
        is_word=None,
        attachment_share=share_of(item),
    )


def _meanings(session: Session, cell: Cell, primes: Sequence[Item]) -> list[Trial]:
    """The two meanings in an order that is drawn, half of the primes each way."""
    drawn = shuffled(session.rng("sides"), primes)
    found = []
    for rank, item in enumerate(drawn):
        senses = [str(item.attributes["attach_sense"]), str(item.attributes["nonattach_sense"])]
        left, right = senses if rank % 2 else senses[::-1]
        row = replace(_association(cell, item), part="meaning", condition="meaning")
        found.append(
            replace(
                row, left=left, right=right, sense="other" if left == senses[1] else "attachment"
            )
        )
    return found


def _ratings(cell: Cell, primes: Sequence[Item], version: int) -> list[Trial]:
    return [
        row_of(
            cell,
            part="rating",
            stim_id=item.id,
            prime=str(item.attributes["prime"]),
            condition="rating",
            sense=sense,
            is_word=None,
            **target_of(item, f"{column}_t{version}"),
        )
        for item in primes
        for sense, column in CELLS.items()
    ]


# -- the run --------------------------------------------------------------------------------------


def norming_instructions(material: Material) -> str:
    """The first page; the other parts have pages of their own."""
    foreign = set_of(material).language != material.text.language
    language = material.text("english_words") if foreign else ""
    return material.text("instructions_association", language=language).strip()


def play_norming(run: Run, material: Material) -> None:
    """The parts one after the other, each with its page."""
    for block in run.blocks():
        _page(run, block, material)
        for trial in run.trials_of(block):
            run.record(**_played(run, trial, material))


def _page(run: Run, block: Block, material: Material) -> None:
    text, go_on = material.text, (CONTINUE,)
    part = block.trials[0].part
    before = [row.part for row in run.trials if row.block < block.number]
    if block.first and part == "association":
        run.page("instructions", norming_instructions(material), go_on)
    elif block.first or part not in before:
        run.page("instructions", text(f"instructions_{part}"), go_on)
    if block.first and block.practice:
        run.page("start", text("practice_norming"), go_on)
    elif block.first or before[-1:] != [part]:
        return
    elif all(row.practice for row in run.trials if row.block < block.number):
        run.page("start", text("main_norming"), go_on)
    else:
        counted = [row for row in run.trials if not row.practice]
        done = sum(not event["design"]["practice"] for event in run.recorded)
        run.page("break", text("break_norming", done=done, all=len(counted)), go_on)


def _played(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    parts = {"association": _associate, "meaning": _mean, "rating": _rate}
    return parts[trial.part](run, trial, material)


def _word(text: str, params: Params, y: float = 0.0) -> Text:
    return Text(text, (0.0, y), params.word_deg, "deg")


def _note(text: str, y: float) -> Text:
    return Text(text, (0.0, y), NOTE_SIZE, color=NOTE_COLOR, wrap=1.2)


def _associate(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    params: Params = material.params
    typed = type_word(
        run,
        "association",
        _word("_", params, -2.0 * params.word_deg),
        above=(
            _word(trial.prime, params, params.word_deg),
            _note(material.text("association_hint"), -0.3),
        ),
        code=CODES.association,
    )
    run.show([GAP])
    return {
        "response": typed.text or None,
        "correct": None,
        "rt_s": None if typed.rt_s is None else round(typed.rt_s, 6),
        "missed": not typed.text,
        "done_s": round(typed.done_s, 6),
    }


def _mean(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    """Which meaning the association had; the response is the sense, whatever its place."""
    said = association_to(run, trial)
    keys = material.keys[: len(MEANINGS)]
    options = (trial.left or "", trial.right or "", material.text("meaning_neither"))
    lines = [
        Text(f"{key}   {option}", (0.0, 0.02 - 0.09 * row), 0.04)
        for row, (key, option) in enumerate(zip(keys, options, strict=True))
    ]
    question = material.text("meaning_question" if said else "meaning_none", association=said)
    phase = Phase(
        "meaning",
        (Text(trial.prime, (0.0, 0.25), 0.06), _note(question, 0.13), *lines),
        code=CODES.meaning,
        keys=Keys(keys),
        tag=trial.prime,
    )
    run.prepare([phase])
    shown = run.show([phase])["meaning"]
    run.show([GAP])
    first = trial.sense or "attachment"
    senses = (first, "other" if first == "attachment" else "attachment", "neither")
    return {
        "response": senses[keys.index(shown.key or keys[-1])],
        "correct": None,
        "rt_s": None if shown.rt_s is None else round(shown.rt_s, 6),
        "missed": False,
        "association": said or None,
    }


def association_to(run: Run, trial: Trial) -> str:
    """What was typed to this prime before; empty where nothing was."""
    for event in run.recorded:
        row = event["design"]
        if row["part"] == "association" and row["stim_id"] == trial.stim_id:
            return str(event["outcome"]["response"] or "")
    return ""


def _rate(run: Run, trial: Trial, material: Material) -> dict[str, Any]:
    params, text = material.params, material.text
    points = tuple(str(n + 1) for n in range(len(material.keys)))
    scale = Scale(points, text("rating_low"), text("rating_high"), (0.0, -0.12))
    rating = rate(
        run,
        "rating",
        scale,
        material.keys,
        above=(
            _word(trial.target or "", params, params.word_deg),
            _note(text("rating_question"), 0.25),
        ),
        code=CODES.relatedness,
    )
    return {
        "response": None if rating.value is None else int(rating.value) + 1,
        "correct": None,
        "rt_s": None if rating.rt_s is None else round(rating.rt_s, 6),
        "missed": rating.value is None,
    }
