"""How a string is spelt, against a lexicon: segments, bigrams, trigrams, Coltheart's N."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

VOWELS = "aeiouy"


def segments(word: str) -> list[str]:
    """Runs of consonant letters and of vowel letters in turn; an initial y is a consonant.

    >>> segments("strange"), segments("yearn")
    (['str', 'a', 'ng', 'e'], ['y', 'ea', 'rn'])
    """
    first = "y" if word.startswith("y") else ""
    runs = re.findall(rf"[{VOWELS}]+|[^{VOWELS}]+", word[len(first) :])
    return [first, *runs] if first else runs


@dataclass(frozen=True)
class Lexicon:
    """What a collection of words says about spelling."""

    words: frozenset[str]
    bigrams: Counter[str]
    """In how many words a pair of letters occurs; ``^`` and ``$`` are a word's ends."""
    trigrams: Counter[str]
    parts: dict[tuple[str, bool, int], tuple[str, ...]]
    """Segments by place (``first``, ``middle``, ``last``), vowel or not, and length."""

    def bigram_frequency(self, word: str) -> float:
        """Mean log10 of the number of words with each of the string's pairs of letters."""
        logs = [math.log10(1 + self.bigrams[pair]) for pair in _grams(word, 2)]
        return sum(logs) / len(logs)

    def rarest_trigram(self, word: str) -> int:
        """In how many words the string's rarest three letters in a row occur."""
        return min(self.trigrams[triple] for triple in _grams(word, 3))

    def neighbours(self, word: str) -> int:
        """Coltheart's N: words of the same length that differ in one letter."""
        return sum(
            word[:place] + letter + word[place + 1 :] in self.words
            for place in range(len(word))
            for letter in "abcdefghijklmnopqrstuvwxyz"
            if letter != word[place]
        )


def lexicon(words: Iterable[str], *, rarest_part: int = 5) -> Lexicon:
    """The lexicon of these words; a segment that fewer than ``rarest_part`` words have is no part.

    >>> known = lexicon(["cat", "cot", "can", "dog"])
    >>> known.neighbours("cat"), known.rarest_trigram("cat"), known.rarest_trigram("cag")
    (2, 1, 0)
    """
    known = frozenset(words)
    bigrams: Counter[str] = Counter()
    trigrams: Counter[str] = Counter()
    parts: Counter[tuple[str, str]] = Counter()
    for word in sorted(known):
        bigrams.update(set(_grams(word, 2)))
        trigrams.update(set(_grams(word, 3)))
        parts.update(placed(word))
    by_place: dict[tuple[str, bool, int], list[str]] = defaultdict(list)
    for (place, part), count in sorted(parts.items()):
        if count >= rarest_part:
            by_place[place, is_vowel(part), len(part)].append(part)
    return Lexicon(known, bigrams, trigrams, {key: tuple(value) for key, value in by_place.items()})


def spellable(length: int, known: Lexicon, *, rarest_trigram: int) -> list[str]:
    """All strings of a length whose three letters in a row and whose segments words have too.

    Parameters
    ----------
    length
        Letters, at least 3.
    known
        The words.
    rarest_trigram
        In how many words every three letters in a row (ends included) stand at least.

    >>> spellable(3, lexicon(["cat", "car", "bar"], rarest_part=1), rarest_trigram=1)
    ['bar', 'car', 'cat']
    """
    common = sorted(triple for triple, n in known.trigrams.items() if n >= rarest_trigram)
    following: dict[str, list[str]] = defaultdict(list)
    for triple in common:
        following[triple[:2]].append(triple[2])
    strings = [triple for triple in common if triple.startswith("^")]
    for _ in range(length - 1):
        strings = [string + letter for string in strings for letter in following[string[-2:]]]
    parts = {
        (where, part) for (where, _, _), segments_ in known.parts.items() for part in segments_
    }
    ended = (string[1:-1] for string in strings if string.endswith("$"))
    return [string for string in ended if all(part in parts for part in placed(string))]


def placed(word: str) -> list[tuple[str, str]]:
    """The segments with their place in the word."""
    runs = segments(word)
    places = ["first", *["middle"] * (len(runs) - 2), "last"][: len(runs)]
    return list(zip(places, runs, strict=True))


def is_vowel(part: str) -> bool:
    """Whether a segment is one of vowels."""
    return part[0] in VOWELS


def _grams(word: str, size: int) -> list[str]:
    framed = f"^{word}$"
    return [framed[place : place + size] for place in range(len(framed) - size + 1)]


def ends_like_a_form_of(word: str, words: Collection[str]) -> bool:
    """Whether a word with a common ending is in the string (*blanded* in *bland*)."""
    endings = ("s", "es", "ed", "d", "ing", "er", "r", "ers", "ly", "y", "est", "ness", "n", "en")
    for ending in endings:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and (stem in words or f"{stem}e" in words):
            return True
    return False


def is_compound_of(word: str, words: Collection[str]) -> bool:
    """Whether two words stand side by side in the string."""
    return any(word[:cut] in words and word[cut:] in words for cut in range(3, len(word) - 2))


def is_slip_of(word: str, words: Collection[str]) -> bool:
    """Whether the string is a word with a letter left out, or with two neighbours swapped.

    >>> is_slip_of("garag", {"garage"}), is_slip_of("rnig", {"ring"}), is_slip_of("rang", {"ring"})
    (True, True, False)
    """
    fuller = (
        word[:place] + letter + word[place:]
        for place in range(len(word) + 1)
        for letter in "abcdefghijklmnopqrstuvwxyz"
    )
    swapped = (
        word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        for place in range(len(word) - 1)
    )
    return any(string in words for string in (*fuller, *swapped))
