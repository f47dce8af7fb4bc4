"""Numbers and flags as a page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.report.source import Row, value

NONE = "n/a"
MINUS = "\N{MINUS SIGN}"


def shown(number: float | None, digits: int = 3) -> str:
    """A number with that many significant digits and a real minus sign.

    >>> shown(0.72222), shown(-1234.5), shown(None), shown(0.0), shown(36.0), shown(2.1e-9)
    ('0.722', '−1234', 'n/a', '0', '36', '2.1e−9')
    """
    if number is None:
        return NONE
    size = abs(number)
    if number == 0:
        return "0"
    if size < 1e-4 or size >= 1e7:
        mantissa, _, exponent = f"{number:.{digits - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}e{int(exponent)}"
    elif size >= 10**digits:
        text = f"{number:.0f}"
    else:
        text = f"{number:.{digits}g}"
        if "e" in text:
            text = f"{float(text):.0f}"
    return text.replace("-", MINUS)


def interval(low: float | None, high: float | None) -> str:
    """An interval in words.

    >>> interval(-0.5, 1), interval(None, None)
    ('−0.5 to 1', 'n/a')
    """
    return NONE if low is None or high is None else f"{shown(low)} to {shown(high)}"


def ci(row: Row) -> str:
    """The interval of a line."""
    return interval(value(row, "ci_low"), value(row, "ci_high"))


def plain(name: str) -> str:
    """A name of the tables as words.

    >>> plain("attachment_bias_ms")
    'attachment bias ms'
    """
    return name.replace("_", " ")


def titled(index: str, condition: str | None) -> str:
    """An index with its condition, as a heading.

    >>> titled("accuracy", "all"), titled("priming", "other_250")
    ('accuracy', 'priming: other 250')
    """
    return plain(index) if condition in (None, "all") else f"{plain(index)}: {plain(condition)}"


def flags(row: Row, hidden: Iterable[str] = ()) -> list[str]:
    """The flags of a line, those of the whole run left out."""
    said = row.get("flag")
    left_out = set(hidden)
    return [flag for flag in (said or "").split("|") if flag and flag not in left_out]


def listed(words: Sequence[str]) -> str:
    """A list in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def counted(n: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    >>> counted(1, "run"), counted(2, "person", "people")
    ('1 run', '2 people')
    """
    return f"{n} {one if n == 1 else many or one + 's'}"
