"""Which face is judged for what, and when: the trust task's settings and design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mbtexp.design import assigned, constrained, jitter, shuffled
from mbtexp.errors import SettingError, StimulusError
from mbtexp.session import Session
from mbtexp.stimuli import Item
from mbtexp.strict import setting
from mbtexp.task import Material
from tasks.trust.faces import (
    form_of,
    halves,
    levels,
    norm_of,
    of_role,
    set_of,
    sex_of,
    spread,
)

Judgement = Literal["trust", "age"]

JITTER_STEP_S = 0.1
NULL_STEP_S = 0.5
SHORTEST_REST_S = 0.3
"""Between a response window and the next onset: its code must be over, and the trial recorded."""

BEFORE_CUE_S = 0.5
"""From the end of a block's question to its first face."""


@dataclass(frozen=True)
class Params:
    """Everything about the task that can be set; sources in docs/tasks/trust.md."""

    stimuli: str = setting("trust_pilot", doc="stimulus set")
    pool: Literal["faces", "continua"] = setting("faces", doc="faces, or seven-step continua")
    answer: Literal["scale", "binary"] = setting("scale", doc="1 to 7 after the face, or two keys")
    judgements: Literal["both", "trust", "age"] = setting("both", doc="what faces are judged for")
    arrangement: Literal["halves", "alternating"] = setting(
        "halves", doc="one judgement after the other, or blocks in turn"
    )
    faces: int = setting(0, doc="number of faces; 0: all", low=0, high=1000)
    form: Literal["all", "A", "B", "counterbalanced"] = setting(
        "all", doc="which half of the faces; counterbalanced: by participant and session"
    )
    repeats: float = setting(0.2, doc="share of the faces shown twice a judgement", low=0, high=0.5)
    repeat_after: int = setting(30, doc="least trials before a repeat", low=1, high=500)
    mini_block: int = setting(10, doc="trials within which sex is balanced", low=2, high=50)
    block_trials: int = setting(30, doc="least trials between breaks", low=2, high=500)
    morph_repeats: int = setting(
        5, doc="times each picture of a continuum is shown", low=1, high=50
    )
    fixation_low_s: float = setting(0.5, doc="shortest cross before a face, s", low=0.2, high=10)
    fixation_high_s: float = setting(0.8, doc="longest cross before a face, s", low=0.2, high=10)
    face_s: float | None = setting(
        1.0, doc="face, s; none: until the answer (two keys only)", low=0.01, high=30
    )
    mask_s: float | None = setting(None, doc="scrambled mask after the face, s", low=0.01, high=5)
    window_s: float | None = setting(
        4.0, doc="longest time for an answer, s; none: untimed", low=0.5, high=60
    )
    quick: bool = setting(False, doc="instructions ask for speed")
    iti_low_s: float = setting(0.5, doc="shortest blank after an answer, s", low=0.2, high=10)
    iti_high_s: float = setting(1.0, doc="longest blank after an answer, s", low=0.2, high=10)
    soa_s: float | None = setting(
        None, doc="from face to face, s (fixed onsets); none: paced by answers", low=1, high=30
    )
    null_share: float = setting(0.33, doc="null events per face (fixed onsets)", low=0, high=1)
    null_low_s: float = setting(3.0, doc="shortest null event, s", low=0.5, high=30)
    null_high_s: float = setting(9.0, doc="longest null event, s", low=0.5, high=30)
    lead_in_s: float = setting(8.0, doc="cross before the first question, s", low=1, high=60)
    cue_s: float = setting(2.0, doc="question before a block (fixed onsets), s", low=0.5, high=10)
    practice: bool = setting(True, doc="begin with the set's practice faces")
    picture_deg: float = setting(10.0, doc="width of a face's picture, deg", low=1, high=40)
    text_deg: float = setting(0.7, doc="height of a line of text, deg", low=0.2, high=3)


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "rating": {},
    "speeded": {"face_s": 0.5, "window_s": 2.0, "quick": True},
    "brief": {"face_s": 0.1, "mask_s": 0.25},
    "binary": {
        "answer": "binary",
        "arrangement": "alternating",
        "faces": 60,
        "repeats": 0.0,
        "block_trials": 20,
        "window_s": 2.5,
        "soa_s": 3.0,
        "practice": False,
    },
    "morph": {
        "answer": "binary",
        "pool": "continua",
        "judgements": "trust",
        "repeats": 0.0,
        "face_s": None,
        "window_s": None,
    },
}

POINTS = 7


@dataclass(frozen=True)
class Trial:
    """One face under one judgement."""

    trial: int
    block: int
    practice: bool
    stim_id: str
    judgement: Judgement
    trust: float | None
    """The set's norm (or design value) on the scale from 1 to 7."""
    age: float | None
    sex: str | None
    level: str | None
    """Third of the norms within the sex: low, middle, high; None without norms."""
    identity: str | None
    morph_step: int | None
    repeat: bool
    form: str | None
    reversed: bool
    """Whether the scale's or the keys' high end is on the left."""
    mask: str | None
    fixation_s: float
    iti_s: float
    onset_s: float | None
    """Onset of the face after the run's time zero (fixed onsets), s."""


def keys(params: Params) -> tuple[str, ...]:
    """The participant's keys: one for each point of the scale, or two."""
    return tuple(str(n + 1) for n in range(POINTS)) if params.answer == "scale" else ("f", "j")


def design(session: Session, material: Material) -> list[Trial]:
    """Every face once a judgement (repeats beside), sex balanced in mini-blocks."""
    params: Params = material.params
    _refuse_impossible(params)
    order, turned = assigned(
        session.number,
        [(order, turned) for turned in (False, True) for order in _orders(params)],
    )
    blocks = _blocks(session, material, order)
    plan = [(number, judgement, shown) for number, (judgement, row) in blocks for shown in row]
    onsets = _onsets(session, params, [number for number, _, _ in plan])
    fixations = _waits(
        session, "fixation", len(plan), params.fixation_low_s, params.fixation_high_s
    )
    itis = _waits(session, "iti", len(plan), params.iti_low_s, params.iti_high_s)
    stimuli = set_of(material)
    known = of_role(stimuli, "face")
    level, form = levels(known), halves(known)
    masks = _masks(session, material, len(plan))
    return [
        Trial(
            trial=k + 1,
            block=number,
            practice=number == 0,
            stim_id=item.id,
            judgement=judgement,
            trust=norm_of(item, "trust"),
            age=norm_of(item, "age"),
            sex=sex_of(item),
            level=level.get(item.id) or None,
            identity=None
            if "identity" not in item.attributes
            else str(item.attributes["identity"]),
            morph_step=item.attributes.get("morph_step"),
            repeat=repeat,
            form=form.get(item.id),
            reversed=turned,
            mask=masks[k],
            fixation_s=fixations[k],
            iti_s=itis[k],
            onset_s=onsets[k],
        )
        for k, (number, judgement, (item, repeat)) in enumerate(plan)
    ]


_Shown = tuple[Item, bool]
"""A face, and whether it is its second time under this judgement."""


def _orders(params: Params) -> list[tuple[Judgement, ...]]:
    if params.judgements == "both":
        return [("trust", "age"), ("age", "trust")]
    return [("trust",) if params.judgements == "trust" else ("age",)]


def _refuse_impossible(params: Params) -> None:
    if params.answer == "scale" and params.face_s is None:
        raise SettingError(
            "face_s is left out, but a scale comes after the face; give face_s seconds."
        )
    if params.face_s is None and params.mask_s is not None:
        raise SettingError("mask_s needs face_s: a mask follows a face of a fixed duration.")
    if params.soa_s is None:
        return
    if params.answer != "binary" or params.face_s is None or params.window_s is None:
        raise SettingError(
            "soa_s fixes the onsets, which needs answer=binary and both face_s and window_s; "
            "set them or leave soa_s out."
        )
    shown_s = params.face_s + (params.mask_s or 0.0)
    if not shown_s < params.window_s <= params.soa_s - SHORTEST_REST_S:
        raise SettingError(
            f"window_s is {params.window_s:g}; it must be longer than what is shown "
            f"({shown_s:g} s) and at least {SHORTEST_REST_S:g} s shorter than soa_s, "
            f"which is {params.soa_s:g}."
        )


def _blocks(
    session: Session, material: Material, order: Sequence[Judgement]
) -> list[tuple[int, tuple[Judgement, list[_Shown]]]]:
    """The blocks with their numbers; practice, if any, is block 0."""
    params: Params = material.params
    queues = {judgement: _queue(session, material, judgement) for judgement in order}
    blocks: list[tuple[Judgement, list[_Shown]]] = []
    if params.arrangement == "halves":
        blocks = [(judgement, row) for judgement in order for row in queues[judgement]]
    else:
        for turn in range(max(map(len, queues.values()))):
            blocks += [(j, queues[j][turn]) for j in order if turn < len(queues[j])]
    numbered = list(enumerate(blocks, start=1))
    practice = of_role(set_of(material), "practice") if params.practice else []
    if practice:
        numbered.insert(0, (0, (order[0], [(item, False) for item in practice])))
    return numbered


def _queue(session: Session, material: Material, judgement: Judgement) -> list[list[_Shown]]:
    """The blocks of one judgement, each at least ``block_trials`` long where there are as many."""
    params: Params = material.params
    rng = session.rng(f"order-{judgement}")
    if params.pool == "continua":
        return _rounds(rng, material)
    minis = _mini_blocks(rng, params, _chosen(session, material))
    blocks: list[list[_Shown]] = []
    for mini in minis:
        if blocks and len(blocks[-1]) < params.block_trials:
            blocks[-1] += mini
        else:
            blocks.append(list(mini))
    return blocks


def _chosen(session: Session, material: Material) -> list[Item]:
    params: Params = material.params
    stimuli = set_of(material)
    items = of_role(stimuli, "face")
    if not items:
        raise StimulusError(f"stimulus set '{stimuli.name}' has no faces; choose another set.")
    if params.form != "all":
        form = params.form if params.form != "counterbalanced" else form_of(session)
        half = halves(items)
        items = [item for item in items if half[item.id] == form]
    return spread(items, params.faces) if params.faces else items


def _mini_blocks(rng: Any, params: Params, items: Sequence[Item]) -> list[list[_Shown]]:
    """Mini-blocks with equal numbers of women and men, repeats far enough from the first time."""
    count = max(1, -(-len(items) // params.mini_block))
    minis: list[list[_Shown]] = [[] for _ in range(count)]
    for sex in ("f", "m", None):
        drawn = shuffled(rng, [item for item in items if sex_of(item) == sex])
        for place, item in enumerate(drawn):
            minis[place % count].append((item, False))
    for place, item in _repeats(rng, params, minis, len(items)):
        minis[place].append((item, True))
    return [shuffled(rng, mini) for mini in minis]


def _repeats(
    rng: Any, params: Params, minis: Sequence[Sequence[_Shown]], n_items: int
) -> list[tuple[int, Item]]:
    """Which faces come again, and in which mini-block: the first after ``repeat_after`` trials.

    They are taken in pairs of a woman and a man, so that every mini-block stays balanced.
    """
    wanted = round(params.repeats * n_items / 2)
    if wanted == 0:
        return []
    smallest = min(map(len, minis))
    gap = 1 + -(-params.repeat_after // smallest)
    early = range(len(minis) - gap)
    pools = [
        {s: shuffled(rng, [i for i, _ in minis[k] if sex_of(i) == s]) for s in ("f", "m")}
        for k in early
    ]
    found: list[tuple[int, Item]] = []
    while len(found) < 2 * wanted:
        ready = [k for k in early if all(pools[k].values())]
        if not ready:
            raise SettingError(
                f"repeats={params.repeats:g}: with {n_items} faces there are not enough of them "
                f"that can come again after {params.repeat_after} others; set repeats=0 or a "
                "smaller repeat_after."
            )
        for k in ready[: wanted - len(found) // 2]:
            found += [(k + gap, pools[k][sex].pop()) for sex in ("f", "m")]
    return found


def _rounds(rng: Any, material: Material) -> list[list[_Shown]]:
    """Every picture of the continua once a round, no person twice in a row."""
    params: Params = material.params
    pictures = of_role(set_of(material), "morph")
    if not pictures:
        raise StimulusError(
            f"stimulus set '{set_of(material).name}' has no continua; choose another set or preset."
        )
    rows: list[list[_Shown]] = []
    for _ in range(params.morph_repeats):
        drawn = constrained(rng, pictures, lambda item: item.attributes.get("identity"), max_run=1)
        rows.append([(item, bool(rows)) for item in drawn])
    return rows


def _waits(session: Session, stream: str, n: int, low_s: float, high_s: float) -> list[float]:
    if low_s > high_s:
        raise SettingError(
            f"{stream}_low_s is {low_s:g}; it must not be longer than {stream}_high_s, "
            f"which is {high_s:g}."
        )
    waits = jitter(session.rng(stream), n, low_s=low_s, high_s=high_s, step_s=JITTER_STEP_S)
    return [round(wait, 6) for wait in waits]


def _onsets(session: Session, params: Params, blocks: Sequence[int]) -> list[float | None]:
    """Absolute onsets of the faces, a null event after some; a null event is a longer cross."""
    if params.soa_s is None:
        return [None] * len(blocks)
    n_nulls = round(params.null_share * len(blocks))
    nulls = jitter(
        session.rng("nulls"),
        n_nulls,
        low_s=params.null_low_s,
        high_s=params.null_high_s,
        step_s=NULL_STEP_S,
    )
    padded = [0.0] * (len(blocks) - n_nulls)
    extra = shuffled(session.rng("null-places"), [*nulls, *padded])
    onsets: list[float | None] = []
    t = params.lead_in_s
    for number, null_s in enumerate(extra):
        if number == 0 or blocks[number] != blocks[number - 1]:
            t += params.cue_s + BEFORE_CUE_S
        onsets.append(round(t, 6))
        t += params.soa_s + null_s
    return onsets


def _masks(session: Session, material: Material, n: int) -> list[str | None]:
    """A mask for every trial, in turn from a random start; None where the preset has none."""
    params: Params = material.params
    if params.mask_s is None:
        return [None] * n
    masks = [item.id for item in of_role(set_of(material), "mask")]
    if not masks:
        raise StimulusError(
            f"stimulus set '{set_of(material).name}' has no masks; choose another set, or leave "
            "mask_s out."
        )
    start = int(session.rng("mask").random() * len(masks))
    return [masks[(start + k) % len(masks)] for k in range(n)]
