"""Which old and new words are asked for, for whom, in which order.

Old words are drawn evenly from where they were shown (state, SOA). Each takes the new word of its
class that is nearest in length and frequency, so that both kinds are alike in every class.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from mbtexp.design import assigned, jitter, longest_run, shuffled
from mbtexp.errors import DataError, SettingError, StimulusError
from mbtexp.session import Session
from mbtexp.stimuli import Item, StimulusSet
from mbtexp.task import Material
from tasks.recognition.params import CLASSES, Params
from tasks.recognition.studied import Studied, practised, source_of, studied

if TYPE_CHECKING:
    import numpy as np

FEWEST = 4
"""Old words a class below which a run says nothing."""

LETTERS_SD, ZIPF_SD = 1.8, 0.7
"""Spread of the words' length and Zipf frequency, which makes the two distances comparable."""

PRACTICE = 4
"""Words for practice."""

TRIES = 200

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Trial:
    """One word and where it comes from."""

    trial: int
    block: int
    practice: bool
    stim_id: str
    """The word."""
    condition: str
    """Class of the word."""
    old: bool
    old_side: Side
    """The key that says old."""
    word_len: int
    word_zipf: float | None
    matched_to: str | None
    """Of a new word: the old one whose partner it is."""
    source: str | None
    """Of an old word: log or planned."""
    study_id: str | None
    study_condition: str | None
    study_soa_s: float | None
    study_trial: int | None
    study_run: int | None
    study_times: int | None
    state: str | None
    """State in which an old word was shown, as the session's protocol has it."""
    fixation_s: float
    iti_s: float


def set_of(material: Material) -> StimulusSet:
    """The set of new words; refuses a task without one."""
    if material.stimuli is None:
        raise SettingError(
            "recognition needs a set of new words; name one with --set stimuli=NAME."
        )
    return material.stimuli


def old_side(session: Session, params: Params) -> Side:
    """The key that says old; it changes with each participant, and turns after four of them.

    The priming task has a list for each of four participants; so each list meets both mappings.
    """
    if params.mapping != "counterbalanced":
        return "left" if params.mapping == "old_left" else "right"
    sides: tuple[Side, ...] = ("left", "right")
    return assigned(session.number + (session.number - 1) // 4, sides)


def design(session: Session, material: Material) -> list[Trial]:
    """Practice, then old and new words of each class in equal numbers."""
    params: Params = material.params
    seen = studied(session, material, set_of(material))
    chosen = {name: _old(session, params, seen, name) for name in CLASSES}
    pools = {name: _new(material, seen, name) for name in CLASSES}
    n = min(params.items, *(min(len(chosen[c]), len(pools[c])) for c in CLASSES))
    if n < FEWEST:
        raise DataError(
            f"{n} old and new words a class are left, and {FEWEST} are the least; "
            "run the whole of 'polysemy' first, or take words off the participant's list."
        )
    rows: list[tuple[Trial, Trial]] = []
    for name in CLASSES:
        old = chosen[name][:n]
        partners = _partners(session, old, pools[name])
        rows += [
            (_old_row(material, word), _new_row(partner, word))
            for word, partner in zip(old, partners, strict=True)
        ]
    main = _ordered(session, params, rows, n)
    practice = _practice(session, material) if params.practice else []
    return _numbered(session, params, practice, main)


# -- which words ----------------------------------------------------------------------------------


def _old(session: Session, params: Params, seen: Sequence[Studied], name: str) -> list[Studied]:
    """The old words of a class, by turns from each state and SOA, the seldom shown ones first."""
    rng = session.rng(f"old-{name}")
    of = shuffled(rng, (row for row in seen if row.word_class == name))
    groups: dict[Hashable, list[Studied]] = {}
    for row in sorted(of, key=lambda row: row.times):
        groups.setdefault((row.state, row.soa_s), []).append(row)
    turns = [groups[key] for key in sorted(groups, key=str)]
    longest = max((len(group) for group in turns), default=0)
    dealt = [group[k] for k in range(longest) for group in turns if k < len(group)]
    return dealt[: params.items]


def _new(material: Material, seen: Sequence[Studied], name: str) -> list[Item]:
    """The new words of a class that may be shown; never one that was a target."""
    old = {row.word.casefold() for row in seen}
    return [
        item
        for item in set_of(material).items
        if item.attributes.get("kind") == "foil"
        and item.attributes.get("class") == name
        and not {_word(item).casefold(), item.id.casefold()} & material.excluded
        and _word(item).casefold() not in old
    ]


def _word(item: Item) -> str:
    return str(item.attributes["word"])


def _partners(session: Session, old: Sequence[Studied], pool: Sequence[Item]) -> list[Item]:
    """For each old word the nearest new one that is still free; the oddest words choose first."""
    left = shuffled(session.rng("new"), pool)
    by_need = sorted(
        range(len(old)), key=lambda k: min(_distance(old[k], item) for item in left), reverse=True
    )
    partners: dict[int, Item] = {}
    for k in by_need:
        nearest = min(left, key=lambda item: _distance(old[k], item))
        partners[k] = nearest
        left.remove(nearest)
    return [partners[k] for k in range(len(old))]


def _distance(old: Studied, item: Item) -> float:
    letters = (old.length - len(_word(item))) / LETTERS_SD
    zipf = 0.0 if old.zipf is None else (old.zipf - float(item.attributes["zipf"])) / ZIPF_SD
    return float(letters**2 + zipf**2)


def _practice(session: Session, material: Material) -> list[Trial]:
    """Two words of the priming task's practice, as far as it had one, among new ones to four."""
    stimuli, rng = set_of(material), session.rng("practice")
    rows = [item for item in stimuli.items if item.attributes.get("kind") == "practice"]
    if not rows:
        raise StimulusError(
            f"stimulus set '{stimuli.name}' has no words for practice; add some, or leave it out "
            "with --set practice=no."
        )
    kept = [item for item in rows if _word(item).casefold() not in material.excluded]
    old = shuffled(rng, practised(session, material))[: PRACTICE // 2]
    new = [_new_row(item, None) for item in shuffled(rng, kept)[: PRACTICE - len(old)]]
    shown = [_practice_row(word, source_of(material)) for word in old]
    return [replace(row, practice=True) for row in shuffled(rng, [*shown, *new])]


def _practice_row(word: str, source: str) -> Trial:
    known = {
        "stim_id": word,
        "condition": "neutral",
        "old": True,
        "word_len": len(word),
        "word_zipf": None,
        "source": source,
    }
    return Trial(**{**_EMPTY, **known})


# -- rows and their order -------------------------------------------------------------------------

_EMPTY: dict[str, Any] = {
    "trial": 0,
    "block": 0,
    "practice": False,
    "old_side": "left",
    "matched_to": None,
    "source": None,
    "study_id": None,
    "study_condition": None,
    "study_soa_s": None,
    "study_trial": None,
    "study_run": None,
    "study_times": None,
    "state": None,
    "fixation_s": 0.0,
    "iti_s": 0.0,
}


def _old_row(material: Material, word: Studied) -> Trial:
    known = {
        "stim_id": word.word,
        "condition": word.word_class,
        "old": True,
        "word_len": word.length,
        "word_zipf": word.zipf,
        "source": source_of(material),
        "study_id": word.stim_id,
        "study_condition": word.condition,
        "study_soa_s": word.soa_s,
        "study_trial": word.trial,
        "study_run": word.run,
        "study_times": word.times,
        "state": word.state,
    }
    return Trial(**{**_EMPTY, **known})


def _new_row(item: Item, partner: Studied | None) -> Trial:
    known = {
        "stim_id": _word(item),
        "condition": str(item.attributes["class"]),
        "old": False,
        "word_len": len(_word(item)),
        "word_zipf": float(item.attributes["zipf"]),
        "matched_to": None if partner is None else partner.word,
    }
    return Trial(**{**_EMPTY, **known})


def _ordered(
    session: Session, params: Params, rows: Sequence[tuple[Trial, Trial]], n: int
) -> list[Trial]:
    """Sixes of one old and one new word of each class, so that all classes come all the time."""
    rng = session.rng("order")
    cells = {
        (name, old): shuffled(rng, (r[0 if old else 1] for r in rows if r[0].condition == name))
        for name in CLASSES
        for old in (True, False)
    }
    order: list[Trial] = []
    for k in range(n):
        order = _continued(rng, order, [cell[k] for cell in cells.values()], params.max_run)
    return order


def _continued(
    rng: np.random.Generator, order: list[Trial], six: Sequence[Trial], max_run: int
) -> list[Trial]:
    for _ in range(TRIES):
        longer = [*order, *shuffled(rng, six)]
        if longest_run([row.old for row in longer[-len(six) - max_run :]]) <= max_run:
            return longer
    raise SettingError(  # pragma: no cover  three of a kind in six always fit in runs of three
        f"no order of old and new words has at most {max_run} in a row; allow longer runs."
    )


def _numbered(
    session: Session, params: Params, practice: Sequence[Trial], main: Sequence[Trial]
) -> list[Trial]:
    """Numbers, blocks, the side of the keys and the jitter of the pauses."""
    n, side = len(practice) + len(main), old_side(session, params)
    per_block = -(-len(main) // (params.breaks + 1))
    fixations = _waits(session, "fixation", n, params.fixation_low_s, params.fixation_high_s)
    pauses = _waits(session, "iti", n, params.iti_low_s, params.iti_high_s)
    blocks = [0] * len(practice) + [1 + k // per_block for k in range(len(main))]
    return [
        replace(
            row,
            trial=k + 1,
            block=blocks[k],
            old_side=side,
            fixation_s=fixations[k],
            iti_s=pauses[k],
        )
        for k, row in enumerate([*practice, *main])
    ]


def _waits(session: Session, stream: str, n: int, low_s: float, high_s: float) -> list[float]:
    if low_s > high_s:
        raise SettingError(
            f"{stream}_low_s is {low_s:g}; it must not be longer than {stream}_high_s, "
            f"which is {high_s:g}."
        )
    values = jitter(session.rng(stream), n, low_s=low_s, high_s=high_s, step_s=0.1)
    return [round(value, 3) for value in values]
