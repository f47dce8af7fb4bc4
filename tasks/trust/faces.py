"""Which faces a run takes from its set: by role, in equal numbers of women and men, in halves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mbtexp.design import assigned
from mbtexp.errors import SettingError, StimulusError
from mbtexp.session import Session
from mbtexp.stimuli import Item, StimulusSet
from mbtexp.task import Material

SEXES = ("f", "m")


def set_of(material: Material) -> StimulusSet:
    """The stimulus set; refuses a task without one."""
    if material.stimuli is None:
        raise SettingError("the trust task needs a stimulus set; name one with --set stimuli=NAME.")
    return material.stimuli


def of_role(stimuli: StimulusSet, role: str) -> list[Item]:
    """The items of a role: ``face`` (those without one too), ``practice``, ``morph``, ``mask``."""
    return [item for item in stimuli.items if role_of(item) == role]


def role_of(item: Item) -> str:
    """What a picture is for."""
    return str(item.attributes.get("role") or ("practice" if item.practice else "face"))


def sex_of(item: Item) -> str | None:
    """``f`` or ``m`` as the set has it; None where it does not say."""
    sex = str(item.attributes.get("sex") or "").lower()[:1]
    return sex if sex in SEXES else None


def norm_of(item: Item, name: str) -> float | None:
    """A number that the set gives for a picture (``trust``, ``age``); None where it has none."""
    value = item.attributes.get(name)
    return None if value is None else float(value)


def levels(items: Sequence[Item]) -> Mapping[str, str]:
    """Third of the set's trust norms in which each face lies, within its sex; ``""`` without norms.

    Within a sex, because the norms of women's and men's faces differ in level.
    """
    found = dict.fromkeys((item.id for item in items), "")
    for sex in {sex_of(item) for item in items}:
        normed = [i for i in items if sex_of(i) == sex and norm_of(i, "trust") is not None]
        ranked = sorted(normed, key=lambda item: (norm_of(item, "trust") or 0.0, item.id))
        for rank, item in enumerate(ranked):
            found[item.id] = ("low", "middle", "high")[3 * rank // len(ranked)]
    return found


def halves(items: Sequence[Item]) -> Mapping[str, str]:
    """Form A or B of every face: within each sex ranked by trust and age, and dealt A B B A."""
    ranked = sorted(
        items,
        key=lambda item: (
            str(sex_of(item)),
            norm_of(item, "trust") or 0.0,
            norm_of(item, "age") or 0.0,
            item.id,
        ),
    )
    return {item.id: "ABBA"[rank % 4] for rank, item in enumerate(ranked)}


def form_of(session: Session) -> str:
    """Half of a visit: participants take turns in which half comes first."""
    digits = "".join(c for c in session.session if c.isdigit())
    if not digits:
        raise SettingError(
            f"--session {session.session!r}: form=counterbalanced gives visits the two halves in "
            "turn and needs their number; call them 01 and 02, or set form=A and form=B."
        )
    return assigned(session.number + int(digits) - 1, ("A", "B"))


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """``count`` of the faces, as many women as men, evenly over each sex's trust norms.

    The same faces for everybody, so that people can be compared.
    """
    chosen: list[Item] = []
    shares = dict(zip(SEXES, ((count + 1) // 2, count // 2), strict=True))
    for sex, share in shares.items():
        pool = sorted(
            (item for item in items if sex_of(item) == sex),
            key=lambda item: (norm_of(item, "trust") or 0.0, item.id),
        )
        if len(pool) < share:
            raise StimulusError(
                f"faces={count} needs {share} faces of sex '{sex}', but the set has {len(pool)}; "
                "set a smaller number."
            )
        chosen += [pool[(2 * k + 1) * len(pool) // (2 * share)] for k in range(share)]
    return [item for item in items if item in chosen]
