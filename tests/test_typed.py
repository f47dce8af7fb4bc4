"""Words typed letter by letter, and the operator's pause key that is a letter meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from mbtexp.errors import SettingError
from mbtexp.events import MemoryLog
from mbtexp.plan import _guarded_keys, refuse_shared_keys
from mbtexp.ports import Press
from mbtexp.rig import Rig
from mbtexp.run import LETTERS, Run
from mbtexp.timeline import Keys, Phase, Text
from mbtexp.typed import Typed, type_word
from mbtexp.virtual import VirtualLab

LINE = Text("_")


@dataclass(frozen=True)
class Row:
    trial: int
    block: int = 1
    practice: bool = False


def typed(*keys: str, rows: int = 1, presses: tuple[Press, ...] = ()) -> tuple[Typed, MemoryLog]:
    """What comes of these keys, a quarter of a second each."""
    left = list(keys)

    def answer(phase: Phase, row: Mapping[str, Any]) -> list[tuple[str, float]]:
        return [(left.pop(0) if left else "return", 0.25)]

    lab, log, found = VirtualLab(answer=answer, presses=presses), MemoryLog(), []
    run = Run(
        display=lab.display,
        responses=lab.responses,
        trigger=lab.trigger,
        clock=lab.clock,
        log=log,
        trials=[Row(n + 1) for n in range(rows)],
    )
    with run:
        for block in run.blocks():
            for _ in run.trials_of(block):
                found.append(type_word(run, "word", LINE))
                run.record()
    assert not lab.display.unprepared
    return found[0], log


def test_letters_make_a_word_that_the_return_key_ends() -> None:
    word, log = typed("r", "i", "n", "g", "return")

    assert word.text == "ring"
    assert word.rt_s == pytest.approx(0.25)
    assert word.done_s == pytest.approx(5 * 0.25, abs=5 / 60)
    assert [event["tag"] for event in log.of("phase")] == ["", "r", "ri", "rin", "ring"]


def test_backspace_takes_the_last_letter_back_and_stops_at_the_first() -> None:
    word, _ = typed("a", "backspace", "backspace", "b", "return")
    assert word.text == "b"


def test_an_empty_line_is_an_answer_without_a_first_letter() -> None:
    word, _ = typed("return")
    assert (word.text, word.rt_s) == ("", None)


def test_a_word_has_at_most_twenty_letters() -> None:
    word, _ = typed(*"abcdefghijklmnopqrstuvwxyz", "return")
    assert word.text == "abcdefghijklmnopqrst"


def test_the_pause_key_is_a_letter_while_a_word_is_typed() -> None:
    word, log = typed("p", "o", "p", "return", rows=2)

    assert word.text == "pop"
    assert log.of("pause") == []
    assert not [event for event in log.of("response") if event["status"] == "operator"]


def test_the_stop_key_stays_the_operators_while_a_word_is_typed() -> None:
    _, log = typed("p", "return", presses=(Press(0.1, "escape"),))
    assert [e["key"] for e in log.of("response") if e["status"] == "operator"] == ["escape"]
    assert [e for e in log.of("phase") if e["phase"] == "confirm_stop"]


def test_the_pause_key_stays_guarded_in_every_other_phase() -> None:
    rig = Rig()
    words = Phase("word", (), keys=Keys((*LETTERS, "return")))
    refuse_shared_keys(_guarded_keys(words, rig), rig)
    with pytest.raises(SettingError, match="'p' answers the task and is also the operator's pause"):
        refuse_shared_keys(_guarded_keys(Phase("x", (), keys=Keys(("o", "p"))), rig), rig)


def test_no_word_can_be_typed_where_the_scanners_key_is_a_letter() -> None:
    rig = Rig(mode="fmri")
    words = Phase("word", (), keys=Keys((*LETTERS, "return")))
    with pytest.raises(SettingError, match="'t' answers the task and is also the scanner's"):
        refuse_shared_keys(_guarded_keys(words, rig), rig)
