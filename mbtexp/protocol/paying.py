"""The payout step: the draw over a session's choices, as the discounting task makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from mbtexp.errors import DataError
from mbtexp.events import read_log
from mbtexp.show import write_new
from mbtexp.task import find_task

TASK = "discounting"


@dataclass(frozen=True)
class Paid:
    """What the operator is told, and why nothing was drawn where nothing was."""

    text: str
    reason: str = ""


def pay(logs: Sequence[Path], receipt: Path, language: str) -> Paid:
    """Draw the choice that is paid and write the receipt; one that is there is read again.

    Nothing is to be paid where no completed run promised real rewards: that is told, not refused.
    """
    mine = [path for path in logs if f"_task-{TASK}_" in path.name]
    read = [log for log in map(read_log, filter(Path.is_file, mine)) if log.completed]
    # The core does not know the tasks; it only hands over.
    payout = import_module("tasks.discounting.payout")
    try:
        text = payout.receipt(payout.draw(read), find_task(TASK).catalogue(language))
    except DataError as error:
        return Paid(f"payout: {error}", str(error))
    if receipt.is_file():
        return Paid(receipt.read_text(encoding="utf-8").rstrip())
    write_new(receipt, text)
    return Paid(f"{str(text).rstrip()}\n{receipt}: the receipt, to print and sign.")
