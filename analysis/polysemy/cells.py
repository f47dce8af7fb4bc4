"""Cells of the polysemy task: trials by condition and SOA, and the times that count."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.read import Trial, number
from analysis.rt import SD_TRIM, Trim, marks

SENSES = ("attachment", "other")
CELLS = (
    *(f"{sense}_{relation}" for sense in SENSES for relation in ("related", "unrelated")),
    "control",
)
DOMINANCES = ("dominant", "subordinate")
"""Which sense more of the free associations to a prime have, and which fewer."""

HALF = 0.5
"""Share of associations above which the attachment sense is the dominant one."""

KNOWN_SOAS_MS = (100, 250, 500, 750, 1000, 1250)
"""SOAs of the presets, for the guide to the conditions."""


@dataclass(frozen=True)
class Params:
    """How response times are trimmed, and which sense of a prime is the dominant one."""

    fastest_s: float = 0.25
    slowest_s: float = 1.8
    trim: Trim = SD_TRIM
    """What is too far from the other times, after the limits; ``rt.trim_of`` makes one by name."""
    attachment_share: Mapping[str, float] = field(default_factory=dict)
    """Share of associations with the attachment sense, 0 to 1, by the prime's id (``shares_of``).

    Norms of one's own; the word set's, as the log has them, are used where it is empty.
    """

    @property
    def rule(self) -> str:
        """The rules by name, as every index carries them."""
        limits = f"abs{self.fastest_s:g}-{self.slowest_s:g}s"
        return f"{limits}, correct, trim={self.trim.name}"


@dataclass(frozen=True)
class Cell:
    """The trials of one condition at one SOA, and the log RTs that are left of them."""

    trials: tuple[Trial, ...]
    log_rt: tuple[float, ...]
    n_cut: int
    """Correct answers that a limit or the trim took away."""

    @property
    def answered(self) -> int:
        """Trials with an answer."""
        return sum(trial.correct is not None for trial in self.trials)

    @property
    def errors(self) -> int:
        """Trials with the wrong answer."""
        return sum(trial.correct is False for trial in self.trials)


def cell(trials: Sequence[Trial], params: Params) -> Cell:
    """A cell by itself; a trim over the whole participant then sees this cell alone."""
    return _cell(trials, _used(trials, [""] * len(trials), params))


def _used(trials: Sequence[Trial], cells: Sequence[Hashable], params: Params) -> list[bool]:
    """Which trials give a response time: right answers that break no rule."""
    rt = [t.rt_s if t.correct and t.rt_s is not None else math.nan for t in trials]
    found = marks(
        rt, params.trim, fastest_s=params.fastest_s, slowest_s=params.slowest_s, cell=cells
    )
    return [mark == "" for mark in found]


def _cell(trials: Sequence[Trial], used: Sequence[bool]) -> Cell:
    times = [t.rt_s for t, keep in zip(trials, used, strict=True) if keep and t.rt_s is not None]
    right = sum(bool(t.correct) and t.rt_s is not None for t in trials)
    return Cell(tuple(trials), tuple(math.log(rt) for rt in times), right - len(times))


Table = Mapping[tuple[str, int], Cell]
"""Cells by condition and SOA (ms)."""


def cells_of(trials: Sequence[Trial], params: Params) -> dict[tuple[str, int], Cell]:
    """Every condition of word targets at every SOA of the run."""
    return _grouped(trials, params, CELLS, condition_of)


def dominance_cells_of(trials: Sequence[Trial], params: Params) -> dict[tuple[str, int], Cell]:
    """The same trials by the dominance of their target's sense and by relation, at every SOA.

    A response time is trimmed among those of its own condition. Primes without a share, or with
    one of a half, are in no cell.
    """
    names = [f"{d}_{relation}" for d in DOMINANCES for relation in ("related", "unrelated")]
    return _grouped(trials, params, names, lambda trial: _dominance(trial, params))


def _grouped(
    trials: Sequence[Trial],
    params: Params,
    names: Sequence[str],
    name_of: Callable[[Trial], str | None],
) -> dict[tuple[str, int], Cell]:
    soa_of = [soa_ms_of(trial) for trial in trials]
    soas = sorted({ms for ms in soa_of if ms is not None})
    groups: dict[tuple[str | None, int | None], list[tuple[Trial, bool]]] = {}
    placed = [
        (trial, (condition, soa))
        for trial, soa in zip(trials, soa_of, strict=True)
        if (condition := condition_of(trial)) in CELLS
    ]
    used = _used([trial for trial, _ in placed], [cell for _, cell in placed], params)
    for (trial, (_, soa)), keep in zip(placed, used, strict=True):
        groups.setdefault((name_of(trial), soa), []).append((trial, keep))
    table = {}
    for key in ((name, soa) for name in names for soa in soas):
        found = groups.get(key, [])
        table[key] = _cell([t for t, _ in found], [keep for _, keep in found])
    return table


def condition_of(trial: Trial) -> str:
    """The condition of a trial's target and prime."""
    return str(trial.design.get("condition"))


def _dominance(trial: Trial, params: Params) -> str | None:
    """A trial's cell by dominance: ``dominant_related`` ...; None where it has none."""
    share = (
        params.attachment_share.get(str(trial.stim_id))
        if params.attachment_share
        else number(trial.design.get("attachment_share"))
    )
    sense, _, relation = condition_of(trial).partition("_")
    if share is None or share == HALF or sense not in SENSES:
        return None
    dominant = (share > HALF) == (sense == "attachment")
    return f"{DOMINANCES[0] if dominant else DOMINANCES[1]}_{relation}"


def soa_ms_of(trial: Trial) -> int | None:
    """SOA of a trial in whole ms; None where there is none."""
    soa_s = number(trial.design.get("soa_s"))
    return None if soa_s is None else round(1000 * soa_s)


def soas_of(table: Table) -> list[int]:
    """The SOAs of a run, ms."""
    return sorted({soa for _, soa in table})


def named(condition: str, soa_ms: int | None) -> str:
    """The condition's name with its SOA.

    >>> named("other", 250), named("", 250), named("", None)
    ('other_250', 'soa_250', 'all')
    """
    if soa_ms is None:
        return condition or "all"
    return f"{condition or 'soa'}_{soa_ms}"
