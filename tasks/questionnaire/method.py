"""How a run of the questionnaire goes: item by item, back where it is wanted, and its alert."""

from __future__ import annotations

from typing import Any

from mbtexp.instruments import Form
from mbtexp.rating import Rating, pick, rate
from mbtexp.run import Run
from mbtexp.task import Material
from mbtexp.timeline import Phase
from mbtexp.triggers.codes import QUESTIONNAIRE as CODES
from tasks.questionnaire.design import Params, Trial, form_of
from tasks.questionnaire.screens import (
    BETWEEN,
    START,
    above,
    also,
    answer_keys,
    back_key,
    choice,
    key_names,
    skip_key,
)


def play(run: Run, material: Material) -> None:
    """A page, the items, thanks."""
    params: Params = material.params
    shown = form_of(material)
    rows: tuple[Trial, ...] = tuple(run.trials)
    for block in run.blocks():
        for trial in block.trials:
            scene = (*above(trial, rows, {}, material, shown), *_plain(trial, material, shown))
            run.prepare([Phase("scene", scene, 1.0), BETWEEN])
        if params.pages:
            run.page("instructions", instructions(material), ("space",))
        run.show([START])
        for trial in run.trials_of(block):
            outcome = _asked(run, trial, rows, material, shown)
            while outcome is None:
                _go_back(run, trial, rows, material, shown)
                outcome = _asked(run, trial, rows, material, shown)
            _record(run, trial, outcome, shown)
    if params.pages:
        run.page("finished", material.text("finished"), ("space",))


def _go_back(
    run: Run, trial: Trial, rows: tuple[Trial, ...], material: Material, shown: Form
) -> None:
    """The item before a trial once more, and from there further back if that is wanted."""
    before = rows[rows.index(trial) - 1]
    with run.gone_back_to(before):
        outcome = _asked(run, before, rows, material, shown)
        while outcome is None:
            _go_back(run, before, rows, material, shown)
            outcome = _asked(run, before, rows, material, shown)
        _record(run, before, outcome, shown)


def _asked(
    run: Run, trial: Trial, rows: tuple[Trial, ...], material: Material, shown: Form
) -> dict[str, Any] | None:
    """One item and what was answered; None where the item before is wanted."""
    given = answers_so_far(run)
    chosen = given.get(trial.item)
    first = trial.trial == 1
    keys = answer_keys(material, shown)
    beside = also(material, shown, first=first)
    skip = skip_key(material)
    scene = above(trial, rows, {k: v - shown.minimum for k, v in given.items()}, material, shown)
    options = choice(trial, None if chosen is None else chosen - shown.minimum, material, shown)
    params: Params = material.params
    skipping = () if skip is None else ((skip, CODES.skipped),)
    if params.answer == "move":
        rating = pick(
            run,
            "item",
            options,
            keys,
            above=scene,
            code=CODES.item,
            codes=((keys[2], CODES.response),),
            also=[one for one in beside if one[0] not in keys],
            empty=params.skip,
            empty_codes=skipping,
        )
    else:
        rating = rate(
            run,
            "item",
            options,
            keys,
            above=scene,
            code=CODES.item,
            codes=(*((key, CODES.response) for key in keys), *skipping),
            mouse=params.mouse,
            also=beside,
        )
    run.show([BETWEEN])
    return (
        None
        if rating.other == back_key(material, shown) and rating.other
        else _outcome(rating, shown)
    )


def _outcome(rating: Rating, shown: Form) -> dict[str, Any]:
    response = None if rating.value is None else round(rating.value) + shown.minimum
    return {
        "response": response,
        "label": None if response is None else shown.label(response) or None,
        "rt_s": None if rating.rt_s is None else round(rating.rt_s, 6),
        "missed": response is None,
        "by": rating.by,
    }


def answers_so_far(run: Run) -> dict[int, int]:
    """The answers by item."""
    return {
        event["design"]["item"]: event["outcome"]["response"]
        for event in run.recorded
        if event["outcome"]["response"] is not None
    }


def _record(run: Run, trial: Trial, outcome: dict[str, Any], shown: Form) -> None:
    """Keep an answer; one that somebody must act upon is told to the operator first."""
    alert, response = shown.alert, outcome["response"]
    if alert is not None and trial.item == alert.item and (response or 0) > alert.above:
        run.tell_operator(
            f"SAFETY: {shown.title}: the participant {alert.text}. The answer was {response}.",
            instrument=shown.name,
            item=trial.item,
            response=response,
        )
    run.record(**outcome)


def _plain(trial: Trial, material: Material, shown: Form) -> tuple[Any, ...]:
    return choice(trial, None, material, shown).plain


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    params, text = material.params, material.text
    shown = form_of(material)
    keys = key_names(answer_keys(material, shown), material)
    how = (
        text("instructions_move", left=keys[0], right=keys[1], confirm=keys[2])
        if params.answer == "move"
        else text("instructions_figures", first=keys[0], last=keys[-1])
    )
    return text(
        "instructions",
        how=how,
        mouse=text("instructions_mouse") if params.mouse and params.answer == "figures" else "",
        skip=text("instructions_skip") if params.skip else "",
    ).strip()
