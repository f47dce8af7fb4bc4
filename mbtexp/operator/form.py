"""The fields: what is to be run, with what is wrong beside each of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from mbtexp.operator.entries import FIELDS, MODES, Entries, What, choices, presets
from mbtexp.operator.existing import shows_photographs
from mbtexp.operator.remembered import Remembered
from mbtexp.operator.steps import StepsField
from mbtexp.task import Catalogue

HIGHEST_RUN = 99

LABELS = (
    *("data", "participant", "session", "what", "preset", "run", "group", "steps"),
    *("rig", "photos", "passphrase", "language"),
)

BROWSED = ("data", "rig", "photos")


class Form(QWidget):
    """The fields of the window.

    Parameters
    ----------
    languages
        The participant's languages that can be chosen.
    """

    changed = pyqtSignal()
    """Something was filled in."""

    def __init__(self, languages: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text: Catalogue | None = None
        self._labels = {name: QLabel() for name in (*LABELS, "mode")}
        self._wrong = {name: _complaint(name) for name in FIELDS}
        self.data, self.participant = QLineEdit(), QLineEdit()
        self.session, self.group, self.rig = QLineEdit("01"), QLineEdit(), QLineEdit()
        self.photos, self.passphrase = QLineEdit(), QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.steps = StepsField()
        self.what, self.preset, self.language = QComboBox(), QComboBox(), QComboBox()
        self.language.addItems(languages)
        self.run = QSpinBox()
        self.run.setRange(1, HIGHEST_RUN)
        self.modes = {mode: QRadioButton() for mode in MODES}
        self._mode_group = QButtonGroup(self)
        self._browse = {name: QPushButton() for name in BROWSED}
        self._lay_out()
        self.hide_passphrase()
        self._choices: list[What] = []
        self.modes["lab"].setChecked(True)
        self._connect()

    # -- what is filled in ----------------------------------------------------------------------

    def entries(self) -> Entries:
        """What is filled in now."""
        what = self.what.currentData()
        task = isinstance(what, What) and what.kind == "task"
        return Entries(
            data=_path(self.data.text()),
            participant=self.participant.text().strip(),
            session=self.session.text().strip(),
            what=what if isinstance(what, What) else None,
            preset=self.preset.currentText() if task else "",
            run=self.run.value() if task else 1,
            group="" if task else self.group.text().strip(),
            rig=_path(self.rig.text()),
            photos=_path(self.photos.text()) if shows_photographs(what) else "",
            start_at="" if task else self.steps.start_at,
            skip=() if task else self.steps.skip,
            reason="" if task else self.steps.why,
            language=self.language.currentText(),
            mode=next(mode for mode, button in self.modes.items() if button.isChecked()),
        )

    def fill(self, values: Remembered) -> None:
        """The values of the last time; the participant stays empty."""
        self.data.setText(values.data)
        self.session.setText(values.session)
        self.rig.setText(values.rig)
        self.photos.setText(values.photos)
        self._offer()
        wanted = next(
            (one for one in self._choices if (one.kind, one.name) == (values.kind, values.name)),
            None,
        )
        if wanted is not None:
            self.what.setCurrentIndex(self._choices.index(wanted))
        self._what_chosen()
        self.preset.setCurrentText(values.preset)
        self.language.setCurrentText(values.language)
        for mode, button in self.modes.items():
            button.setChecked(mode == values.mode)
        if not any(button.isChecked() for button in self.modes.values()):
            self.modes["lab"].setChecked(True)
        (self.participant if values.data else self.data).setFocus()

    def values(self, window_language: str) -> Remembered:
        """What is worth remembering."""
        now = self.entries()
        return Remembered(
            data=now.data,
            session=now.session,
            kind=now.what.kind if now.what else "",
            name=now.what.name if now.what else "",
            preset=now.preset,
            rig=now.rig,
            photos=_path(self.photos.text()),
            language=now.language,
            mode=now.mode,
            window_language=window_language,
        )

    def clear_person(self) -> None:
        """The next participant is filled in anew."""
        self.participant.clear()
        self.group.clear()

    def ask_passphrase(self, wrong: str = "") -> None:
        """Show the field for the passphrase of the photographs, and go there.

        Parameters
        ----------
        wrong
            Why the last one was not right.
        """
        self._show_field("passphrase", shown=True)
        self.complain({"passphrase": wrong})
        self.passphrase.setFocus()

    def take_passphrase(self) -> str:
        """What was typed there; nothing of it stays."""
        given = self.passphrase.text()
        self.passphrase.clear()
        return given

    def hide_passphrase(self) -> None:
        """Nothing is asked for, and nothing stays."""
        self.passphrase.clear()
        self._show_field("passphrase", shown=False)

    # -- what is said ---------------------------------------------------------------------------

    def speak(self, text: Catalogue) -> None:
        """Put all words into a language."""
        self._text = text
        for name, label in self._labels.items():
            label.setText(text(name))
        for name in ("participant", "group", "rig", "photos", "passphrase"):
            field: QLineEdit = getattr(self, name)
            field.setPlaceholderText(text(f"{name}_hint"))
        for mode, button in self.modes.items():
            button.setText(text(f"mode_{mode}"))
        for browse in self._browse.values():
            browse.setText(text("browse"))
        self.steps.speak(text)
        self._name_fields()
        for place, what in enumerate(self._choices):
            self.what.setItemText(place, text(what.kind, name=what.label))

    def complain(self, mistakes: Mapping[str, str]) -> None:
        """Show what is wrong beside the fields; an empty sentence is no complaint."""
        for name, label in self._wrong.items():
            said = mistakes.get(name, "")
            label.setText(said)
            label.setVisible(bool(said))
            self._fields()[name].setAccessibleDescription(said)

    def focus_first(self, mistakes: Mapping[str, str]) -> None:
        """Go to the first field that something is wrong with."""
        name = next((name for name in FIELDS if name in mistakes), None)
        if name is not None:
            self._fields()[name].setFocus()

    # -- inside ---------------------------------------------------------------------------------

    def _fields(self) -> dict[str, QWidget]:
        return {name: getattr(self, name) for name in LABELS}

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        row = 0
        for name, field in self._fields().items():
            grid.addWidget(self._labels[name], row, 0)
            self._labels[name].setBuddy(field)
            grid.addWidget(field, row, 1, 1, 1 if name in self._browse else 2)
            field.setObjectName(name)
            if name in self._browse:
                grid.addWidget(self._browse[name], row, 2)
            if name in self._wrong:
                row += 1
                grid.addWidget(self._wrong[name], row, 1, 1, 2)
            row += 1
        modes = QHBoxLayout()
        for button in self.modes.values():
            self._mode_group.addButton(button)
            modes.addWidget(button)
        modes.addStretch(1)
        grid.addWidget(self._labels["mode"], row, 0)
        grid.addLayout(modes, row, 1, 1, 2)
        self._order_tabs()

    def _order_tabs(self) -> None:
        order: list[QWidget] = []
        for name, field in self._fields().items():
            parts = [self.steps.button, self.steps.reason] if name == "steps" else [field]
            order += [*parts, *([self._browse[name]] if name in self._browse else [])]
        order += self.modes.values()
        for first, second in pairwise(order):
            QWidget.setTabOrder(first, second)

    def _connect(self) -> None:
        for name in ("data", "participant", "session", "group", "rig", "photos"):
            field: QLineEdit = getattr(self, name)
            field.textChanged.connect(self._tell)
        for field in (self.data, self.participant, self.session, self.photos):
            field.textChanged.connect(self.hide_passphrase)
        self.steps.changed.connect(self._tell)
        self.data.editingFinished.connect(self._offer)
        self.what.currentIndexChanged.connect(self._what_chosen)
        self.preset.currentIndexChanged.connect(self._tell)
        self.language.currentIndexChanged.connect(self._tell)
        self.run.valueChanged.connect(self._tell)
        for button in self.modes.values():
            button.toggled.connect(self._tell)
        self._browse["data"].clicked.connect(self._choose_data)
        self._browse["rig"].clicked.connect(self._choose_rig)
        self._browse["photos"].clicked.connect(self._choose_photos)

    def _tell(self, *_: object) -> None:
        self.changed.emit()

    def _offer(self) -> None:
        """List what can be run with this study's folder; what was chosen stays chosen."""
        offered = choices(_path(self.data.text()))
        if offered == self._choices:
            return
        chosen = self.what.currentData()
        self._choices = offered
        self.what.blockSignals(True)
        self.what.clear()
        for what in offered:
            label = what.label if self._text is None else self._text(what.kind, name=what.label)
            self.what.addItem(label, what)
        self.what.setCurrentIndex(offered.index(chosen) if chosen in offered else 0)
        self.what.blockSignals(False)
        self._what_chosen()

    def _what_chosen(self, *_: object) -> None:
        what = self.what.currentData()
        task = isinstance(what, What) and what.kind == "task"
        self.hide_passphrase()
        photos = shows_photographs(what) if isinstance(what, What) else False
        for name, shown in (
            *(("preset", task), ("run", task), ("group", not task), ("steps", not task)),
            ("photos", photos),
        ):
            self._show_field(name, shown=shown)
        if isinstance(what, What) and task:
            self.preset.blockSignals(True)
            self.preset.clear()
            self.preset.addItems(presets(what.name))
            self.preset.blockSignals(False)
        self._tell()

    def _show_field(self, name: str, *, shown: bool) -> None:
        """A field with all that stands beside it."""
        beside = [self._browse[name]] if name in self._browse else []
        for widget in (self._fields()[name], self._labels[name], *beside):
            widget.setVisible(shown)
        if name in self._wrong and not shown:
            self._wrong[name].hide()

    def _choose_data(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self._said("choose_data"), self.data.text())
        if chosen:
            self.data.setText(chosen)
            self._offer()

    def _choose_rig(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self,
            self._said("choose_rig"),
            self.rig.text() or self.data.text(),
            self._said("rig_files"),
        )
        if chosen:
            self.rig.setText(chosen)

    def _choose_photos(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self._said("choose_photos"), self.photos.text()
        )
        if chosen:
            self.photos.setText(chosen)

    def _said(self, key: str) -> str:
        return key if self._text is None else self._text(key)

    def _name_fields(self) -> None:
        """Names for a screen reader; buttons say of which field they are."""
        for name, field in self._fields().items():
            field.setAccessibleName(self._labels[name].text())
        for name, button in self._browse.items():
            button.setAccessibleName(f"{self._labels[name].text()}: {button.text()}")


def _complaint(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(f"{name}_wrong")
    label.setProperty("wrong", True)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    label.hide()
    return label


def _path(text: str) -> str:
    """A path as it was typed, with the home folder's short form written out."""
    text = text.strip()
    return str(Path(text).expanduser()) if text else ""
