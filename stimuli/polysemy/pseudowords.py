"""Pronounceable strings that are no words, one for each target, as like it as can be found.

``python -m stimuli.polysemy.pseudowords`` prints the committed ``pseudowords.csv`` again, byte for
byte. It needs wordfreq 3.1.1 (PyPI), which a run or an analysis does not.

The candidates for a word of up to five letters are all strings of that length that are spelt as
words are; those for a longer one come from the word itself, some of whose consonant and vowel
segments are replaced by others of the same length that words have in that place (after the idea of
Keuleers & Brysbaert, 2010, Behav Res Methods 42:627). Of the candidates that pass every check, the
one is taken that is nearest to its target in bigram frequency and in the number of neighbours.
"""

from __future__ import annotations

import csv
import hashlib
import importlib
import importlib.metadata
import io
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mbtexp.errors import StimulusError
from stimuli.polysemy.sound import sounds
from stimuli.polysemy.spelling import (
    Lexicon,
    ends_like_a_form_of,
    is_compound_of,
    is_slip_of,
    is_vowel,
    lexicon,
    placed,
    spellable,
)

FOLDER = Path(__file__).parent
WORDFREQ = "3.1.1"

KNOWN_ZIPF = 3.0
"""Words at least this frequent are the lexicon for spelling and neighbours."""

HEARD_ZIPF = 1.5
"""Words at least this frequent must not sound like a pseudoword, nor be it but for an ending."""

RAREST_TRIGRAM = 20
"""Every three letters in a row of a pseudoword stand in at least so many words."""

RAREST_OF_FOUR = 5
"""The same for strings of four letters, of which too few would be left."""

SHORTEST = 4
"""Letters of a pseudoword at least: nearly every string of three is a word or an abbreviation."""

LISTED = 5
"""Up to so many letters all strings are looked at."""

TRIES = 12000
"""Candidates drawn for each longer target."""

BIGRAM_UNIT = 0.1
NEIGHBOUR_UNIT = 1.0
"""What weighs the same in the choice: 0.1 of mean log10 bigram count, one neighbour."""

SHUNNED = re.compile(
    "anal|anus|ass|bitch|boob|cock|coon|crap|cum|cunt|damn|dick|dyke|fag|fart|fuck|gook|hell|"
    "hitler|jap|kike|nazi|nig|paki|penis|piss|porn|prick|pube|pus|queer|rape|semen|sex|shit|"
    "slut|tit|turd|twat|vagi|wank|whor"
)
"""Letters that would offend or distract, wherever they stand."""

TARGETS = ("attach_t1", "attach_t2", "nonattach_t1", "nonattach_t2", "control_t1", "control_t2")

COLUMNS = (
    "id",
    "pseudoword",
    "length",
    "matched_to",
    "prime_id",
    "slot",
    "bigram",
    "target_bigram",
    "neighbours",
    "target_neighbours",
    "zipf_en",
    "zipf_de",
    "homophone",
)


@dataclass(frozen=True)
class Target:
    """A word that a pseudoword is made for."""

    word: str
    prime_id: str
    slot: str


def targets() -> list[Target]:
    """Every target of the candidate list, then the words of the practice."""
    items = [Target(row[slot], row["id"], slot) for row in rows("words.csv") for slot in TARGETS]
    practice = [row for row in rows("fillers.csv") if row["kind"] == "practice"]
    return items + [Target(row["target"], row["id"], "practice") for row in practice]


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one of the set's tables."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


@dataclass(frozen=True)
class English:
    """What the frequency lists know: words to be like, words not to be, words not to sound like."""

    known: Lexicon
    stems: frozenset[str]
    """Words, rarer ones too, of which a pseudoword must be no form."""
    heard: frozenset[str]
    """Every possible pronunciation of the more frequent words."""
    zipf: Callable[[str, str], float]
    """Zipf frequency of a string in a language."""


def english() -> English:
    """The lexicons from wordfreq; refuses another version, whose words may differ."""
    try:
        version = importlib.metadata.version("wordfreq")
    except importlib.metadata.PackageNotFoundError:
        version = "none"
    if version != WORDFREQ:
        raise StimulusError(
            f"the pseudowords were made with wordfreq {WORDFREQ} and found is {version}; "
            f"install it with: pip install wordfreq=={WORDFREQ}"
        )
    wordfreq: Any = importlib.import_module("wordfreq")
    zipf: Mapping[str, float] = {
        word: float(wordfreq.zipf_frequency(word, "en"))
        for word in wordfreq.iter_wordlist("en")
        if word.isascii() and word.isalpha() and 3 <= len(word) <= 14
    }
    spelt = [w for w, value in zipf.items() if value >= KNOWN_ZIPF and set(w) & set("aeiouy")]
    stems = frozenset(w for w, value in zipf.items() if value >= HEARD_ZIPF)
    heard = {sound for word in stems for sound in sounds(word)}
    return English(
        lexicon(spelt),
        stems,
        frozenset(heard),
        lambda word, language: float(wordfreq.zipf_frequency(word, language)),
    )


def exchanged(target: str, known: Lexicon, rng: np.random.Generator) -> Iterator[str]:
    """Strings made from a word by exchanging about two in three of its segments, at least one."""
    parts = placed(target)
    n_changed = max(1, round(2 * len(parts) / 3))
    for _ in range(TRIES):
        drawn = sorted(range(len(parts)), key=lambda _: rng.random())[:n_changed]
        string = [part for _, part in parts]
        for place in drawn:
            where, part = parts[place]
            choice = known.parts.get((where, is_vowel(part), len(part)), (part,))
            string[place] = choice[int(rng.random() * len(choice))]
        yield "".join(string)


def passes(string: str, language: English) -> bool:
    """Whether a string is no word, no form or slip of one, no two, no homophone, no offence."""
    known = language.known
    return (
        not SHUNNED.search(string)
        and language.zipf(string, "en") == 0
        and language.zipf(string, "de") == 0
        and not ends_like_a_form_of(string, language.stems)
        and not is_compound_of(string, known.words)
        and not is_slip_of(string, known.words)
        and not sounds(string) & language.heard
    )


@dataclass(frozen=True)
class Candidate:
    """A string that is spelt like a word, with the figures on which it is matched."""

    string: str
    bigram: float
    neighbours: int


def ahead(neighbours: int) -> int:
    """How many more neighbours than the target's are aimed at: two at most, none where it has none.

    >>> [ahead(n) for n in range(5)]
    [0, 1, 1, 2, 2]
    """
    return min(2, (neighbours + 1) // 2)


class Maker:
    """Takes a pseudoword for one target after the other, and keeps count of the neighbours.

    Words of three letters have more neighbours than any string that passes. As long as the
    pseudowords are behind in sum, a little more than the target's number is aimed at.
    """

    def __init__(self, language: English) -> None:
        self._language = language
        self._known = language.known
        self._taken: set[str] = set()
        self._behind = 0
        self._listed = cache(self._all_of_length)

    def take(self, target: str) -> str:
        """The nearest candidate for a target that passes and is not taken yet.

        Raises
        ------
        StimulusError
            No candidate passes.
        """
        neighbours = self._known.neighbours(target)
        aim = neighbours + (ahead(neighbours) if self._behind > 0 else 0)
        bigram = self._known.bigram_frequency(target)

        def distance(found: Candidate) -> tuple[float, str]:
            far = abs(found.bigram - bigram) / BIGRAM_UNIT
            return far + abs(found.neighbours - aim) / NEIGHBOUR_UNIT, found.string

        for candidates in self._candidates(target):
            fresh = [c for c in candidates if c.string not in self._taken]
            ranked = sorted((c for c in fresh if _is_far(c.string, target)), key=distance)
            for best in ranked:
                if passes(best.string, self._language):
                    self._taken.add(best.string)
                    self._behind += neighbours - best.neighbours
                    return best.string
        raise StimulusError(f"no pseudoword was found for {target!r}; raise TRIES.")

    def _candidates(self, target: str) -> Iterator[Iterable[Candidate]]:
        """Those of the target's length, then those made from words that are a letter longer."""
        length = max(SHORTEST, len(target))
        if length <= LISTED:
            yield self._listed(length)
            return
        seed = int.from_bytes(hashlib.sha256(target.encode()).digest()[:8])
        rng = np.random.Generator(np.random.PCG64(seed))
        longer = sorted({t.word for t in targets() if len(t.word) == len(target) + 1})
        start = int(rng.random() * len(longer)) if longer else 0
        for template in (target, *longer[start:], *longer[:start]):
            yield self._measured(set(exchanged(template, self._known, rng)), RAREST_TRIGRAM)

    def _all_of_length(self, length: int) -> tuple[Candidate, ...]:
        least = RAREST_OF_FOUR if length == SHORTEST else RAREST_TRIGRAM
        strings = spellable(length, self._known, rarest_trigram=least)
        passed = (string for string in strings if passes(string, self._language))
        return tuple(self._measured(passed, least))

    def _measured(self, strings: Iterable[str], least: int) -> list[Candidate]:
        known = self._known
        return [
            Candidate(string, known.bigram_frequency(string), known.neighbours(string))
            for string in strings
            if known.rarest_trigram(string) >= least
        ]


def _is_far(string: str, target: str) -> bool:
    """Whether enough letters differ that the target is not read into the string."""
    if len(string) != len(target):
        return target not in string
    return sum(a != b for a, b in zip(string, target, strict=True)) >= min(3, len(target) // 2)


def made(language: English) -> dict[str, str]:
    """The pseudoword of every target: those with the most neighbours choose first."""

    def rank(target: Target) -> tuple[bool, int, str]:
        return target.slot == "practice", -language.known.neighbours(target.word), target.word

    maker = Maker(language)
    return {target.word: maker.take(target.word) for target in sorted(targets(), key=rank)}


def table(language: English) -> bytes:
    """The committed table: a row a pseudoword, with the figures it was matched on."""
    known = language.known
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    words = made(language)
    for number, target in enumerate(targets(), start=1):
        word = words[target.word]
        writer.writerow(
            [
                f"NW{number:03d}",
                word,
                len(word),
                target.word,
                target.prime_id,
                target.slot,
                f"{known.bigram_frequency(word):.3f}",
                f"{known.bigram_frequency(target.word):.3f}",
                known.neighbours(word),
                known.neighbours(target.word),
                _figure(language.zipf(word, "en")),
                _figure(language.zipf(word, "de")),
                "none",
            ]
        )
    return out.getvalue().encode()


def _figure(value: float) -> str:
    return "0" if math.isclose(value, 0) else f"{value:g}"


if __name__ == "__main__":
    sys.stdout.buffer.write(table(english()))
