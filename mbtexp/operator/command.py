"""A command of ours in another process: what it says as it comes, what it asks, how it ended."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Sequence

from PyQt6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, pyqtSignal

from mbtexp.photos.secret import DESCRIPTOR

ASKED_AFTER_MS = 300
"""A line without its end that stays for that long is a question."""

STOPPED_CODE = 130

LOST_CODE = 1


class Command(QObject):
    """Runs ``mbtexp`` with some words, without a terminal.

    Parameters
    ----------
    words
        What would be typed after ``mbtexp``.
    """

    said = pyqtSignal(str)
    """A piece of its output."""

    asked = pyqtSignal(str)
    """It waits for a line: the question."""

    ended = pyqtSignal(int)
    """It is over: its exit code; -1 if it was ended from outside or could not start."""

    def __init__(self, words: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.output = ""
        """Everything that it has said."""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._process = QProcess(self)
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.setProcessEnvironment(_environment())
        self._process.setProgram(sys.executable)
        self._process.setArguments(["-m", "mbtexp.operator.child", *words])
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(ASKED_AFTER_MS)
        self._quiet.timeout.connect(self._ask)

    def start(self, passphrase: str = "") -> None:
        """Begin.

        Parameters
        ----------
        passphrase
            Of photographs; handed over as the first line that the command reads, and kept nowhere.
        """
        if passphrase:
            environment = _environment()
            environment.insert(DESCRIPTOR, "0")
            self._process.setProcessEnvironment(environment)
        self._process.start()
        if passphrase:
            self._process.write(f"{passphrase}\n".encode())

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def answer(self, line: str) -> None:
        """Give it the line that it waits for."""
        self.output += f"{line}\n"
        self.said.emit(f"{line}\n")
        self._process.write(f"{line}\n".encode())

    def stop(self) -> None:
        """Ask it to end as Ctrl-C does: logs and lines are closed."""
        self._process.terminate()

    def drop(self) -> None:
        """End it without a word; only for what writes nothing."""
        self._process.blockSignals(True)
        self._process.kill()
        self._process.waitForFinished(2000)

    def _read(self) -> None:
        text = self._decoder.decode(bytes(self._process.readAllStandardOutput().data()))
        text = text.replace("\r\n", "\n")
        if not text:
            return
        self.output += text
        self.said.emit(text)
        self._quiet.start()

    def _ask(self) -> None:
        last = self.output.rpartition("\n")[2]
        if last.strip() and self.running:
            self.asked.emit(last.strip())

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._quiet.stop()
        self.ended.emit(code if status is QProcess.ExitStatus.NormalExit else -1)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.output += self._process.errorString()
            self.ended.emit(-1)


def sentence(output: str) -> str:
    """The sentence with which a command refused; empty if it did not."""
    found = [line for line in output.splitlines() if line.startswith("mbtexp: ")]
    return found[-1].removeprefix("mbtexp: ") if found else ""


def _environment() -> QProcessEnvironment:
    environment = QProcessEnvironment.systemEnvironment()
    environment.insert("PYTHONUTF8", "1")
    environment.insert("PYTHONUNBUFFERED", "1")
    # An open file of the window's own process is not one of the command's.
    environment.remove(DESCRIPTOR)
    return environment
