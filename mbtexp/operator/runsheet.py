"""What will happen: the run sheet of what is filled in, worked out by a command of its own."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from mbtexp.operator.command import Command, sentence
from mbtexp.operator.entries import Entries, plan_words, short_plan
from mbtexp.operator.going import text_pane
from mbtexp.operator.photographs import locked
from mbtexp.task import Catalogue

SHEET_MS = 600
"""How long nothing is changed before the run sheet is worked out."""


class RunSheet(QObject):
    """The pane with the run sheet, and the command that makes it."""

    refused = pyqtSignal(str)
    """The command's sentence where what is filled in is not possible."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pane = text_pane()
        self._planned: Entries | None = None
        self._note = ""
        self._command: Command | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHEET_MS)
        self._timer.timeout.connect(self._work_out)

    def show_for(self, entries: Entries, text: Catalogue) -> None:
        """Work out the sheet of these entries, unless it is there already."""
        if entries == self._planned:
            return
        self.drop()
        self._planned = entries
        self._note = text("sheet_locked") if _locked(entries) else ""
        self._show(text("sheet_wait"))
        self._timer.start()

    def show_none(self, told: str) -> None:
        """Say why there is no sheet."""
        self.drop()
        self._planned = None
        self._show(told)

    def drop(self) -> None:
        """End what is still being worked out; the next sheet is worked out anew."""
        self._timer.stop()
        if self._command is not None:
            self._command.drop()
            self._command = None
            self._planned = None

    def _work_out(self) -> None:
        entries = self._planned
        if entries is None:
            return
        # Locked photographs stay locked for it: the passphrase is asked for at the start.
        entries = replace(entries, photos="") if self._note else entries
        self._command = Command(plan_words(entries), self)
        self._command.ended.connect(self._came)
        self._command.start()

    def _came(self, code: int) -> None:
        output = "" if self._command is None else self._command.output
        self._command = None
        refused = sentence(output) if code else ""
        if refused:
            self._show("")
            self.refused.emit(refused)
            return
        what = None if self._planned is None else self._planned.what
        whole = what is not None and what.kind == "protocol"
        said = output.strip() if whole else short_plan(output)
        self._show("\n\n".join(part for part in (self._note, said) if part))

    def _show(self, text: str) -> None:
        if text != self.pane.toPlainText():
            self.pane.setPlainText(text)


def _locked(entries: Entries) -> bool:
    return locked(entries.photos, entries.participant) is not None
