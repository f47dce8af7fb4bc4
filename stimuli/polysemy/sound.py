"""Letter-to-sound rules for English, kept simple: which strings could sound like a word.

Each spelling gives a set of possible pronunciations, so that an ambiguous one (``ow`` as in *cow*
and in *snow*) is compared in both readings. Consonants have one reading each, by the ordered rules
in ``CONSONANTS``; groups of vowel letters have those in ``VOWELS``; a single vowel letter is long
before one consonant and a final silent ``e``, long or short before one consonant and another
vowel or at the end, short elsewhere. Of the vowels that are reduced to schwa, those of a last
syllable before ``l`` or ``r`` are taken for one (*jackal*, *jackle*); stress is not modelled.
"""

from __future__ import annotations

import itertools
import re

CONSONANTS = (
    (r"^(kn|gn|pn)", "n"),
    (r"^wr", "r"),
    (r"^rh", "r"),
    (r"^ps", "s"),
    (r"^x", "z"),
    (r"^who", "ho"),
    (r"wh", "w"),
    (r"ph", "f"),
    (r"(?<!e)igh", "ie"),
    (r"[ao]ught", "öt"),
    (r"(?<=[aeiou])ght", "t"),
    (r"(?<=[aeiou])gh", ""),
    (r"gh", "g"),
    (r"tch", "ç"),
    (r"dg(?=[eiy])", "j"),
    (r"sch", "sk"),
    (r"sc(?=[eiy])", "s"),
    (r"(?<=[a-z])(ti|ci|si|xi)(?=on|al|ous|an)", "š"),
    (r"sh", "š"),
    (r"ch", "ç"),
    (r"th", "þ"),
    (r"ck", "k"),
    (r"qu", "kw"),
    (r"q", "k"),
    (r"x", "ks"),
    (r"mb$", "m"),
    (r"mn$", "n"),
    (r"(?<=[aeiou])lk$", "k"),
    (r"ng$", "ŋ"),
    (r"c(?=[eiy])", "s"),
    (r"c", "k"),
    (r"g(?=[eiy])", "j"),
    (r"(?<=[aeiou])s(?=[aeiou])", "z"),
    (r"(?<=[bdglmnrvwaeiou])s$", "z"),
    (r"(?<=[kpfsšçþ])ed$", "t"),
    (r"(?<=[bgjlmnrvwz])ed$", "d"),
    (r"([bdfgjklmnprstvzšçþ])\1", r"\1"),
)
"""Ordered rules from consonant letters to sounds; the other letters stand for themselves."""

VOWELS = {
    "ai": ("ē",),
    "ay": ("ē",),
    "ei": ("ē", "ī", "ā"),
    "ey": ("ē", "ī"),
    "ea": ("ī", "e", "ē"),
    "ee": ("ī",),
    "ie": ("ī", "ā"),
    "oa": ("ō",),
    "oe": ("ō", "ū"),
    "ow": ("ō", "å"),
    "ou": ("å", "ū", "a"),
    "oo": ("ū", "u"),
    "ew": ("ū",),
    "ue": ("ū",),
    "ui": ("ū",),
    "eu": ("ū",),
    "au": ("ö",),
    "aw": ("ö",),
    "oi": ("ø",),
    "oy": ("ø",),
    "ia": ("īa",),
    "io": ("īo",),
    "ua": ("ūa",),
}
"""Readings of groups of vowel letters."""

R_COLOURED = {
    "er": "ə",
    "ir": "ə",
    "ur": "ə",
    "ear": "ə",
    "or": "ö",
    "oar": "ö",
    "our": "ö",
    "ar": "ä",
}
"""Vowels before an ``r`` that no vowel follows."""

LONG = {"a": "ē", "e": "ī", "i": "ā", "o": "ō", "u": "ū", "y": "ā"}
SHORT = {"a": "a", "e": "e", "i": "i", "o": "o", "u": "u", "y": "i"}

REDUCED = (
    (r"(?<=[^aeiouy])([aeiou]l|le)$", "ɫ"),
    (r"(?<=[^aeiouy])[aeiou]r$", "ɹ"),
)
"""Ends of a word, after a syllable with a vowel, whose own vowel is not heard as such."""

MOST = 64
"""Most readings that are followed up."""

_LETTERS = "aeiouy"


def sounds(word: str) -> frozenset[str]:
    """The pronunciations that a spelling could have, one letter a sound.

    >>> bool(sounds("brane") & sounds("brain")), bool(sounds("brane") & sounds("bran"))
    (True, False)
    >>> bool(sounds("phocks") & sounds("fox"))
    True
    """
    letters = word.lower()
    for pattern, sound in CONSONANTS:
        letters = re.sub(pattern, sound, letters)
    letters = _reduced(letters)
    silent_e = bool(re.search(r"[aeiouy][^aeiouy]+e$", letters))
    stem = letters[:-1] if silent_e else letters
    readings: list[tuple[str, ...]] = []
    place = 0
    while place < len(stem):
        read, length = _reading(stem, place, silent_e=silent_e)
        readings.append(read)
        place += length
    products = itertools.islice(itertools.product(*readings), MOST)
    return frozenset(re.sub(r"(.)\1", r"\1", "".join(reading)) for reading in products)


def _reduced(letters: str) -> str:
    for pattern, sound in REDUCED:
        found = re.search(pattern, letters)
        if found and set(letters[: found.start()]) & set(_LETTERS):
            return letters[: found.start()] + sound
    return letters


def _reading(stem: str, place: int, *, silent_e: bool) -> tuple[tuple[str, ...], int]:
    """Readings of what begins at ``place``, and how many letters that is."""
    if stem[place] not in _LETTERS or (stem[place] == "y" and place == 0):
        return (stem[place],), 1
    for length in (3, 2):
        group = stem[place : place + length]
        after = stem[place + length : place + length + 1]
        if group in R_COLOURED and after not in tuple(_LETTERS):
            return (R_COLOURED[group] + "r",), length
    pair = stem[place : place + 2]
    if pair in VOWELS:
        return VOWELS[pair], 2
    return _single(stem, place, silent_e=silent_e), 1


def _single(stem: str, place: int, *, silent_e: bool) -> tuple[str, ...]:
    letter, rest = stem[place], stem[place + 1 :]
    if silent_e and len(rest) == 1:
        return (LONG[letter],)
    if not rest:
        return ("ā", "ī") if letter in "iy" else (LONG[letter], SHORT[letter])
    if len(rest) >= 2 and rest[0] not in _LETTERS and rest[1] in _LETTERS:
        return (SHORT[letter], LONG[letter])
    return (SHORT[letter],)
