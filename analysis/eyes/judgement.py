"""The trials of one judgement of the Eyes test, sorted by what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.indices import CHANCE_ALPHA, MISSED_LIMIT, Index, index_of
from analysis.intervals import (
    binomial_p,
    proportion,
    undefined,
)
from analysis.read import Run, Trial

POSITIONS = ("tl", "tr", "bl", "br")


@dataclass(frozen=True)
class Judgement:
    """The test trials of one judgement, sorted by what became of them."""

    trials: tuple[Trial, ...]
    answered: tuple[Trial, ...]
    correct: tuple[Trial, ...]
    guessing: float | None
    """Chance of a right answer without looking; None if the number of words varies."""

    @property
    def n(self) -> int:
        """Trials on record."""
        return len(self.trials)


def judgement_of(trials: Sequence[Trial]) -> Judgement:
    """These trials, sorted by what became of them."""
    answered = tuple(trial for trial in trials if trial.correct is not None)
    options = {len(words_of(trial)) for trial in answered}
    return Judgement(
        trials=tuple(trials),
        answered=answered,
        correct=tuple(trial for trial in answered if trial.correct),
        guessing=1 / options.pop() if len(options) == 1 and 0 not in options else None,
    )


def words_of(trial: Trial) -> dict[str, str]:
    """The words that were shown, by their position."""
    shown = {place: trial.design.get(f"word_{place}") for place in POSITIONS}
    return {place: word for place, word in shown.items() if word is not None}


def is_mental(trial: Trial) -> bool:
    """Whether a trial asks for a mental state."""
    return trial.design.get("condition") in (None, "mental")


def chance_p(judgement: Judgement) -> float | None:
    """Probability of so many right answers or more by guessing; None without one."""
    if not judgement.answered or judgement.guessing is None:
        return None
    return binomial_p(len(judgement.correct), len(judgement.answered), judgement.guessing)


def no_chance(judgement: Judgement) -> str:
    """Why there is no such probability."""
    return "mixed_options" if judgement.answered else "no_answers"


def chance_flag(judgement: Judgement) -> tuple[str, ...]:
    """A mark where guessing gives such a score."""
    p = chance_p(judgement)
    return ("chance",) if p is not None and p >= CHANCE_ALPHA else ()


def missed_flag(judgement: Judgement) -> tuple[str, ...]:
    """A mark where many trials were missed."""
    missed = sum(trial.missed for trial in judgement.trials)
    return ("many_missed",) if missed > MISSED_LIMIT * judgement.n else ()


def style_flag(judgement: Judgement) -> tuple[str, ...]:
    """A mark where every answer was at the same position."""
    chosen = chosen_positions(judgement)
    return ("one_position",) if len(chosen) > 1 and len(set(chosen)) == 1 else ()


def chosen_positions(judgement: Judgement) -> list[str]:
    """The positions that were chosen."""
    places = [trial.outcome.get("position") for trial in judgement.answered]
    return [place for place in places if place in POSITIONS]


def share_of(
    run: Run, name: str, condition: str, group: Judgement, none: str, *flags: str
) -> Index:
    """Accuracy in a part of the trials; ``none`` is the reason when the run has no such part."""
    estimate = proportion(len(group.correct), len(group.answered)) if group.n else undefined(none)
    return index_of(
        run,
        name,
        estimate.flagged(*(flags if group.n else ())),
        condition=condition,
        unit="proportion",
        n=(len(group.answered), group.n),
        method="correct/answered; practice out",
    )
