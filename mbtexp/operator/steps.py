"""The field of steps: where a session begins or goes on, what is left out of it, and why."""

from __future__ import annotations

from collections.abc import Hashable

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QWidget

from mbtexp.operator.existing import Steps
from mbtexp.task import Catalogue

SHOWN = 36
"""Letters of what was chosen that the button shows; the rest stands in its tooltip."""


class StepsField(QWidget):
    """A button whose menu lists the steps, and the reason if some are left out."""

    changed = pyqtSignal()
    """Something was chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text: Catalogue | None = None
        self._whose: Hashable = None
        self._offered = Steps()
        self.button, self.reason = QPushButton(), QLineEdit()
        self.button.setObjectName("steps_menu")
        self.reason.setObjectName("reason")
        self._menu = QMenu(self.button)
        self.begin, self.leave = QMenu(self._menu), QMenu(self._menu)
        self._menu.addMenu(self.begin)
        self._menu.addMenu(self.leave)
        self.button.setMenu(self._menu)
        self._begin_group = QActionGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.button)
        row.addWidget(self.reason, stretch=1)
        row.addStretch(0)
        self.reason.textChanged.connect(self._tell)
        self._show()

    # -- what was chosen ------------------------------------------------------------------------

    @property
    def start_at(self) -> str:
        """The step to begin with; empty: the first, or where it was."""
        chosen = self._begin_group.checkedAction()
        return "" if chosen is None else str(chosen.data() or "")

    @property
    def skip(self) -> tuple[str, ...]:
        """The steps to leave out."""
        return tuple(str(one.data()) for one in self.leave.actions() if one.isChecked())

    @property
    def why(self) -> str:
        """The reason, in one line."""
        return self.reason.text().strip()

    def offer(self, whose: Hashable, steps: Steps) -> None:
        """List these steps; for another session, or other steps, the choice begins anew.

        Parameters
        ----------
        whose
            What the session is known by.
        steps
            Its steps.
        """
        if (whose, steps) == (self._whose, self._offered):
            return
        self._whose, self._offered = whose, steps
        self._fill()
        self.reason.clear()
        self._show()

    # -- what is said ---------------------------------------------------------------------------

    def speak(self, text: Catalogue) -> None:
        """Put all words into a language."""
        self._text = text
        self.begin.setTitle(text("steps_begin"))
        self.leave.setTitle(text("steps_leave"))
        self.reason.setPlaceholderText(text("reason_hint"))
        self.reason.setAccessibleName(text("reason"))
        first = self.begin.actions()
        if first:
            first[0].setText(text("steps_first"))
        self._show()

    # -- inside ---------------------------------------------------------------------------------

    def _fill(self) -> None:
        self.begin.clear()
        self.leave.clear()
        self._begin_group = QActionGroup(self)
        for step in ("", *self._offered.begin):
            action = self._action(self.begin, step or self._said("steps_first"), step)
            action.setChecked(not step)
            self._begin_group.addAction(action)
        for step in self._offered.leave:
            self._action(self.leave, step, step)

    def _action(self, menu: QMenu, label: str, step: str) -> QAction:
        action = QAction(label, menu)
        action.setCheckable(True)
        action.setData(step)
        action.triggered.connect(self._chosen)
        menu.addAction(action)
        return action

    def _chosen(self) -> None:
        self._show()
        self._tell()
        self.setFocus()

    def _show(self) -> None:
        """The button says what was chosen; the reason is asked for where there must be one."""
        said = [
            *([self._said("steps_from", step=self.start_at)] if self.start_at else []),
            *([self._said("steps_without", steps=", ".join(self.skip))] if self.skip else []),
        ]
        whole = "; ".join(said) or self._said("steps_all")
        short = whole if len(whole) <= SHOWN else f"{whole[: SHOWN - 3].rstrip()} ..."
        self.button.setText(short)
        self.button.setToolTip(whole if said else "")
        self.button.setAccessibleDescription(whole)
        self.button.setEnabled(bool(self._offered.begin))
        self.reason.setVisible(bool(said))
        self._aim()

    def _aim(self) -> None:
        """Whoever goes to this field goes to what is missing in it."""
        missing = bool(self.start_at or self.skip) and not self.why
        self.setFocusProxy(self.reason if missing else self.button)

    def _tell(self, *_: object) -> None:
        self._aim()
        self.changed.emit()

    def _said(self, key: str, **values: object) -> str:
        return key if self._text is None else self._text(key, **values)
