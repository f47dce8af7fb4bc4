"""Which pictures, in which order, with which words where: the Eyes test's settings and design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.design import assigned, jitter, shuffled
from mbtexp.errors import SettingError, StimulusError
from mbtexp.session import Session
from mbtexp.stimuli import Item, StimulusSet
from mbtexp.strict import setting
from mbtexp.task import Material

Condition = Literal["mental", "sex", "age"]

POSITIONS = ("tl", "tr", "bl", "br")
"""Places of the words: top left, top right, bottom left, bottom right."""

ITI_STEP_S = 0.1

SHORTEST_REST_S = 0.1
"""Between a response window and the next cross: the code that closes the window must be over."""


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set; sources in docs/tasks/eyes.md."""

    stimuli: str = setting("eyes_pilot", doc="stimulus set")
    order: Literal["fixed", "random"] = setting("fixed", doc="order of the pictures")
    positions: Literal["fixed", "random"] = setting("fixed", doc="places of the four words")
    form: Literal["all", "A", "B", "counterbalanced"] = setting(
        "all", doc="which half of the items; counterbalanced: by participant and session"
    )
    control: Literal["none", "sex", "age"] = setting(
        "none", doc="control judgement of the same eyes, in alternating blocks"
    )
    fixation_s: float = setting(0.5, doc="cross before a picture, s", low=0.1, high=10)
    window_s: float | None = setting(
        None, doc="longest time for an answer, s; none: untimed", low=0.5, high=60
    )
    iti_low_s: float = setting(
        2.0, doc="shortest pause after a window (timed only), s", low=0.5, high=30
    )
    iti_high_s: float = setting(
        4.0, doc="longest pause after a window (timed only), s", low=0.5, high=30
    )
    lead_in_s: float = setting(
        8.0, doc="cross before the first picture (timed only), s", low=2, high=60
    )
    cue_s: float = setting(2.0, doc="question before a block (timed only), s", low=0.5, high=10)
    block_trials: int = setting(
        4, doc="pictures a block where judgements alternate", low=1, high=36
    )
    break_every: int = setting(
        12, doc="pictures between breaks (untimed); 0: no break", low=0, high=100
    )
    practice: bool = setting(True, doc="begin with the practice item")
    glossary: bool = setting(True, doc="words can be looked up on a key")
    correction: bool = setting(False, doc="a choice can be changed before it is confirmed")
    items: int = setting(0, doc="show only the first items of the order; 0: all", low=0, high=200)
    picture_deg: float = setting(11.0, doc="width of the picture, deg", low=2, high=40)
    word_deg: float = setting(0.7, doc="height of a line of words, deg", low=0.2, high=3)


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "standard": {},
    "randomised": {"order": "random", "positions": "random"},
    "scanner": {
        "order": "random",
        "positions": "random",
        "control": "sex",
        "window_s": 8.0,
        "practice": False,
        "glossary": False,
    },
    "split": {"order": "random", "positions": "random", "form": "counterbalanced"},
}


def untimed(params: Params) -> bool:
    """Whether the participant takes as long as it takes."""
    return params.window_s is None


def has_glossary(params: Params) -> bool:
    """Words can be looked up only where looking up costs no answer time."""
    return params.glossary and untimed(params)


@dataclass(frozen=True)
class Trial:
    """One picture under one judgement, with its words where they stand on the screen."""

    trial: int
    block: int
    practice: bool
    stim_id: str
    item: int
    condition: Condition
    word_tl: str
    word_tr: str
    word_bl: str | None
    word_br: str | None
    target: str
    sex: str | None
    valence: float | None
    difficulty: float | None
    form: str | None
    onset_s: float | None
    """Onset of the picture after the run's time zero (timed presets), s."""

    @property
    def words(self) -> dict[str, str]:
        """The words by their position."""
        placed = zip(
            POSITIONS, (self.word_tl, self.word_tr, self.word_bl, self.word_br), strict=True
        )
        return {position: word for position, word in placed if word is not None}


def design(session: Session, material: Material) -> list[Trial]:
    """The items of the asked-for form, once per judgement, in the asked-for order."""
    params: Params = material.params
    stimuli = set_of(material)
    chosen = _chosen_items(session, params, stimuli)
    blocks = (
        [(1, "mental", chosen)]
        if params.control == "none"
        else _alternating(session, params, chosen)
    )
    practice = [item for item in stimuli.items if item.practice][:1] if params.practice else []
    plan = [(0, "mental", item) for item in practice]
    if params.control == "none":
        size = params.break_every or len(chosen)
        plan += [(1 + i // size, "mental", item) for i, item in enumerate(chosen)]
    else:
        plan += [(block, condition, item) for block, condition, items in blocks for item in items]
    onsets = _onsets(session, params, [block for block, _, _ in plan])
    rng = session.rng("positions")
    forms = halves(stimuli)
    return [
        _trial(number, block, condition, item, onset, forms.get(item.id), material, rng)
        for number, ((block, condition, item), onset) in enumerate(
            zip(plan, onsets, strict=True), 1
        )
    ]


def _chosen_items(session: Session, params: Params, stimuli: StimulusSet) -> list[Item]:
    items = [item for item in stimuli.items if not item.practice]
    if params.form != "all":
        form = params.form if params.form in ("A", "B") else form_of(session)
        forms = halves(stimuli)
        items = [item for item in items if forms[item.id] == form]
    if params.order == "random":
        items = shuffled(session.rng("order"), items)
    return items[: params.items] if params.items else items


def form_of(session: Session) -> str:
    """Half form of a visit: participants take turns in which half comes first."""
    digits = "".join(c for c in session.session if c.isdigit())
    if not digits:
        raise SettingError(
            f"--session {session.session!r}: form=counterbalanced gives visits the two halves in "
            "turn and needs their number; call them 01 and 02, or set form=A and form=B."
        )
    visit = int(digits)
    return assigned(session.number + visit - 1, ("A", "B"))


def halves(stimuli: StimulusSet) -> dict[str, str]:
    """Form A or B of every item: the set's own, else matched on sex, valence and difficulty.

    Within each sex the items are ranked by valence, then difficulty, and dealt A B B A, so that
    the halves' means stay close.
    """
    items = [item for item in stimuli.items if not item.practice]
    if all("form" in item.attributes for item in items):
        return {item.id: str(item.attributes["form"]) for item in items}
    ranked = sorted(
        items,
        key=lambda item: (
            str(sex_of(item)),
            _norm(item, "valence") or 0.0,
            _norm(item, "difficulty") or 0.0,
            item.id,
        ),
    )
    return {item.id: "ABBA"[rank % 4] for rank, item in enumerate(ranked)}


def sex_of(item: Item) -> str | None:
    """``f`` or ``m`` as the set has it; None where it does not say."""
    sex = str(item.attributes.get("sex") or "").lower()[:1]
    return sex if sex in ("f", "m") else None


def _norm(item: Item, name: str) -> float | None:
    value = item.attributes.get(name)
    return None if value is None else float(value)


def _alternating(
    session: Session, params: Params, items: Sequence[Item]
) -> list[tuple[int, Condition, list[Item]]]:
    """Blocks of the two judgements in turn; every picture is seen once under each of them.

    Which judgement a picture meets first is drawn, half of the pictures each way; which judgement
    opens the run alternates over participants.
    """
    control: Condition = "sex" if params.control == "sex" else "age"
    drawn = shuffled(session.rng("judgement"), items)
    half = len(drawn) // 2
    first = {"mental": drawn[:half], control: drawn[half:]}
    second = {"mental": drawn[half:], control: drawn[:half]}
    rng = session.rng("order")
    queue = {
        judgement: shuffled(rng, first[judgement]) + shuffled(rng, second[judgement])
        for judgement in ("mental", control)
    }
    pair = assigned(session.number, [("mental", control), (control, "mental")])
    size = params.block_trials
    blocks: list[tuple[int, Condition, list[Item]]] = []
    while any(queue.values()):
        for judgement in pair:
            taken, queue[judgement] = queue[judgement][:size], queue[judgement][size:]
            if taken:
                blocks.append((len(blocks) + 1, judgement, taken))
    return blocks


def _onsets(session: Session, params: Params, blocks: Sequence[int]) -> list[float | None]:
    """Absolute onsets of the pictures: nothing that happens in a trial can shift the next one."""
    if params.window_s is None:
        return [None] * len(blocks)
    low_s, high_s = params.fixation_s + SHORTEST_REST_S, params.iti_high_s
    if not low_s <= params.iti_low_s <= high_s:
        raise SettingError(
            f"iti_low_s is {params.iti_low_s:g}; it must be at least {low_s:g} (fixation_s and "
            f"{SHORTEST_REST_S:g} s before it) and at most iti_high_s, which is {high_s:g}."
        )
    pauses = jitter(
        session.rng("iti"),
        len(blocks),
        low_s=params.iti_low_s,
        high_s=params.iti_high_s,
        step_s=ITI_STEP_S,
    )
    onsets: list[float | None] = []
    window_s, t = params.window_s, params.lead_in_s
    for number, pause in enumerate(pauses):
        if number == 0 or blocks[number] != blocks[number - 1]:
            t += params.cue_s + params.fixation_s
        onsets.append(round(t, 6))
        t += window_s + pause
    return onsets


def _trial(
    number: int,
    block: int,
    condition: str,
    item: Item,
    onset_s: float | None,
    form: str | None,
    material: Material,
    rng: Any,
) -> Trial:
    params: Params = material.params
    words, target = _words(item, condition, material)
    if params.positions == "random":
        words = shuffled(rng, words)
    padded = [*words, None, None][:4]
    return Trial(
        trial=number,
        block=block,
        practice=item.practice,
        stim_id=item.id,
        item=set_of(material).items.index(item),
        condition=condition,  # type: ignore[arg-type]
        word_tl=words[0],
        word_tr=words[1],
        word_bl=padded[2],
        word_br=padded[3],
        target=target,
        sex=sex_of(item),
        valence=_norm(item, "valence"),
        difficulty=_norm(item, "difficulty"),
        form=form,
        onset_s=onset_s,
    )


def _words(item: Item, condition: str, material: Material) -> tuple[list[str], str]:
    """The options of a judgement and the one that counts as correct."""
    text = material.text
    if condition == "mental":
        words = list(set_of(material).words(item, text.language))
        if item.key is None or len(words) != 4:
            raise StimulusError(f"item {item.id}: it needs four words and a key.")
        return words, words[item.key]
    value = sex_of(item) if condition == "sex" else str(item.attributes.get("age", ""))
    options = ("f", "m") if condition == "sex" else ("young", "old")
    if value not in options:
        raise StimulusError(
            f"item {item.id}: the set does not tell the {condition}, so it cannot be judged; "
            "choose another control."
        )
    return [text(f"{condition}_{option}") for option in options], text(f"{condition}_{value}")


def set_of(material: Material) -> StimulusSet:
    """The stimulus set; refuses a task without one."""
    if material.stimuli is None:
        raise SettingError("the Eyes task needs a stimulus set; name one with --set stimuli=NAME.")
    return material.stimuli
