"""The page while something runs, and how it went: its words, its questions, its end."""

from __future__ import annotations

import re
import sys
from functools import partial

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QFontDatabase, QTextCursor
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mbtexp.operator.command import LOST_CODE, STOPPED_CODE
from mbtexp.task import Catalogue

CAN_STOP = sys.platform != "win32"
"""On Windows a process without a console cannot be asked to end; the keys at its screen can."""

YES_OR_NO = "(yes/no)"
"""How the command line ends a question that takes only these."""

PRESS_ENTER = "Press Enter"
"""How it asks for nothing but a sign that it can go on."""

WORD = re.compile(r"\[(\w)\]([^,:\[\]]*)")
"""How it shows a word that can be answered, which its first letter stands for: ``[s]kip``."""


class Going(QWidget):
    """What a command says, asks, and how it ended."""

    answered = pyqtSignal(str)
    """The operator's answer to the question."""

    stop_asked = pyqtSignal()
    """The operator wants to end it."""

    back_asked = pyqtSignal()
    """The operator has read how it went."""

    folder_asked = pyqtSignal()
    """The operator wants to see the files."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text: Catalogue | None = None
        self._asks = False
        self.head = QLabel()
        self.head.setObjectName("head")
        self.head.setWordWrap(True)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.words = text_pane()
        self.question = QLabel()
        self.question.setObjectName("question")
        self.question.setWordWrap(True)
        self.line = QLineEdit()
        self.answer = QPushButton()
        self.choices: list[QPushButton] = []
        self.stop, self.folder, self.back = QPushButton(), QPushButton(), QPushButton()
        self._lay_out()
        self.line.returnPressed.connect(self._answer_line)
        self.answer.clicked.connect(self._answer_line)
        self.stop.clicked.connect(self.stop_asked)
        self.back.clicked.connect(self.back_asked)
        self.folder.clicked.connect(self.folder_asked)

    def _lay_out(self) -> None:
        self._asked = QHBoxLayout()
        self._asked.addWidget(self.line)
        self._asked.addWidget(self.answer)
        buttons = QHBoxLayout()
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        buttons.addWidget(self.folder)
        buttons.addWidget(self.back)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        for widget in (self.head, self.hint, self.words, self.question):
            page.addWidget(widget)
        page.addLayout(self._asked)
        page.addLayout(buttons)
        for button in (self.answer, self.stop, self.folder, self.back):
            button.setAutoDefault(True)

    def speak(self, text: Catalogue) -> None:
        """Put all words into a language."""
        self._text = text
        for name in ("answer", "stop", "folder", "back"):
            button: QPushButton = getattr(self, name)
            button.setText(text(name))
        self.line.setAccessibleName(text("answer").replace("&", ""))
        self.words.setAccessibleName(text("running"))

    def begin(self, what: str) -> None:
        """Something has been started."""
        self._set_head(what, "")
        self.hint.setText(self._said("running_hint"))
        self.hint.show()
        self.words.clear()
        self._show_question("")
        self.stop.setVisible(CAN_STOP)
        self.folder.setVisible(False)
        self.back.setVisible(False)

    def say(self, text: str) -> None:
        """More of what it says, at the end."""
        self.words.moveCursor(QTextCursor.MoveOperation.End)
        self.words.insertPlainText(text)
        self.words.moveCursor(QTextCursor.MoveOperation.End)

    def ask(self, question: str) -> None:
        """It waits for an answer: one of a few words, or a line."""
        words = choices_of(question)
        self._show_question(_without_words(question))
        self.stop.hide()  # every question has its own way out
        for word in words:
            self._offer(word, self._said(word) if word in ("yes", "no") else f"&{word}")
        if PRESS_ENTER in question:
            self._offer("", self._said("continue"))
        self.line.setVisible(not self.choices)
        self.answer.setVisible(not self.choices)
        first: QWidget = self.choices[0] if self.choices else self.line
        first.setFocus()

    def end(self, code: int, *, session: bool) -> None:
        """It is over: a whole session, or a single run."""
        lost = "not_over" if session else "finished_lost"
        words = {0: "finished", LOST_CODE: lost, STOPPED_CODE: "stopped"}
        self._set_head(self._said(words.get(code, "refused")), "good" if code == 0 else "bad")
        self.hint.hide()
        self._show_question("")
        self.stop.setVisible(False)
        self.folder.setVisible(True)
        self.back.setVisible(True)
        self.back.setDefault(True)
        self.back.setFocus()

    def _show_question(self, question: str) -> None:
        self._asks = bool(question)
        self.question.setText(question)
        for widget in (self.question, self.line, self.answer):
            widget.setVisible(self._asks)
        self.line.clear()
        for button in self.choices:
            self._asked.removeWidget(button)
            button.deleteLater()
        self.choices = []

    def _offer(self, word: str, label: str) -> None:
        """One more button, that answers with this word."""
        button = QPushButton(label)
        button.setAutoDefault(True)
        button.clicked.connect(partial(self._give, word))
        self._asked.addWidget(button)
        button.show()  # at once, so that it can take the focus
        self.choices.append(button)

    def _answer_line(self) -> None:
        self._give(self.line.text())

    def _give(self, line: str, _checked: bool = False) -> None:
        if self._asks:
            self._show_question("")
            self.stop.setVisible(CAN_STOP)
            self.answered.emit(line)

    def _set_head(self, text: str, kind: str) -> None:
        self.head.setText(text)
        self.head.setProperty("kind", kind)
        style = self.head.style()
        if style is not None:
            style.unpolish(self.head)
            style.polish(self.head)

    def _said(self, key: str) -> str:
        return key if self._text is None else self._text(key)


def choices_of(question: str) -> list[str]:
    """The words that a question takes; none where any line will do.

    >>> choices_of("Again? (yes/no)"), choices_of("Next: eyes. [b]egin, [l]eave it out:")
    (['yes', 'no'], ['begin', 'leave it out'])
    >>> choices_of("Why?")
    []
    """
    if question.endswith(YES_OR_NO):
        return ["yes", "no"]
    return ["".join(found) for found in WORD.findall(question)] if question.endswith(":") else []


def _without_words(question: str) -> str:
    """A question without the words that have become buttons."""
    if choices_of(question):
        question = WORD.split(question.removesuffix(YES_OR_NO))[0]
    return question.strip().rstrip(":")


def text_pane() -> QPlainTextEdit:
    """A place for the words of a command: columns stay columns, nothing can be typed."""
    pane = QPlainTextEdit()
    pane.setReadOnly(True)
    pane.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    pane.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
    pane.setTabChangesFocus(True)
    return pane
