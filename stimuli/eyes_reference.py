"""What the published Eyes test must be, as fingerprints: no word and no picture of it is here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_PREFIX = 12
NEAR = 6
"""Bits (of 64) by which two copies of one picture may differ."""


@dataclass(frozen=True)
class Reference:
    """Fingerprints of a test: its whole list, each line of it, each picture, and known files."""

    list_sha256: str
    lines: tuple[str, ...]
    pictures: tuple[str, ...]
    files: frozenset[str] = frozenset()

    def knows(self, number: int, line: str) -> bool:
        """Whether a line is the one of that number."""
        return line_mark(line) == self.lines[number]

    def shows(self, number: int, picture: str) -> bool:
        """Whether a picture is the one of that number: near to it, and nearer to no other."""
        distances = [apart(known, picture) for known in self.pictures]
        return distances[number] <= NEAR and distances[number] == min(distances)

    def nearest(self, picture: str) -> int | None:
        """The number whose picture this one is, if any."""
        fitting = [number for number in range(len(self.pictures)) if self.shows(number, picture)]
        return fitting[0] if fitting else None


def item_line(number: int, words: Sequence[str], target: str, sex: str) -> str:
    """An item on one line, in the form that the fingerprints are taken of.

    >>> item_line(1, ["calm", "glad", "sour", "grim"], "glad", "F")
    '1|calm|glad|sour|grim|glad|F'
    """
    return "|".join([str(number), *words, target]).lower() + f"|{sex.upper()}"


def list_sha256(lines: Sequence[str]) -> str:
    """Fingerprint of a whole list."""
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def line_mark(line: str) -> str:
    """Fingerprint of one line."""
    return hashlib.sha256(line.encode()).hexdigest()[:_PREFIX]


def picture_mark(picture: Image) -> str:
    """Where a picture gets brighter from left to right: 64 bits as 16 hexadecimal digits."""
    from PIL import Image as Pillow  # noqa: PLC0415  # only who imports needs it

    small = picture.convert("L").resize((9, 8), Pillow.Resampling.BOX)
    grey = small.tobytes()
    bits = "".join(
        "1" if grey[9 * row + column] < grey[9 * row + column + 1] else "0"
        for row in range(8)
        for column in range(8)
    )
    return f"{int(bits, 2):016x}"


def apart(one: str, other: str) -> int:
    """Bits in which two pictures' marks differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


PUBLISHED = Reference(
    list_sha256="e78f46f5f2bae9ceb8fc9bac47694f6b0037d280479242df684282209c6992db",
    lines=(
        "ccf75587d715",
        "13097d1c5708",
        "d3048af11420",
        "e3f6b1fba560",
        "f0f0b8f865dd",
        "2b7f9b355058",
        "c337b38a1fd3",
        "6aa1d0489802",
        "a0119459bc20",
        "0f50ed55e972",
        "72ab063a3a87",
        "e7273a2834f0",
        "b1314f5d2227",
        "21fd9e202a41",
        "1c9ff78c2b48",
        "023cbea176ab",
        "c9cc1c72d360",
        "953d095d4c23",
        "d281c35f7b32",
        "71f3a37dbb92",
        "6320a16f68c7",
        "122803ed3299",
        "723433d0d622",
        "51314ebb3563",
        "7373fc1ef4fe",
        "eb7640ab45d8",
        "9a80181b73c0",
        "c6e14740d65f",
        "8a96d93ca294",
        "274791eafd8b",
        "38ae62b60c1f",
        "ebf83561e963",
        "2b65a791faf0",
        "e18ae52443cd",
        "7f540a614c93",
        "fa0fd3b5b799",
        "64d709f027a9",
    ),
    pictures=(
        "001f333737134900",
        "006f6d33131b5b00",
        "004f171317137300",
        "0061615131116300",
        "007f7f33571b5b00",
        "007167571b6b6f00",
        "00616563775d4900",
        "0053433337133100",
        "0001010909590900",
        "00797c6f67676400",
        "0071711931654500",
        "0061373331494d00",
        "00476563777d7d00",
        "003b6f2f67373900",
        "007d7b7353535b00",
        "0041414165594900",
        "00c16125270d0d00",
        "004f1f193b0f0700",
        "00054933330f0f00",
        "00716167336f4d00",
        "00737373775d4d00",
        "0071713131515900",
        "007d7d13131a5900",
        "00717173734d5d00",
        "007f7f6b6b4b4b00",
        "0033273337312100",
        "0079656367777d00",
        "0001033733270700",
        "0073731b3b526200",
        "0073791939296d00",
        "00716f472f253100",
        "0079796777555900",
        "0069733355171700",
        "0071391919414100",
        "0063617155555d00",
        "0031616965616100",
        "006d7d7733276500",
    ),
    files=frozenset(
        {
            "3f6d3eb149432660229af60065fd6aad50bc4be76fb351a35d0141e6f072f6ea",
            "b034bbc06d2e4855dd93c895b99d0b4dcb38a9c5abcbda636cf5e902f4d754b3",
            "1b40dc9d758b09fd3d13a9a82590427543e5cac28b7107df93d8eacfb8956f59",
        }
    ),
)
"""The revised adult test: fingerprints of words, key and sex, and of its pictures."""
