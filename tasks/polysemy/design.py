"""Which prime precedes which target, for whom, in which order: lists, blocks and constraints.

Each ambiguous prime P and its unrelated partner U precede the targets of both senses. A person sees
each target once; over people every target comes after P and after U equally often, so that it is
its own baseline (paradigm and numbers: docs/tasks/polysemy.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from mbtexp.design import assigned, jitter, shuffled, williams_square
from mbtexp.errors import SettingError, StimulusError
from mbtexp.session import Session
from mbtexp.stimuli import Item, StimulusSet
from mbtexp.task import Material
from tasks.polysemy.norming import norming_design
from tasks.polysemy.order import ordered
from tasks.polysemy.params import Params, soas
from tasks.polysemy.rows import (
    Cell,
    Trial,
    primes_of,
    row_of,
    rows_of,
    set_of,
    share_of,
    target_of,
)

if TYPE_CHECKING:
    import numpy as np

MASK_LETTERS = "BDFGHKMNRSWXZ"
MASK_LENGTH = 12


def cell_of(session: Session, params: Params) -> Cell:
    """Lists change with each participant, key mapping after a round of lists, then SOA order."""
    found, number = soas(params), session.number
    n_lists = 2 * len(found)
    orders = [tuple(found[k] for k in row) for row in williams_square(len(found))]
    sides: tuple[Literal["left", "right"], ...] = ("right", "left")
    side = assigned((number - 1) // n_lists + 1, sides)
    if params.mapping != "counterbalanced":
        side = "left" if params.mapping == "word_left" else "right"
    return Cell(
        list=assigned(number, range(1, n_lists + 1)),
        order=assigned((number - 1) // (2 * n_lists) + 1, orders),
        word_side=side,
    )


def design(session: Session, material: Material) -> list[Trial]:
    """The rows of a run, in order."""
    if material.params.norming:
        return norming_design(session, material)
    return _decisions(session, material)


def _decisions(session: Session, material: Material) -> list[Trial]:
    params: Params = material.params
    stimuli, cell = set_of(material), cell_of(session, params)
    chosen = _chosen(primes_of(stimuli, params), params)
    blocks: list[list[Trial]] = []
    if params.practice:
        blocks.append(_practice(session, stimuli, cell, params))
    sets = _sets(chosen, len(cell.order))
    fillers = shuffled(session.rng("fillers"), rows_of(stimuli, "filler"))
    for soa_s in cell.order:
        place = soas(params).index(soa_s)
        items = sets[(place - cell.rotation) % len(sets)]
        rows = _soa_rows(session, stimuli, cell, soa_s, items, fillers[: 2 * len(items)])
        fillers = fillers[2 * len(items) :]
        rng = session.rng(f"order-{soa_s:g}")
        arranged = ordered(rng, rows, max_run=params.max_run, gap=params.prime_gap)
        blocks += _split(arranged, params.breaks + 1)
    if params.awareness:
        blocks.append(_awareness(session, cell, chosen, params))
    return _numbered(session, params, blocks)


def _chosen(primes: Sequence[Item], params: Params) -> list[Item]:
    n_soas = len(soas(params))
    wanted = len(params.primes) or params.items
    if wanted % (2 * n_soas):
        raise SettingError(
            f"{wanted} primes cannot be dealt to {n_soas} SOAs in pairs; "
            f"take a multiple of {2 * n_soas}."
        )
    different = len({item.id for item in primes})
    if wanted > different:
        raise SettingError(
            f"{wanted} primes are asked for and {different} may be used; set items lower, "
            "allow sensitive or dialect-bound primes, or name each prime once."
        )
    return list(primes[:wanted])


def _sets(items: Sequence[Item], n_sets: int) -> list[list[Item]]:
    """Sets of primes alike in length and frequency.

    Primes are ranked by length and taken in groups of one a set; the most frequent of a group goes
    to the set whose sum of frequencies is the lowest so far.
    """
    ranked = sorted(items, key=lambda item: (item.attributes["prime_len"], item.id))
    sets: list[list[Item]] = [[] for _ in range(n_sets)]
    for start in range(0, len(ranked), n_sets):
        group = sorted(ranked[start : start + n_sets], key=_zipf, reverse=True)
        poorest = sorted(sets, key=lambda found: sum(map(_zipf, found)))
        for found, item in zip(poorest, group, strict=True):
            found.append(item)
    return sets


def _zipf(item: Item) -> float:
    return float(item.attributes["prime_zipf"])


# -- the rows of one SOA --------------------------------------------------------------------------


def n_nonwords(n_items: int) -> int:
    """Pseudowords a block: 140 for 24 primes, so that 54 % of unrelated targets are none.

    >>> n_nonwords(24), n_nonwords(16)
    (140, 94)
    """
    return 2 * round(35 * n_items / 12)


def _soa_rows(
    session: Session,
    stimuli: StimulusSet,
    cell: Cell,
    soa_s: float,
    items: Sequence[Item],
    fillers: Sequence[Item],
) -> tuple[list[Trial], list[Trial]]:
    """The trials of an SOA in two halves; a prime's two senses are asked in different ones."""
    rng = session.rng(f"halves-{soa_s:g}")
    halves: tuple[list[Trial], list[Trial]] = ([], [])
    for rank, item in enumerate(shuffled(rng, items)):
        first = rank % 2
        attachment, other, control = _item_rows(cell, soa_s, item)
        halves[first].extend((attachment[0], other[1]))
        halves[1 - first].extend((other[0], attachment[1]))
        halves[(rank // 2) % 2].append(control)
    for rank, item in enumerate(fillers):
        halves[rank % 2].append(
            row_of(
                cell,
                stim_id=item.id,
                prime=str(item.attributes["prime"]),
                condition="filler",
                related=False,
                soa_s=soa_s,
                **target_of(item, "target"),
            )
        )
    for rank, row in enumerate(_nonword_rows(session, stimuli, cell, soa_s, items, fillers)):
        halves[rank % 2].append(row)
    return halves


def _item_rows(
    cell: Cell, soa_s: float, item: Item
) -> tuple[tuple[Trial, Trial], tuple[Trial, Trial], Trial]:
    """Related and unrelated trial of the attachment sense, of the other sense, and the control."""
    with_prime, with_partner = (1, 2) if cell.version == 0 else (2, 1)
    row = item.attributes

    def trial(sense: str, column: str, number: int, related: bool) -> Trial:
        prime = row["prime"] if related or sense == "control" else row["unrelated_prime"]
        relation = "" if sense == "control" else "_related" if related else "_unrelated"
        return row_of(
            cell,
            stim_id=item.id,
            prime=str(prime),
            condition=f"{sense}{relation}",
            sense=sense,
            related=related,
            soa_s=soa_s,
            attachment_share=share_of(item),
            **target_of(item, f"{column}_t{number}"),
        )

    return (
        (
            trial("attachment", "attach", with_prime, True),
            trial("attachment", "attach", with_partner, False),
        ),
        (
            trial("other", "nonattach", with_prime, True),
            trial("other", "nonattach", with_partner, False),
        ),
        trial("control", "control", with_prime, False),
    )


def _nonword_rows(
    session: Session,
    stimuli: StimulusSet,
    cell: Cell,
    soa_s: float,
    items: Sequence[Item],
    fillers: Sequence[Item],
) -> list[Trial]:
    """Pseudowords matched to the block's targets: half after P, a quarter after U, after fillers.

    A word is then nearly as likely after one kind of prime as after another.
    """
    ids = {item.id for item in items}
    own = [
        item for item in rows_of(stimuli, "pseudoword") if item.attributes.get("prime_id") in ids
    ]
    n = n_nonwords(len(items))
    if len(own) < n:
        raise StimulusError(
            f"stimulus set '{stimuli.name}' has {len(own)} pseudowords for these primes and "
            f"{n} are needed; make them with 'python -m stimuli.polysemy.pseudowords'."
        )
    rng = session.rng(f"nonwords-{soa_s:g}")
    ambiguous = [str(item.attributes["prime"]) for item in items]
    partners = [str(item.attributes["unrelated_prime"]) for item in items]
    others = [str(item.attributes["prime"]) for item in fillers]
    primes = [("nonword_ambiguous", prime) for prime in _dealt(rng, ambiguous, n // 2)]
    primes += [("nonword", prime) for prime in _dealt(rng, partners, n // 2 - n // 4)]
    primes += [("nonword", prime) for prime in _dealt(rng, others, n // 4)]
    return [
        row_of(
            cell,
            stim_id=item.id,
            prime=prime,
            target=str(item.attributes["pseudoword"]),
            condition=condition,
            is_word=False,
            soa_s=soa_s,
            target_len=int(item.attributes["length"]),
        )
        for item, (condition, prime) in zip(shuffled(rng, own)[:n], primes, strict=True)
    ]


def _dealt(rng: np.random.Generator, primes: Sequence[str], n: int) -> list[str]:
    """``n`` primes, each used again only when all have been used."""
    rounds = [prime for _ in range(-(-n // len(primes))) for prime in shuffled(rng, primes)]
    return rounds[:n]


def _practice(session: Session, stimuli: StimulusSet, cell: Cell, params: Params) -> list[Trial]:
    """Twenty trials at the first SOA, with words and pseudowords of their own."""
    words = [
        row_of(
            cell,
            practice=True,
            stim_id=item.id,
            prime=str(item.attributes["prime"]),
            condition="practice_word",
            related=item.attributes["related"] == "yes",
            soa_s=cell.order[0],
            **target_of(item, "target"),
        )
        for item in rows_of(stimuli, "practice")
    ]
    strings = [
        item for item in rows_of(stimuli, "pseudoword") if item.attributes["slot"] == "practice"
    ]
    nonwords = [
        row_of(
            cell,
            practice=True,
            stim_id=item.id,
            prime=str(prime.attributes["prime"]),
            target=str(item.attributes["pseudoword"]),
            condition="practice_nonword",
            is_word=False,
            soa_s=cell.order[0],
            target_len=int(item.attributes["length"]),
        )
        for item, prime in zip(strings, rows_of(stimuli, "practice_nonword"), strict=False)
    ]
    rng = session.rng("practice")
    return ordered(rng, (words + nonwords, []), max_run=params.max_run, gap=0)


def _awareness(session: Session, cell: Cell, items: Sequence[Item], params: Params) -> list[Trial]:
    """Masked words with the question which of two it was: an ambiguous prime or its partner."""
    rng = session.rng("awareness")
    if params.awareness > 2 * len(items):
        raise SettingError(
            f"awareness is {params.awareness}: with {len(items)} primes it can be at most "
            f"{2 * len(items)}."
        )
    kinds = [(shown, side) for shown in ("prime", "unrelated_prime") for side in (0, 1)]
    pool = [*shuffled(rng, items), *shuffled(rng, items)][: params.awareness]
    rows = []
    for rank, item in enumerate(pool):
        shown, side = kinds[(rank + rank // len(items)) % 4]
        foil = "prime" if shown == "unrelated_prime" else "unrelated_prime"
        offered = [str(item.attributes[shown]), str(item.attributes[foil])]
        rows.append(
            row_of(
                cell,
                part="awareness",
                stim_id=item.id,
                prime=offered[0],
                target=None,
                condition="awareness",
                is_word=None,
                word_side=None,
                soa_s=None,
                left=offered[side],
                right=offered[1 - side],
            )
        )
    return shuffled(rng, rows)


# -- numbers, blocks, pauses ----------------------------------------------------------------------


def _split(rows: Sequence[Trial], n_parts: int) -> list[list[Trial]]:
    """The rows in parts of nearly equal length."""
    cuts = [round(len(rows) * part / n_parts) for part in range(n_parts + 1)]
    return [list(rows[a:b]) for a, b in pairwise(cuts)]


def _numbered(session: Session, params: Params, blocks: Sequence[Sequence[Trial]]) -> list[Trial]:
    """All rows in order with their numbers, blocks (practice is 0), pauses and masks."""
    flat = [
        (block + (0 if params.practice else 1), row)
        for block, rows in enumerate(blocks)
        for row in rows
    ]
    pauses = _pauses(session, params, len(flat))
    letters = session.rng("masks")
    return [
        replace(
            row,
            trial=number,
            block=block,
            iti_s=pause,
            mask=_mask(letters) if params.masked else None,
        )
        for number, ((block, row), pause) in enumerate(zip(flat, pauses, strict=True), 1)
    ]


def _pauses(session: Session, params: Params, n: int) -> list[float]:
    if params.iti_low_s > params.iti_high_s:
        raise SettingError(
            f"iti_low_s is {params.iti_low_s:g}: it must be at most iti_high_s "
            f"({params.iti_high_s:g})."
        )
    spread = jitter(session.rng("iti"), n, low_s=params.iti_low_s, high_s=params.iti_high_s)
    return [round(pause, 3) for pause in spread]


def _mask(rng: np.random.Generator) -> str:
    """Capitals in random order, none twice in a row, wider than any prime."""
    letters: list[str] = []
    while len(letters) < MASK_LENGTH:
        letter = MASK_LETTERS[int(rng.random() * len(MASK_LETTERS))]
        if letters[-1:] != [letter]:
            letters.append(letter)
    return "".join(letters)
