"""Whose picture comes when, with which dot, and which ratings lie between and after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from mbtexp.design import assigned, constrained, crossed, shuffled, williams_square
from mbtexp.errors import StimulusError
from mbtexp.session import Session
from mbtexp.stimuli import Item
from mbtexp.task import Material
from tasks.attachment.dots import dot_times, dotted_row, with_dots
from tasks.attachment.params import Params
from tasks.attachment.ratings import after, moods, with_moods
from tasks.attachment.trials import Trial, pictures_of, row_of, set_of

MAX_RUN = 3
"""Most pictures of one condition in a row (events)."""

COUNT_FROM = (1000, 9999)


def design(session: Session, material: Material) -> list[Trial]:
    """Practice, the blocks with their sliders, and the ratings after them, in one numbered list."""
    params: Params = material.params
    blocks = _PROCEDURES[params.procedure](session, material)
    rated = after(session, material, blocks)
    practice = _practice(session, material) if params.practice else []
    rows = [replace(row, block=0, practice=True) for row in practice]
    watched = params.procedure != "ratings"
    whole = [*with_moods(blocks, params), *rated] if watched else [*rated, moods(params)]
    for number, block in enumerate(whole, start=1):
        rows += [replace(row, block=number) for row in block]
    numbered = [replace(row, trial=number) for number, row in enumerate(rows, start=1)]
    return _scheduled(numbered, params) if params.fixed else numbered


# -- the pictures of a condition ------------------------------------------------------------------


class _Deck:
    """Deals the pictures of each cell: all of them in random order before one comes again."""

    def __init__(self, session: Session, material: Material) -> None:
        self._rng = session.rng("pictures")
        self._material = material
        self._left: dict[str, list[Item]] = {}
        self._shown: dict[str, int] = {}
        self._last: dict[str, str] = {}

    def deal(self, condition: str, expression: str | None = None) -> Trial:
        """A row with the next picture of a cell."""
        cell = condition if expression is None else f"{condition}_{expression}"
        if not self._left.get(cell):
            self._left[cell] = self._fresh(cell, condition, expression)
        item = self._left[cell].pop()
        self._last[cell] = item.id
        self._shown[item.id] = self._shown.get(item.id, 0) + 1
        said = item.attributes
        return row_of(
            "picture",
            condition,
            cell=cell,
            expression=said.get("expression"),
            stim_id=item.id,
            person=said.get("person"),
            shown=self._shown[item.id],
        )

    def _fresh(self, cell: str, condition: str, expression: str | None) -> list[Item]:
        order = shuffled(self._rng, pictures_of(self._material, condition, expression))
        if len(order) > 1 and order[-1].id == self._last.get(cell):
            order[-1], order[0] = order[0], order[-1]
        return order


# -- the procedures -------------------------------------------------------------------------------


def _blocks(session: Session, material: Material) -> list[list[Trial]]:
    """Blocks of one condition each, every condition once before any comes again."""
    params: Params = material.params
    order = block_order(len(params.conditions), params.blocks, session.number)
    gaps = _gaps(session, params, len(order))
    deck = _Deck(session, material)
    blocks = []
    for (row, place), gap_s in zip(order, gaps, strict=True):
        rows = [deck.deal(params.conditions[place]) for _ in range(params.pictures)]
        timed = [replace(r, duration_s=params.picture_s, gap_s=0.0, order=row) for r in rows]
        blocks.append([*timed[:-1], replace(timed[-1], gap_s=gap_s)])
    return with_dots(session, params, blocks)


def block_order(conditions: int, rounds: int, number: int) -> list[tuple[int, int]]:
    """Order of the blocks as pairs of Williams row and condition, for a participant's number.

    Each round is a row of the square; the first one is the participant's (number modulo rows). The
    next is one that does not begin as the last ended and keeps it most even what follows what.
    """
    square = williams_square(conditions) if conditions > 1 else [[0]]
    row = (number - 1) % len(square)
    order = [(row, place) for place in square[row]]
    for _ in range(rounds - 1):
        following = [*range(row + 1, len(square)), *range(row + 1)]
        fitting = [k for k in following if conditions == 1 or square[k][0] != order[-1][1]]
        row = min(fitting, key=lambda k: _unevenness([p for _, p in order] + square[k]))
        order += [(row, place) for place in square[row]]
    return order


def _unevenness(places: Sequence[int]) -> int:
    pairs = list(pairwise(places))
    return sum(pairs.count(pair) ** 2 for pair in set(pairs))


def _events(session: Session, material: Material) -> list[list[Trial]]:
    """Single pictures in random order, at most three of a condition in a row."""
    params: Params = material.params
    cells = crossed({"condition": params.conditions, "expression": params.expressions or ("",)})
    deck = _Deck(session, material)
    rng = session.rng("order")
    whole = params.trials * len(cells)
    sizes = [params.block_trials] * (whole // params.block_trials)
    if whole % params.block_trials:
        sizes.append(whole % params.block_trials)
    pool = _even_shares(rng, cells, params.trials, sizes)
    rows = []
    for part in pool:
        ordered = constrained(rng, part, lambda cell: cell["condition"], max_run=MAX_RUN)
        rows.append([deck.deal(c["condition"], c["expression"] or None) for c in ordered])
    gaps = iter(_gaps(session, params, whole))
    timed = [
        [replace(r, duration_s=params.picture_s, gap_s=next(gaps)) for r in part] for part in rows
    ]
    return with_dots(session, params, timed)


def _even_shares(
    rng: Any, cells: Sequence[dict[str, str]], trials: int, sizes: Sequence[int]
) -> list[list[dict[str, str]]]:
    """The trials of all cells, dealt out so that every stretch has about as many of each cell."""
    rounds = [cell for _ in range(trials) for cell in shuffled(rng, cells)]
    parts, at = [], 0
    for size in sizes:
        parts.append(rounds[at : at + size])
        at += size
    return parts


def _cycles(session: Session, material: Material) -> list[list[Trial]]:
    """A long picture and a stretch of counting back, in turn for the conditions (Aron et al.)."""
    params: Params = material.params
    order = list(assigned(session.number, _rotations(params.conditions)))
    deck = _Deck(session, material)
    rng = session.rng("numbers")
    low, high = COUNT_FROM
    blocks = []
    for condition in order * params.blocks:
        picture = replace(deck.deal(condition), duration_s=params.picture_s, gap_s=0.0)
        count_s = params.count_long_s if condition == "own" else params.count_short_s
        number = low + int(rng.random() * (high - low + 1))
        count = row_of("count", condition, number=number, duration_s=count_s, gap_s=0.0)
        blocks.append([picture, count])
    return with_dots(session, params, blocks)


def _rotations(conditions: Sequence[str]) -> list[tuple[str, ...]]:
    return [(*conditions[k:], *conditions[:k]) for k in range(len(conditions))]


def induced(session: Session, params: Params) -> str:
    """Whose pictures a visit's induction shows: pairs of participants take turns in which is first.

    By pairs, because the halves of the Eyes test go by turns of single participants: so over four
    participants each half is met with each induction.
    """
    if params.induce != "counterbalanced":
        return params.induce
    visit = int("".join(c for c in session.session if c.isdigit()) or 1)
    turn = session.number // 2 + visit + session.run - 2
    return assigned(turn, ("own", "acquainted"))


def _induction(session: Session, material: Material) -> list[list[Trial]]:
    """Some minutes of one person's pictures; the booster is a single block of them."""
    params: Params = material.params
    condition = induced(session, params)
    deck = _Deck(session, material)
    blocks = []
    for _ in range(1 if params.booster else params.blocks):
        rows = [deck.deal(condition) for _ in range(params.pictures)]
        timed = [replace(r, duration_s=params.picture_s, gap_s=0.0) for r in rows]
        blocks.append([*timed[:-1], replace(timed[-1], gap_s=params.gap_low_s)])
    return with_dots(session, params, blocks)


def _ratings(_session: Session, material: Material) -> list[list[Trial]]:
    """Every picture once: they are not watched, only rated."""
    return [
        [
            row_of(
                "picture",
                condition,
                expression=item.attributes.get("expression"),
                stim_id=item.id,
                person=item.attributes.get("person"),
            )
            for item in pictures_of(material, condition)
        ]
        for condition in material.params.conditions
    ]


def prime_conditions(params: Params) -> tuple[str, str]:
    """The two kinds of primes."""
    return ("attachment", "neutral") if params.primes == "words" else ("own", "acquainted")


def primes_of(material: Material, condition: str) -> list[tuple[str, str]]:
    """Label for the log and what is shown, for the primes of a condition.

    A name that is shown is never logged: its label is the person's.
    """
    params: Params = material.params
    if params.primes == "words":
        return [(word, word) for word in material.text(f"primes_{condition}").split()]
    named = {
        str(item.attributes.get("person")): str(item.attributes.get("name") or "")
        for item in pictures_of(material, condition)
    }
    if not all(named.values()):
        raise StimulusError(
            f"stimulus set '{set_of(material).name}' has no name for a person of '{condition}'; "
            "use primes=words."
        )
    return sorted(named.items())


def _masked(session: Session, material: Material) -> list[list[Trial]]:
    """Masked words or names before patterns to be judged, then the test of awareness."""
    params: Params = material.params
    patterns = pictures_of(material, "scrambled")
    rng = session.rng("order")
    left = assigned(session.number, ("pleasant", "unpleasant"))
    rows = _prime_rows(session, material, params.prime_trials, "masked")
    judged = [
        replace(row, stim_id=pattern.id, left=left)
        for row, pattern in zip(rows, _cycled(rng, patterns, len(rows)), strict=True)
    ]
    size = params.block_trials
    blocks = [judged[at : at + size] for at in range(0, len(judged), size)]
    pair = prime_conditions(params)
    first = assigned((session.number + 1) // 2, pair)
    asked = _prime_rows(session, material, -(-params.awareness_trials // 2), "awareness")
    return [*blocks, [replace(row, kind="awareness", left=first) for row in asked]]


def _prime_rows(session: Session, material: Material, trials: int, stream: str) -> list[Trial]:
    rng = session.rng(stream)
    rows = []
    for condition in prime_conditions(material.params):
        labels = [label for label, _ in primes_of(material, condition)]
        rows += [row_of("prime", condition, prime=p) for p in _cycled(rng, labels, trials)]
    return constrained(rng, rows, lambda row: row.condition, max_run=MAX_RUN)


def _cycled(rng: Any, items: Sequence[Any], n: int) -> list[Any]:
    """``n`` of the items: all of them in random order before one comes again."""
    drawn: list[Any] = []
    while len(drawn) < n:
        drawn += shuffled(rng, items)
    return drawn[:n]


_PROCEDURES = {
    "blocks": _blocks,
    "events": _events,
    "cycles": _cycles,
    "induction": _induction,
    "masked": _masked,
    "ratings": _ratings,
}


# -- times ----------------------------------------------------------------------------------------


def _gaps(session: Session, params: Params, n: int) -> list[float]:
    """``n`` pauses: the steps from the shortest to the longest equally often, in random order."""
    steps = int((params.gap_high_s - params.gap_low_s) / params.gap_step_s + 1e-9) + 1
    levels = [round(params.gap_low_s + k * params.gap_step_s, 6) for k in range(steps)]
    return [float(gap) for gap in _cycled(session.rng("iti"), levels, n)]


def _scheduled(rows: Sequence[Trial], params: Params) -> list[Trial]:
    """Absolute onsets, so that nothing that happens in a trial can shift the next one."""
    t = params.lead_in_s
    timed = []
    for row in rows:
        if row.duration_s is None:
            timed.append(row)
            continue
        timed.append(replace(row, onset_s=round(t, 6)))
        t += row.duration_s + (row.gap_s or 0.0)
    return timed


# -- practice -------------------------------------------------------------------------------------


def _practice(session: Session, material: Material) -> list[Trial]:
    """Four pictures of nobody, two with a dot; masked: four patterns without any prime."""
    params: Params = material.params
    rng = session.rng("practice")
    if params.procedure == "masked":
        left = assigned(session.number, ("pleasant", "unpleasant"))
        patterns = _cycled(rng, pictures_of(material, "scrambled"), 4)
        return [row_of("prime", None, stim_id=item.id, left=left, prime="") for item in patterns]
    pictures = [item for item in set_of(material).items if item.practice]
    if not pictures or params.dot_share == 0:
        return []
    times = dot_times(params)
    rows = [
        replace(
            row_of("picture", None, cell="practice", stim_id=item.id),
            duration_s=params.picture_s,
            gap_s=max(params.gap_low_s, 1.2),
        )
        for item in _cycled(rng, pictures, 4)
    ]
    dots = shuffled(rng, [True, True, False, False])
    return [dotted_row(row, rng, params, times, dot) for row, dot in zip(rows, dots, strict=True)]
