"""Who is drawn: a face's proportions, age and expression as numbers, and ways to make them up.

Lengths are picture pixels (about 2 for a millimetre of an adult's face), counted from the middle
between the eyes. Nobody's measurements are in here: every number is drawn from a range.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

HAIR_F = ("long", "bob", "tied", "fringe", "waves", "crop")
HAIR_M = ("short", "side", "crop", "receding", "quiff", "bald")
BABY = "baby"


@dataclass(frozen=True, slots=True)
class Expression:
    """What the muscles do; 0 is rest, 1 is strong."""

    smile: float = 0.0  # corners up and out, cheeks raised; below 0: corners down
    inner_brow: float = 0.0  # raised above 0, drawn down below
    outer_brow: float = 0.0  # raised above 0
    lid: float = 0.0  # wide open above 0, drooping below


NEUTRAL = Expression()
HAPPY = Expression(smile=1.0, outer_brow=0.2, lid=-0.1)
SAD = Expression(smile=-0.8, inner_brow=0.9, outer_brow=-0.3, lid=-0.35)
ANGRY = Expression(smile=-0.45, inner_brow=-1.0, outer_brow=0.15, lid=0.15)


@dataclass(frozen=True, slots=True)
class Face:
    """One person who does not exist."""

    sex: str
    age: float
    """Years; drives lines, grey hair, fuller lids and thinner lips."""
    seed: int
    width: float
    """Half the face's width at the cheekbones."""
    skull: float
    """From the eyes up to the top of the head."""
    chin: float
    """From the eyes down to the chin."""
    temple: float
    """Half-width at the temples."""
    jaw: float
    """Half-width at the angle of the jaw."""
    chin_width: float
    eye_gap: float
    eye_half: float
    eye_tilt: float
    eye_open: float
    fold: float
    """How far the crease lies above the upper lid, as a share of the eye's half-width."""
    brow_height: float
    brow_arch: float
    brow_thick: float
    brow_dark: float
    nose: float
    """From the eyes down to the nose's base."""
    nose_width: float
    bridge: float
    mouth: float
    """From the eyes down to the line of the mouth."""
    mouth_half: float
    upper_lip: float
    lower_lip: float
    lash: float
    iris: float
    skin: float
    hair: str
    hair_shade: float
    hairline: float
    parting: float
    stubble: float
    ear: float
    lopsided: float
    light: float
    trust: float = 0.0
    """Steps along the axis of features that move first impressions; 0 leaves the face as it is."""
    expression: Expression = NEUTRAL

    def with_trust(self, steps: float) -> Face:
        """The same person elsewhere on the trust axis."""
        return replace(self, trust=steps)

    def with_expression(self, expression: Expression) -> Face:
        """The same person with another expression."""
        return replace(self, expression=expression)

    @property
    def wrinkled(self) -> float:
        """0 up to about 25 years, 1 at about 70."""
        return min(1.15, max(0.0, (self.age - 25) / 45))


def random_face(sex: str, *, age: float, seed: int, hair: str | None = None) -> Face:
    """A grown-up of a sex (``f`` or ``m``) and an age; everything else follows from the seed."""
    draw = random.Random(f"face {sex} {seed}")

    def near(middle: float, spread: float) -> float:
        """Most often close to the middle, never beyond the spread."""
        return middle + spread * (draw.random() + draw.random() + draw.random() - 1.5) / 1.5

    female = sex == "f"
    grown = min(1.0, max(0.0, (age - 25) / 45))
    width = near(136, 13) if female else near(141, 13)
    chin = near(212, 15) if female else near(224, 16)
    skin = near(0.62, 0.26)
    dark_hair = draw.random() < (0.85 if skin < 0.52 else 0.45)
    shade = near(0.13, 0.05) if dark_hair else near(0.36, 0.17)
    grey = min(1.0, max(0.0, (age - near(48, 9)) / 22))
    style = hair or _style(draw, female=female, age=age)
    mouth = near(0.617, 0.02) * chin
    return Face(
        sex=sex,
        age=age,
        seed=seed,
        width=width,
        skull=near(216, 8),
        chin=chin,
        temple=width * near(1.0, 0.03),
        jaw=width * (near(0.80, 0.075) if female else near(0.87, 0.08)),
        chin_width=near(35, 9) if female else near(45, 11),
        eye_gap=near(63, 5.0),
        eye_half=near(32.0, 2.6) if female else near(30.2, 2.4),
        eye_tilt=near(0.035, 0.07) if female else near(0.015, 0.07),
        eye_open=near(0.64, 0.07) if female else near(0.57, 0.07),
        fold=near(0.20, 0.09),
        brow_height=near(43, 5.5) if female else near(37, 5),
        brow_arch=near(6.0, 4.5) if female else near(3.0, 3.5),
        brow_thick=near(5.2, 1.7) if female else near(7.0, 2.0),
        brow_dark=near(0.66, 0.14) if female else near(0.74, 0.12),
        nose=near(0.418, 0.042) * chin,
        nose_width=near(31, 6) if female else near(36, 7),
        bridge=near(1.0, 0.5),
        mouth=mouth,
        mouth_half=near(47, 6.5) if female else near(50, 7),
        upper_lip=near(9.5, 3.8) - 2.8 * grown - (0 if female else 1.0),
        lower_lip=near(13.0, 3.8) - 2.2 * grown - (0 if female else 0.6),
        lash=near(0.8, 0.25) if female else near(0.3, 0.15),
        iris=near(0.20, 0.06) if dark_hair else near(0.40, 0.14),
        skin=skin,
        hair=style,
        hair_shade=shade + (near(0.66, 0.08) - shade) * grey,
        hairline=near(143, 9) + (0 if female else 4 * grown),
        parting=near(0.0, 1.0),
        stubble=0.0 if female else max(0.0, near(0.35, 0.55)),
        ear=near(1.0, 0.12),
        lopsided=near(0.0, 1.0),
        light=-1.0 if draw.random() < 0.5 else 1.0,
    )


def random_infant(*, seed: int, hair: str | None = None) -> Face:
    """A baby of about eight months: high forehead, large low eyes, small nose and chin."""
    draw = random.Random(f"infant {seed}")

    def near(middle: float, spread: float) -> float:
        return middle + spread * (draw.random() + draw.random() + draw.random() - 1.5) / 1.5

    width = near(150, 7)
    skin = near(0.74, 0.16)
    return Face(
        sex="f" if draw.random() < 0.5 else "m",
        age=0.7,
        seed=seed,
        width=width,
        skull=near(246, 8),
        chin=near(164, 6),
        temple=width * near(1.06, 0.02),
        jaw=width * near(0.86, 0.03),
        chin_width=near(38, 5),
        eye_gap=near(66, 3),
        eye_half=near(31, 1.6),
        eye_tilt=near(0.03, 0.05),
        eye_open=near(0.84, 0.06),
        fold=near(0.13, 0.05),
        brow_height=near(51, 4),
        brow_arch=near(7, 2),
        brow_thick=near(3.0, 0.6),
        brow_dark=near(0.20, 0.08),
        nose=near(66, 4),
        nose_width=near(27, 2.5),
        bridge=near(0.35, 0.1),
        mouth=near(100, 4),
        mouth_half=near(36, 3),
        upper_lip=near(8.5, 1.5),
        lower_lip=near(10.5, 1.5),
        lash=near(0.55, 0.15),
        iris=near(0.26, 0.12),
        skin=skin,
        hair=hair or BABY,
        hair_shade=near(0.34, 0.16),
        hairline=near(176, 10),
        parting=near(0.0, 1.0),
        stubble=0.0,
        ear=near(0.9, 0.06),
        lopsided=near(0.0, 0.7),
        light=-1.0 if draw.random() < 0.5 else 1.0,
    )


def _style(draw: random.Random, *, female: bool, age: float) -> str:
    styles: tuple[str, ...]
    if female:
        styles = HAIR_F if age < 50 else ("bob", "tied", "crop", "waves", "crop", "bob")
    elif age < 40:
        styles = HAIR_M[:5]
    else:
        styles = ("short", "side", "receding", "receding", "crop", "bald")
    return styles[draw.randrange(len(styles))]
