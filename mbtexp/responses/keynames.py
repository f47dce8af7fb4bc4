"""One name for a key, whatever a back end calls it and wherever on the keyboard it lies."""

from __future__ import annotations

_SAME = {
    "enter": "return",
    "num_enter": "return",
    "kp_enter": "return",
    "esc": "escape",
    "spacebar": "space",
    "page_up": "pageup",
    "page_down": "pagedown",
    "caps_lock": "capslock",
    "num_lock": "numlock",
    "scroll_lock": "scrolllock",
    "prior": "pageup",
    "next": "pagedown",
    "shift_l": "lshift",
    "shift_r": "rshift",
    "control_l": "lctrl",
    "control_r": "rctrl",
    "alt_l": "lalt",
    "alt_r": "ralt",
    "iso_level3_shift": "ralt",
    "super_l": "lwindows",
    "super_r": "rwindows",
    "adiaeresis": "ä",
    "odiaeresis": "ö",
    "udiaeresis": "ü",
    "ssharp": "ß",
    "decimal": "period",
    "separator": "comma",
    "add": "plus",
    "subtract": "minus",
    "multiply": "asterisk",
    "divide": "slash",
}

_PAD = {
    "insert": "0",
    "end": "1",
    "down": "2",
    "next": "3",
    "page_down": "3",
    "left": "4",
    "begin": "5",
    "right": "6",
    "home": "7",
    "up": "8",
    "prior": "9",
    "page_up": "9",
    "delete": "period",
}
"""A key of the number pad is its figure whether or not Num Lock is on."""


def key_name(name: str) -> str:
    """The suite's name of a key: ``1`` in the main row and on the number pad, ``return`` for both.

    >>> [key_name(name) for name in ("KP_1", "num_1", "KP_End", "_1", "ENTER", "F", "Control_L")]
    ['1', '1', '1', '1', 'return', 'f', 'lctrl']
    """
    lower = name.lower()
    if lower in _SAME:
        return _SAME[lower]
    for prefix in ("kp_", "num_", "_"):
        if lower.startswith(prefix) and len(lower) > len(prefix):
            rest = lower.removeprefix(prefix)
            return _PAD.get(rest) or key_name(rest)
    return lower
