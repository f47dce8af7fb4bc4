"""The window: fields on the left of what will happen, start below; out of the way while it runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QLocale, Qt, QTimer, QUrl
from PyQt6.QtGui import QCloseEvent, QDesktopServices, QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mbtexp.languages import languages, read_words
from mbtexp.operator.command import Command, sentence
from mbtexp.operator.entries import (
    Entries,
    mistakes,
    placed,
    start_words,
    watch_words,
)
from mbtexp.operator.existing import Existing, existing, steps_to_choose
from mbtexp.operator.form import Form
from mbtexp.operator.going import Going
from mbtexp.operator.photographs import locked, refusal
from mbtexp.operator.remembered import recall, remember, settings_file
from mbtexp.operator.runsheet import RunSheet
from mbtexp.task import Catalogue

TEXTS = Path(__file__).parents[1] / "texts"

CHECK_MS = 250
"""How long nothing is typed before the fields are checked."""

REFUSED_CODE = 2

ADDRESS = re.compile(r"http://\S+")

STYLE = """
QLabel[wrong="true"] { color: palette(text); background: rgba(217, 48, 37, 45);
  border-left: 4px solid #d93025; padding: 3px 6px; }
QLabel#head { font-size: 14pt; font-weight: bold; }
QLabel#head[kind="good"] { border-left: 6px solid #1d7a46; padding-left: 8px; }
QLabel#head[kind="bad"] { border-left: 6px solid #d93025; padding-left: 8px; }
QLabel#question { font-size: 12pt; font-weight: bold; }
QLabel#told { padding: 3px 6px; border-left: 4px solid #d08700; background: rgba(208, 135, 0, 40); }
QPushButton#start { font-weight: bold; padding: 6px 22px; }
"""


class Window(QWidget):
    """The operator's window.

    Parameters
    ----------
    settings
        File of what is remembered.
    language
        Language of the window where nothing is remembered.
    """

    def __init__(self, settings: Path, language: str = "en") -> None:
        super().__init__()
        self._settings = settings
        last = recall(settings)
        known = languages(TEXTS, "operator")
        first = last.window_language if last.window_language in known else language
        self._text = _catalogue(first if first in known else "en")
        self._wrong: dict[str, str] = {}
        self._existing: Existing | None = None
        self._run: Command | None = None
        self._watch: Command | None = None
        self._started: Entries | None = None
        self.form = Form(languages(TEXTS, "core"))
        self.going = Going()
        self.run_sheet = RunSheet(self)
        self.sheet = self.run_sheet.pane
        self.sheet_label, self.told = QLabel(), QLabel()
        self.told.setObjectName("told")
        self.told.setWordWrap(True)
        self.start, self.watch = QPushButton(), QPushButton()
        self.start.setObjectName("start")
        self.start.setDefault(True)
        self.window_language = QComboBox()
        self.window_language.addItems(known)
        self.window_language.setCurrentText(self._text.language)
        self.pages = QStackedWidget()
        self._lay_out()
        self._check_timer = _timer(self, CHECK_MS, self.check)
        self._connect()
        self.speak()
        self.form.fill(last)
        self.check()

    # -- looks ----------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.setStyleSheet(STYLE)
        top = QHBoxLayout()
        top.addStretch(1)
        self._language_label = QLabel()
        self._language_label.setBuddy(self.window_language)
        top.addWidget(self._language_label)
        top.addWidget(self.window_language)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(top)
        column.addWidget(self.form)
        column.addWidget(self.told)
        column.addWidget(self.sheet_label)
        column.addWidget(self.sheet, stretch=1)
        self.sheet_label.setBuddy(self.sheet)
        buttons = QHBoxLayout()
        buttons.addWidget(self.watch)
        buttons.addStretch(1)
        buttons.addWidget(self.start)
        column.addLayout(buttons)
        QWidget.setTabOrder(self.form.modes["dry"], self.sheet)
        QWidget.setTabOrder(self.sheet, self.watch)
        QWidget.setTabOrder(self.watch, self.start)
        QWidget.setTabOrder(self.start, self.window_language)
        self.pages.addWidget(page)
        self.pages.addWidget(self.going)
        QVBoxLayout(self).addWidget(self.pages)
        letters = self.fontMetrics().averageCharWidth()
        self.resize(104 * letters, 44 * self.fontMetrics().height())

    def speak(self) -> None:
        """Put all words into the window's language."""
        text = self._text
        self.setWindowTitle(text("title"))
        self._language_label.setText(text("window_language"))
        self.sheet_label.setText(text("sheet"))
        self.start.setText(text("go_on" if self._resumes else "start"))
        self.watch.setText(text("watch"))
        self.watch.setToolTip(text("watch_tip"))
        self.form.speak(text)
        self.going.speak(text)
        self._tell()

    def _connect(self) -> None:
        self.form.changed.connect(self._changed)
        self.run_sheet.refused.connect(self._plan_refused)
        self.start.clicked.connect(self.begin)
        self.watch.clicked.connect(self.open_watch)
        self.window_language.currentTextChanged.connect(self._choose_language)
        self.going.answered.connect(self._answer)
        self.going.stop_asked.connect(self._ask_to_stop)
        self.going.back_asked.connect(self._back)
        self.going.folder_asked.connect(self._open_folder)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            QShortcut(QKeySequence(key), self.form, self._enter).setContext(
                Qt.ShortcutContext.WidgetWithChildrenShortcut
            )

    def _choose_language(self, language: str) -> None:
        self._text = _catalogue(language)
        self.speak()
        self._keep()

    # -- checking -------------------------------------------------------------------------------

    def _changed(self) -> None:
        self.start.setEnabled(False)
        self._check_timer.start()

    def check(self) -> None:
        """Say what is wrong now, and whether there are logs already."""
        self._check_timer.stop()
        self._offer_steps()
        entries = self.form.entries()
        self._wrong = mistakes(entries)
        self._existing = existing(entries)
        self.form.complain(self._wrong)
        self._tell()
        if self._wrong:
            self.run_sheet.show_none(self._text("sheet_empty"))
        else:
            self.run_sheet.show_for(self._filled(), self._text)

    def _offer_steps(self) -> None:
        """List the steps; what was left out for one person is never left out for the next."""
        entries = self.form.entries()
        whose = (entries.data, entries.participant, entries.session, entries.what, entries.pilot)
        self.form.steps.offer(whose, steps_to_choose(entries))

    def _tell(self) -> None:
        """What is to be known before the start; whether there can be one."""
        entries, there = self.form.entries(), self._existing
        ending = "_steps" if _is_session(entries) else ""
        said = ""
        if there is not None:
            key = "complete" if there.complete else "resume"
            said = self._text(f"{key}{ending}", done=there.done, whole=there.whole)
        elif entries.data and "data" not in self._wrong and not Path(entries.data).exists():
            said = self._text("new_folder")
        self.told.setText(said)
        self.told.setVisible(bool(said))
        self.start.setText(self._text("go_on" if self._resumes else "start"))
        complete = there is not None and there.complete
        self.start.setEnabled(not self._wrong and not complete)
        self.watch.setEnabled(Path(entries.data).is_dir() if entries.data else False)

    @property
    def _resumes(self) -> bool:
        return self._existing is not None and not self._existing.complete

    def _filled(self) -> Entries:
        return replace(self.form.entries(), resume=self._resumes)

    def _plan_refused(self, said: str) -> None:
        """What only the run sheet could know stands beside its field."""
        self._wrong = {**self._wrong, placed(said, self._filled()): said}
        self.form.complain(self._wrong)
        self._tell()

    # -- running --------------------------------------------------------------------------------

    def _enter(self) -> None:
        """Return in a field starts, if nothing is wrong; else it goes to what is missing."""
        self.check()
        if self.start.isEnabled():
            self.begin()
        else:
            self.form.focus_first(self._wrong)

    def begin(self) -> None:
        """Start what is filled in, as a process of its own."""
        self.check()
        if not self.start.isEnabled():
            self.form.focus_first(self._wrong)
            return
        passphrase = self._passphrase()
        if passphrase is None:
            return
        self._keep()
        self.run_sheet.drop()
        entries = self._started = self._filled()
        self._run = Command(start_words(entries), self)
        self._run.said.connect(self.going.say)
        self._run.asked.connect(self._asked)
        self._run.ended.connect(self._ended)
        name = entries.what.label if entries.what else ""
        self.going.begin(f"{name}: {entries.participant}, {entries.session}")
        self.pages.setCurrentWidget(self.going)
        self._run.start(passphrase)
        if entries.mode != "dry":
            self.showMinimized()

    def _passphrase(self) -> str | None:
        """The passphrase of locked photographs; empty where none is needed, None: asked for."""
        entries = self.form.entries()
        photographs = locked(entries.photos, entries.participant)
        given = self.form.take_passphrase()
        if photographs is None:
            self.form.hide_passphrase()
            return ""
        wrong = refusal(photographs, given) if given else ""
        if wrong or not given:
            self.form.ask_passphrase(wrong)
            return None
        self.form.hide_passphrase()
        return given

    def _asked(self, question: str) -> None:
        self._come_back()
        self.going.ask(question)

    def _answer(self, line: str) -> None:
        if self._run is not None:
            self._run.answer(line)
        if self._started is not None and self._started.mode != "dry":
            self.showMinimized()

    def _ended(self, code: int) -> None:
        output = "" if self._run is None else self._run.output
        self._run = None
        self._come_back()
        refused = sentence(output)
        if code == REFUSED_CODE and refused and self._started is not None:
            name = placed(refused, self._started)
            if name != "what" and len(output.strip().splitlines()) == 1:
                self.pages.setCurrentIndex(0)
                self.check()
                self.form.complain({**self._wrong, name: refused})
                self.form.focus_first({name: refused})
                return
        self.going.end(code, session=_is_session(self._started))

    def _ask_to_stop(self) -> None:
        sure = QMessageBox.question(self, self._text("title"), self._text("stop_sure"))
        if sure == QMessageBox.StandardButton.Yes and self._run is not None:
            self._run.stop()

    def _back(self) -> None:
        self.pages.setCurrentIndex(0)
        self.check()
        if self._started is not None and self._existing is not None and self._existing.complete:
            self.form.clear_person()
            self.check()
        self.form.participant.setFocus()

    def _come_back(self) -> None:
        self.showNormal()
        self.raise_()
        self.activateWindow()

    def _open_folder(self) -> None:
        if self._started is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._started.folder)))

    # -- the watch ------------------------------------------------------------------------------

    def open_watch(self) -> None:
        """Start the watch of this study, and show its page."""
        entries = self.form.entries()
        if self._watch is not None:
            self._watch.drop()
        self._watch = Command(watch_words(entries), self)
        self._watch.said.connect(self._watch_said)
        self._watch.start()

    def _watch_said(self, text: str) -> None:
        found = ADDRESS.search(text)
        if found:
            QDesktopServices.openUrl(QUrl(found[0]))

    # -- the end --------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802  Qt's name
        """Stay while something runs; otherwise remember and go."""
        if event is None:
            return
        if self._run is not None and self._run.running:
            QMessageBox.information(self, self._text("title"), self._text("close_running"))
            event.ignore()
            return
        self._keep()
        self.run_sheet.drop()
        if self._watch is not None:
            self._watch.drop()
        event.accept()

    def _keep(self) -> None:
        remember(self._settings, self.form.values(self._text.language))


def show() -> int:
    """The window, until it is closed."""
    application = QApplication([])
    application.setApplicationName("mbtexp")
    window = Window(settings_file(), QLocale.system().name().partition("_")[0])
    window.show()
    return application.exec()


def _is_session(entries: Entries | None) -> bool:
    """Whether it is a whole session that was filled in, not a single run."""
    return entries is not None and entries.what is not None and entries.what.kind == "protocol"


def _catalogue(language: str) -> Catalogue:
    return Catalogue(*read_words(TEXTS, "operator", language, whose="the operator's window"))


def _timer(parent: QWidget, after_ms: int, do: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(after_ms)
    timer.timeout.connect(do)
    return timer
