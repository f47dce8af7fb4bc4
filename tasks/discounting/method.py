"""What a choice between sooner and later shows, and how a run goes.

A cross, two offers side by side until a key (calibrated: a window after a look at them), the chosen
one in its frame. Under ``experiential`` the wait that was chosen then really passes.
docs/tasks/discounting.md gives every parameter with its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mbtexp.run import Block, Run, Shown
from mbtexp.task import Material
from mbtexp.timeline import Fixation, Keys, Phase, Rect, Stimulus, Text
from mbtexp.triggers.codes import DISCOUNTING as CODES
from tasks.discounting.design import Side, Trial
from tasks.discounting.money import NOW
from tasks.discounting.offers import Offer, Offers
from tasks.discounting.params import Params, money_of, untimed

CONTINUE = "space"
"""Key that turns a page."""

HOLD_FRAMES = 2
"""How long an answered offer stays while its frame is made ready."""

OFFSET_DEG, BOX_DEG = 5.8, (9.6, 5.6)
"""Middle of an option's box right and left of the centre, and the box's size, deg."""

PLAIN, CHOSEN = "#c0c0c0", "#ffe9a8"


def play(run: Run, material: Material) -> None:
    """Instructions, practice, the blocks with their breaks, thanks."""
    params: Params = material.params
    offers = Offers(params, run.recorded)
    if not untimed(params):
        # Where onsets are fixed there is no time to build anything once the first one has come.
        for trial in run.trials:
            run.prepare(scenes(trial, offers.offer(trial), material))
    for block in run.blocks():
        if block.first:
            _open(run, block, material)
        elif untimed(params):
            _break(run, material)
        for trial in run.trials_of(block):
            if offers.precise and not trial.practice:
                run.record(**_not_shown(params))
                continue
            run.record(**play_trial(run, trial, offers, material))
    if untimed(params):
        run.page("finished", material.text("finished"), (CONTINUE, material.keys[0]))


def play_trial(run: Run, trial: Trial, offers: Offers, material: Material) -> dict[str, Any]:
    """One choice: the offer, the answer, and what the answer brings."""
    params: Params = material.params
    offer = offers.offer(trial)
    if untimed(params):
        run.prepare(scenes(trial, offer, material))
    shown = run.show(timeline(trial, offer, material))
    answer = shown["respond" if "respond" in shown else offer_name(trial)]
    chosen = _option(answer.key, trial, material)
    total = _total(run, trial) + (_points(offer, chosen) if trial.method == "experiential" else 0)
    after = outcome_phases(trial, offer, chosen, total, material)
    if trial.method == "experiential":
        run.prepare(after)
    run.show(after)
    if chosen is not None:
        offers.answered(trial, offer, later=chosen == "later")
    return _outcome(trial, offer, answer, chosen, total, offers, params)


def _outcome(
    trial: Trial,
    offer: Offer,
    answer: Shown,
    chosen: str | None,
    total: float,
    offers: Offers,
    params: Params,
) -> dict[str, Any]:
    known = offers.posterior
    expected = {"catch_later": "later", "catch_sooner": "sooner"}.get(trial.condition)
    return {
        "shown": True,
        "sooner": offer.sooner,
        "later": offer.later,
        "sooner_days": offer.sooner_delay.days,
        "later_days": offer.delay.days,
        "later_delay": str(offer.delay),
        "currency": params.currency,
        "response": chosen,
        "position": None if chosen is None else side_of(chosen, trial),
        "correct": None if expected is None or chosen is None else chosen == expected,
        "rt_s": None if answer.rt_s is None else round(answer.rt_s, 6),
        "missed": chosen is None,
        "held": bool(answer.held),
        "points": total if trial.method == "experiential" else None,
        "ln_k": None if known is None else round(known.ln_k, 6),
        "ln_k_sd": None if known is None else round(known.ln_k_sd, 6),
    }


def _not_shown(params: Params) -> dict[str, Any]:
    """Outcome of a choice that a precise estimate made needless; it is not a missed one."""
    empty = dict.fromkeys(
        (
            *("sooner", "later", "sooner_days", "later_days", "later_delay"),
            *("response", "position", "correct"),
        )
    )
    rest = dict.fromkeys(("rt_s", "points", "ln_k", "ln_k_sd"))
    return {
        "shown": False,
        **empty,
        "currency": params.currency,
        **rest,
        "missed": False,
        "held": False,
    }


def _total(run: Run, trial: Trial) -> float:
    """Points gained before this trial; practice starts no account."""
    if trial.method != "experiential":
        return 0
    before = [e["outcome"] for e in run.recorded if e["design"]["practice"] == trial.practice]
    return float(before[-1]["points"]) if before else 0.0


def _points(offer: Offer, chosen: str | None) -> float:
    return {"sooner": offer.sooner, "later": offer.later}.get(chosen or "", 0.0)


# -- phases ----------------------------------------------------------------------------------------


def offer_name(trial: Trial) -> str:
    """Name of the phase with the offer; practice and catch trials are no regressor of choice."""
    if trial.practice:
        return "offer_practice"
    return "offer_catch" if trial.condition.startswith("catch") else "offer"


def _offer_code(trial: Trial) -> int:
    if trial.practice:
        return CODES["offer_practice"]
    if trial.condition.startswith("catch"):
        return CODES["probe"]
    if trial.method == "experiential":
        return CODES["offer_points"]
    name = {"choice": "offer"}.get(trial.condition, f"offer_{trial.condition}")
    return CODES[name]


def timeline(trial: Trial, offer: Offer, material: Material) -> list[Phase]:
    """The cross and the offer; where onsets are fixed first a look at it, then the window."""
    params: Params = material.params
    cross = Phase("fixation", (Fixation(),), params.fixation_s, code=CODES["fixation"])
    keys = _keys(trial, material)
    untimed_offer = Phase(
        offer_name(trial),
        (*scene(trial, offer, material), *_question(trial, material), *_labels(trial, material)),
        code=_offer_code(trial),
        keys=keys,
        tag=offer.tag,
    )
    if untimed(params):
        return [cross, untimed_offer]
    onset_s = trial.onset_s or 0.0
    look = replace(
        untimed_offer,
        stimuli=(*scene(trial, offer, material), Fixation()),
        duration_s=params.option_s,
        keys=None,
        at_s=onset_s,
    )
    answer = (*scene(trial, offer, material), *_labels(trial, material), _mark(params))
    respond = Phase(
        "respond",
        answer,
        params.window_s,
        code=CODES["window"],
        keys=keys,
        none_code=CODES["no_response"],
        tag=offer.tag,
    )
    hold = Phase("hold", answer, frames=HOLD_FRAMES)
    return [replace(cross, at_s=onset_s - params.fixation_s), look, respond, hold]


def outcome_phases(
    trial: Trial, offer: Offer, chosen: str | None, total: float, material: Material
) -> list[Phase]:
    """The chosen option in its frame; the wait and the points; or that no answer came in time."""
    params: Params = material.params
    if not untimed(params):
        return [_feedback(trial, offer, chosen, material), Phase("rest", (Fixation(),), frames=1)]
    feedback = _feedback(trial, offer, chosen, material)
    if trial.method != "experiential":
        return [feedback]
    wait_s = params.later_wait_s if chosen == "later" else params.sooner_wait_s
    words = f"+{_amount(_points(offer, chosen), material)}\n\n" + material.text(
        "total", amount=_amount(total, material)
    )
    wait = Text(material.text("wait"), (0.0, 4.6), params.word_deg, "deg")
    return [
        feedback,
        Phase(
            "wait",
            (*feedback.stimuli, wait),
            wait_s,
            code=CODES[f"wait_{chosen}"],
            tag=str(chosen),
        ),
        Phase(
            "points",
            (Text(words, size=params.amount_deg, units="deg"),),
            params.points_s,
            code=CODES["outcome"],
            tag=f"{_points(offer, chosen):g}",
        ),
    ]


def _feedback(trial: Trial, offer: Offer, chosen: str | None, material: Material) -> Phase:
    params: Params = material.params
    if chosen is None:
        too_slow = Text(material.text("too_slow"), size=params.word_deg, units="deg")
        return Phase("chosen", (too_slow,), params.feedback_s, tag="none")
    side = side_of(chosen, trial)
    return Phase("chosen", scene(trial, offer, material, side), params.feedback_s, tag=chosen)


def scenes(trial: Trial, offer: Offer, material: Material) -> list[Phase]:
    """Every screen of the trial that can be known before its answer."""
    options = ("sooner", "later") if untimed(material.params) else ("sooner", "later", None)
    return [
        *timeline(trial, offer, material),
        *(_feedback(trial, offer, option, material) for option in options),
    ]


# -- what is on the screen -------------------------------------------------------------------------


def scene(
    trial: Trial, offer: Offer, material: Material, chosen: Side | None = None
) -> list[Stimulus]:
    """The two options in their boxes, the chosen one framed."""
    stimuli: list[Stimulus] = []
    for option in ("sooner", "later"):
        if trial.condition.startswith("forced") and not trial.condition.endswith(option):
            continue
        side = side_of(option, trial)
        stimuli += _box(option, side, offer, material, framed=side == chosen)
    return stimuli


def _box(
    option: str, side: Side, offer: Offer, material: Material, *, framed: bool
) -> list[Stimulus]:
    params: Params = material.params
    x = _x(side)
    amount = offer.later if option == "later" else offer.sooner
    delay = offer.delay if option == "later" else offer.sooner_delay
    whole = all(value == int(value) for value in (offer.sooner, offer.later))
    money = money_of(params).text(amount, material.text, whole=whole)
    color = CHOSEN if framed else PLAIN
    width, height = BOX_DEG
    box: list[Stimulus] = [
        Rect(width, height, (x, 0.0), "deg", None, color),
        Text(money, (x, 0.7 * params.amount_deg), params.amount_deg, "deg", bold=True),
        Text(delay.text(material.text), (x, -1.1 * params.amount_deg), params.word_deg, "deg"),
    ]
    if framed:
        box.append(Rect(width + 0.5, height + 0.5, (x, 0.0), "deg", None, color))
    return box


def _x(side: Side) -> float:
    return -OFFSET_DEG if side == "left" else OFFSET_DEG


def _question(trial: Trial, material: Material) -> list[Stimulus]:
    size = material.params.word_deg
    key = "question_forced" if trial.condition.startswith("forced") else "question"
    return [Text(material.text(key), (0.0, 4.6), size, "deg", color="#e0e0e0")]


def _mark(params: Params) -> Text:
    """In place of the cross: answers count from now on."""
    return Text("?", (0.0, 0.0), params.amount_deg, "deg", bold=True)


def _labels(trial: Trial, material: Material) -> list[Stimulus]:
    """The key of each option below its box."""
    size = material.params.word_deg
    return [
        Text(key_name(key), (_x(side_of(option, trial)), -4.2), size, "deg", color="#e0e0e0")
        for option, key in _option_keys(trial, material).items()
    ]


def key_name(key: str) -> str:
    """A key as it is written on the keyboard."""
    return key.upper() if len(key) == 1 else key


def _amount(points: float, material: Material) -> str:
    return money_of(material.params).text(points, material.text)


# -- keys ------------------------------------------------------------------------------------------


def side_of(option: str, trial: Trial) -> Side:
    """Where an option stands."""
    if option == "sooner":
        return trial.side
    return "right" if trial.side == "left" else "left"


def _option_keys(trial: Trial, material: Material) -> dict[str, str]:
    """The key of each option that can be chosen."""
    by_side = dict(zip(("left", "right"), material.keys, strict=True))
    forced = trial.condition.partition("forced_")[2]
    options = (forced,) if forced else ("sooner", "later")
    return {option: by_side[side_of(option, trial)] for option in options}


def _keys(trial: Trial, material: Material) -> Keys:
    keys = _option_keys(trial, material)
    codes = tuple((key, CODES[f"response_{option}"]) for option, key in keys.items())
    return Keys(tuple(sorted(keys.values(), key=material.keys.index)), codes=codes)


def _option(key: str | None, trial: Trial, material: Material) -> str | None:
    return {key: option for option, key in _option_keys(trial, material).items()}.get(key or "")


# -- pages -----------------------------------------------------------------------------------------


def instructions(material: Material) -> str:
    """The instructions as the participant reads them."""
    return "\n\n".join(pages(material))


def pages(material: Material) -> list[str]:
    """The instructions page by page; that one choice is paid has a page of its own."""
    params, text = material.params, material.text
    left, right = (key_name(key) for key in material.keys)
    kind = "points" if params.method == "experiential" else "money"
    pace = "" if untimed(params) else text("pace_timed", window_s=params.window_s)
    play_money = kind == "money" and params.rewards == "hypothetical"
    rewards = text("rewards_hypothetical") + "\n\n" if play_money else ""
    keys = {"left": left, "right": right, "pace": pace, "rewards": rewards}
    first = text(f"instructions_{kind}", **keys).strip()
    if params.rewards == "hypothetical":
        return [first]
    transfer = replace(NOW, number=params.transfer_days).text(text)
    return [first, text("rewards_real", one_in=params.one_in, transfer=transfer)]


def _open(run: Run, block: Block, material: Material) -> None:
    params, text = material.params, material.text
    go_on: Sequence[str] = (CONTINUE, material.keys[0])
    for page in pages(material):
        run.page("instructions", page, go_on)
    if not untimed(params):
        rest = Phase("rest", (Fixation(),), frames=1)
        run.prepare([rest])
        run.start_clock(_already_s(block, params))
        run.show([rest])
        return
    key = "resumed" if block.resumed else "practice" if block.practice else "main"
    run.page("start", text(key), go_on)


def _already_s(block: Block, params: Params) -> float:
    """Where on the run's time axis a resumed block finds us, s; 0 for a new run."""
    if not block.resumed:
        return 0.0
    return (block.trials[0].onset_s or 0.0) - params.lead_in_s


def _break(run: Run, material: Material) -> None:
    done = sum(not event["design"]["practice"] for event in run.recorded)
    whole = sum(not row.practice for row in run.trials)
    key = "main" if done == 0 else "break"
    page = material.text(key, done=done, all=whole)
    run.page("start" if done == 0 else "break", page, (CONTINUE, material.keys[0]))
