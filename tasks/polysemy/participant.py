"""Somebody who takes the polysemy task in simulation: lognormal RTs with known priming."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from mbtexp.run import typing
from mbtexp.session import Session
from mbtexp.simulate import READING_S, Participant, lognormal_s
from mbtexp.task import Material
from mbtexp.timeline import Phase
from tasks.polysemy.rows import set_of

if TYPE_CHECKING:
    import numpy as np

SHORT_SOA_S = 0.5
"""SOAs below this are short ones for the model."""


@dataclass(frozen=True)
class Reader:
    """The parameters of a simulated participant; priming in units of ln RT."""

    attachment_short: float = 0.03
    attachment_long: float = 0.06
    other_short: float = 0.08
    other_long: float = 0.02
    median_rt_s: float = 0.6
    sigma: float = 0.18
    per_letter: float = 0.02
    """Change of ln RT with each letter of the target beyond six."""
    nonword: float = 0.15
    """How much slower pseudowords are, in ln RT."""
    error: float = 0.04
    omission: float = 0.01
    awareness_dprime: float = 0.3
    attachment_share: float = 0.3
    """Share of associations to the attachment sense, where the list has no norm."""

    def priming(self, sense: object, soa_s: float) -> float:
        """Priming of a sense at an SOA, ln RT; none for a control target."""
        length = "short" if soa_s < SHORT_SOA_S else "long"
        return float(getattr(self, f"{sense}_{length}", 0.0))


def participant(session: Session, material: Material, reader: Reader | None = None) -> Participant:
    """Lognormal decision times; the median shrinks by the priming after a related prime."""
    known = reader or Reader()

    def answer(phase: Phase, trial: Mapping[str, Any]) -> Sequence[tuple[str, float]]:
        if phase.keys is None:
            return []
        if not trial or phase.name in ("instructions", "start", "break", "finished"):
            return [(phase.keys.allowed[0], READING_S)]
        rng = session.rng(f"participant-{trial['trial']}")
        if phase.name in ("target", "practice"):
            return _decision(known, material, trial, rng)
        if phase.name == "awareness":
            return _awareness(known, material, trial, rng)
        if typing(phase):
            return _letter(known, material, phase, trial, rng)
        return _chosen(known, phase, trial, rng)

    return Participant("lognormal_priming", answer, asdict(known))


def _decision(
    reader: Reader, material: Material, trial: Mapping[str, Any], rng: np.random.Generator
) -> list[tuple[str, float]]:
    omitted, wrong = rng.random() < reader.omission, rng.random() < reader.error
    shift = reader.per_letter * ((trial["target_len"] or 6) - 6)
    shift += 0.0 if trial["is_word"] else reader.nonword
    if trial["related"]:
        shift -= reader.priming(trial["sense"], trial["soa_s"])
    rt_s = lognormal_s(rng, median_s=reader.median_rt_s * math.exp(shift), sigma=reader.sigma)
    if omitted:
        return []
    says_word = bool(trial["is_word"]) != wrong
    left = (trial["word_side"] == "left") == says_word
    return [(material.keys[0 if left else 1], rt_s)]


def _awareness(
    reader: Reader, material: Material, trial: Mapping[str, Any], rng: np.random.Generator
) -> list[tuple[str, float]]:
    """Two-alternative choice with the reader's d'."""
    right = rng.random() < NormalDist().cdf(reader.awareness_dprime / math.sqrt(2))
    left = (trial["left"] == trial["prime"]) == right
    return [(material.keys[0 if left else 1], lognormal_s(rng, median_s=1.0, sigma=0.3))]


def _letter(
    reader: Reader,
    material: Material,
    phase: Phase,
    trial: Mapping[str, Any],
    rng: np.random.Generator,
) -> list[tuple[str, float]]:
    """The next letter of an association that is one of the prime's targets."""
    share = trial["attachment_share"]
    attached = rng.random() < (reader.attachment_share if share is None else share)
    row = set_of(material).item(trial["stim_id"]).attributes
    word = str(row.get("attach_t1" if attached else "nonattach_t1") or row["target"])
    typed = len(phase.tag)
    pause_s = lognormal_s(rng, median_s=1.4, sigma=0.3) if not typed else 0.15
    return [(word[typed] if typed < len(word) else "return", pause_s)]


def _chosen(
    reader: Reader, phase: Phase, trial: Mapping[str, Any], rng: np.random.Generator
) -> list[tuple[str, float]]:
    """A meaning by the dominance of the senses, or a rating around the target's sense."""
    keys = phase.keys.allowed if phase.keys else ()
    rt_s = lognormal_s(rng, median_s=1.2, sigma=0.3)
    if trial["part"] == "meaning":
        share = trial["attachment_share"]
        attached = rng.random() < (reader.attachment_share if share is None else share)
        return [(keys[0 if (trial["sense"] == "attachment") == attached else 1], rt_s)]
    middle = 5.5 if trial["sense"] == "attachment" else 2.0
    point = round(middle + 1.2 * rng.standard_normal())
    return [(keys[min(max(point, 1), len(keys)) - 1], rt_s)]
