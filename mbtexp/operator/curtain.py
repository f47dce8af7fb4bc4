"""An empty screen with a few words, for the participant to look at between two runs.

Started as ``python -m mbtexp.operator.curtain X Y COLOUR WORDS`` by `mbtexp.protocol.between`; it
ends when its input does, and so with whoever started it.
"""

from __future__ import annotations

import sys
import threading

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QCursor, QGuiApplication, QScreen
from PyQt6.QtWidgets import QApplication, QLabel

LETTERS = 0.045
"""Height of the letters as a part of the screen's: about that of a task's instructions."""

GREY = "#808080"
"""Of a colour that PsychoPy knows and Qt does not."""

LIGHT = 0.7
"""Lightness from which letters are black, 0 to 1."""

UP = "up"
"""What it says once it is there."""


class _Ending(QObject):
    """Tells when nobody is at the other end any more."""

    over = pyqtSignal()

    def listen(self) -> None:
        sys.stdin.buffer.read()
        self.over.emit()


def curtain(screen: QScreen, colour: str, words: str) -> QLabel:
    """The screen's cover: it takes no key and no focus, so that a run's window stays in front."""
    place = screen.geometry()
    cover = QLabel(words)
    cover.setWindowFlags(
        Qt.WindowType.Window
        | Qt.WindowType.FramelessWindowHint
        | Qt.WindowType.WindowDoesNotAcceptFocus
    )
    cover.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    cover.setAlignment(Qt.AlignmentFlag.AlignCenter)
    cover.setWordWrap(True)
    cover.setMargin(place.width() // 8)
    cover.setCursor(QCursor(Qt.CursorShape.BlankCursor))
    letters = cover.font()
    letters.setFamilies(["Noto Sans", letters.family()])
    letters.setPixelSize(max(12, round(LETTERS * place.height())))
    cover.setFont(letters)
    paper = QColor(colour) if QColor.isValidColorName(colour) else QColor(GREY)
    ink = "black" if paper.lightnessF() > LIGHT else "white"
    cover.setStyleSheet(f"background-color: {paper.name()}; color: {ink};")
    cover.setWindowTitle("mbtexp")
    cover.setGeometry(place)
    return cover


def screen_at(corner: tuple[int, int]) -> QScreen | None:
    """The screen with this top left corner, px; None: there is none."""
    for screen in QGuiApplication.screens():
        place = screen.geometry()
        if (place.x(), place.y()) == corner:
            return screen
    return None


def main(x: str, y: str, colour: str, words: str) -> int:
    """Cover the screen until the input ends; 1 without such a screen."""
    application = QApplication([])
    screen = screen_at((int(x), int(y)))
    if screen is None:
        return 1
    cover = curtain(screen, colour, words)
    cover.showFullScreen()
    ending = _Ending()
    ending.over.connect(application.quit)
    threading.Thread(target=ending.listen, daemon=True).start()
    application.processEvents()
    sys.stdout.write(f"{UP}\n")
    sys.stdout.flush()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
