"""Which story is told in which version, to whom, in which order: a Latin square by participant.

Each story has eight versions: what the person believed (harm or none) x how it ended (harm or none)
x who it was (close or a stranger). A participant reads each story once; over eight participants
each story is read in all its versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mbtexp.design import constrained, shuffled
from mbtexp.errors import DataError, SettingError
from mbtexp.session import Session
from mbtexp.task import Material
from tasks.moral.params import Params
from tasks.moral.stories import HARM_DONE, HARM_MEANT, Cell, Relation, Story, stories

VERSIONS: tuple[tuple[Cell, Relation], ...] = (
    ("neutral", "close"),
    ("accidental", "stranger"),
    ("attempted", "close"),
    ("intended", "stranger"),
    ("neutral", "stranger"),
    ("accidental", "close"),
    ("attempted", "stranger"),
    ("intended", "close"),
)
"""In an order in which four in a row have all four cells, and both persons twice."""

STEP = 4
"""Stories come in such steps, so that the four cells have as many each."""


@dataclass(frozen=True)
class Trial:
    """One story in one version."""

    trial: int
    block: int
    practice: bool
    stim_id: str
    condition: Cell
    belief: str
    """What the person believed: neutral or harm."""
    outcome: str
    """How it ended: neutral or harm."""
    relation: Relation
    topics: str
    judgement: str
    """What is asked: blame or permissible."""
    reversed: bool
    """Whether the scale's high end is on the left."""
    words: int
    statement: str | None
    """What a statement after it is about (belief, outcome); None: there is none."""
    statement_true: bool | None


def design(session: Session, material: Material) -> list[Trial]:
    """Practice, then each story once."""
    params: Params = material.params
    known = stories(material)
    told = [story for story in known if not story.practice]
    n = min(params.vignettes, len(told)) // STEP * STEP
    if n < STEP or params.vignettes % STEP:
        raise _too_few(params, len(told))
    turned = (session.number - 1) // len(VERSIONS) % 2 == 1
    rows = [
        _row(story, *VERSIONS[(place + session.number - 1) % len(VERSIONS)], params, turned)
        for place, story in enumerate(told[:n])
    ]
    rows = _with_statements(session, params, {story.id: story for story in told}, rows)
    rng = session.rng("order")
    ordered = constrained(rng, rows, lambda row: row.condition, max_run=params.max_run)
    return _numbered(params, _practice(params, known, turned), ordered)


def _practice(params: Params, known: Sequence[Story], turned: bool) -> list[Trial]:
    """The stories for practice, each with its statement."""
    told = [story for story in known if story.practice and params.practice]
    rows = [_asked(story, _row(story, "accidental", "stranger", params, turned)) for story in told]
    return [replace(row, practice=True) for row in rows]


def _too_few(params: Params, left: int) -> DataError | SettingError:
    if params.vignettes % STEP:
        return SettingError(
            f"vignettes is {params.vignettes}; it must be a multiple of {STEP}, so that every "
            "kind of story comes equally often."
        )
    return DataError(
        f"{left} stories are left, and {STEP} are the least; take topics off the participant's "
        "list, or leave the task out."
    )


def _row(story: Story, cell: Cell, relation: Relation, params: Params, turned: bool) -> Trial:
    return Trial(
        trial=0,
        block=0,
        practice=False,
        stim_id=story.id,
        condition=cell,
        belief="harm" if HARM_MEANT[cell] else "neutral",
        outcome="harm" if HARM_DONE[cell] else "neutral",
        relation=relation,
        topics="|".join(story.topics),
        judgement=params.judgement,
        reversed=turned,
        words=len(story.text(cell, relation).split()),
        statement=None,
        statement_true=None,
    )


def _asked(story: Story, row: Trial) -> Trial:
    """The row with the statement of its story."""
    return replace(row, statement=story.about, statement_true=story.statement_true(row.condition))


def _with_statements(
    session: Session, params: Params, told: dict[str, Story], rows: Sequence[Trial]
) -> list[Trial]:
    """The rows, a share of them with a statement: about belief and outcome, true and false."""
    asked = [_asked(told[row.stim_id], row) for row in rows]
    of: dict[tuple[str | None, bool | None], list[int]] = {}
    for k, row in enumerate(asked):
        of.setdefault((row.statement, row.statement_true), []).append(k)
    groups = [shuffled(session.rng(f"statements-{key}"), of[key]) for key in sorted(of, key=str)]
    longest = max(len(group) for group in groups)
    dealt = [group[k] for k in range(longest) for group in groups if k < len(group)]
    chosen = set(dealt[: round(params.statements * len(rows))])
    return [asked[k] if k in chosen else row for k, row in enumerate(rows)]


def _numbered(params: Params, practice: Sequence[Trial], main: Sequence[Trial]) -> list[Trial]:
    per_block = -(-len(main) // (params.breaks + 1))
    blocks = [0] * len(practice) + [1 + k // per_block for k in range(len(main))]
    return [replace(row, trial=k + 1, block=blocks[k]) for k, row in enumerate([*practice, *main])]
