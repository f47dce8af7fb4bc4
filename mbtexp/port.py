"""Serial ports: opened, written to without waiting, listened to; nobody else meets pyserial.

pyserial opens a port. It does not write on POSIX: its ``write`` spins for ever on a full buffer, or
reports a time-out for a byte that went out. One ``os.write`` on the non-blocking descriptor is
faster and never ambiguous. On Windows there is no such descriptor; pyserial's own unwaited write is
used, and never behind a byte that is still waiting.

A device that takes trigger codes and reports buttons on one cable (Cedrus) is one port with two
users: ``Ports`` opens it once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mbtexp.errors import DeviceError, SettingError
from mbtexp.ports import Clock, Facts

if TYPE_CHECKING:
    from serial.tools.list_ports_common import ListPortInfo

WriteOutcome = Literal["sent", "blocked", "partial", "failed"]
Parity = Literal["none", "even", "odd"]
Heard = Callable[[float, bytes], None]
"""Told of what arrived: when it was read (s on the run clock), and the bytes."""

RESETS_FOR_GOOD_BAUD = 1200
"""Opening at this rate puts some boxes into their boot loader: never done."""

POLL_S = 0.002
"""How long one read waits where the system has no way to wait for a byte or a wake-up (Windows)."""


class Written(NamedTuple):
    """What became of one write."""

    outcome: WriteOutcome
    errno: int | None = None


SENT = Written("sent")
BLOCKED = Written("blocked", errno.EAGAIN)


@dataclass(frozen=True)
class FoundPort:
    """A serial port of this machine, as its driver describes it."""

    device: str
    """Name of the moment: COM3, /dev/ttyUSB0."""
    stable: str
    """Name that stays when another device is plugged in; the same as ``device`` on Windows."""
    vid_pid: str | None
    """USB vendor and product in hexadecimal, ``0403:6001``; None if it is no USB device."""
    serial_number: str | None
    description: str

    def spoken(self) -> str:
        """The port in a list for a person."""
        identity = f"{self.vid_pid}, " if self.vid_pid else ""
        return f"{self.device} ({identity}{self.description})"


class SerialPort:
    """An open serial port: writes that never raise and never wait, and a listener on a thread.

    Parameters
    ----------
    port
        pyserial's port, open.
    clock
        The run clock, which stamps what arrives.
    facts
        Name, adapter and driver, for the log.
    posix
        Whether the port has a descriptor to write to.
    again
        Opens the same port once more, for one whose cable was pulled; None: it cannot be.
    """

    def __init__(
        self,
        port: Any,
        clock: Clock,
        facts: Facts,
        *,
        posix: bool = os.name != "nt",
        again: Callable[[], tuple[Any, Facts]] | None = None,
    ) -> None:
        self._clock = clock
        self._posix = posix
        self._again = again
        self._take_over(port, facts)
        self._listeners: list[Heard] = []
        self._thread: threading.Thread | None = None
        self._wake: tuple[int, int] | None = None
        self._ending = False
        self.hung_up: float | None = None
        """When the listener found the device gone (s on the run clock); None while it is there."""

    def _take_over(self, port: Any, facts: Facts) -> None:
        self._port, self._facts = port, facts
        self._descriptor = port.fileno() if self._posix else -1
        if self._posix:
            os.set_blocking(self._descriptor, False)

    # -- writing ------------------------------------------------------------------------------

    def write(self, data: bytes) -> Written:
        """Write all of ``data`` now, or not at all; never raises, never waits."""
        return self._write_here(data) if self._posix else self._hand_over(data)

    def stuck(self) -> bool:
        """Whether bytes that were taken have still not left the machine.

        Unknown to a descriptor (POSIX), where a port that takes no more refuses the next byte.
        """
        if self._posix:
            return False
        try:
            return bool(self._port.out_waiting)
        except OSError:
            return True

    def _write_here(self, data: bytes) -> Written:
        """One ``os.write``; a second one only for the rest of a command that was cut."""
        taken = 0
        try:
            taken = os.write(self._descriptor, data)
            if 0 < taken < len(data):
                taken += os.write(self._descriptor, data[taken:])
        except BlockingIOError:
            return Written("partial", errno.EAGAIN) if taken else BLOCKED
        except OSError as error:
            return Written("partial" if taken else "failed", error.errno)
        if taken == len(data):
            return SENT
        return Written("partial") if taken else BLOCKED

    def _hand_over(self, data: bytes) -> Written:
        """Hand the bytes over, unless earlier ones still wait: a late code is a false one."""
        try:
            if self._port.out_waiting:
                return BLOCKED
            self._port.write(data)
        except OSError as error:
            return Written("failed", error.errno)
        return SENT

    # -- reading ------------------------------------------------------------------------------

    def read(self) -> bytes:
        """Whatever has arrived; empty if nothing has, or if the device is gone.

        For use before anybody listens; a listener takes everything.
        """
        with contextlib.suppress(OSError):
            return bytes(self._port.read(self._port.in_waiting))
        return b""

    def relieve(self) -> None:
        """Throw away what a device writes unasked, unless somebody listens to it."""
        if self._thread is None and self._port.is_open:
            self.read()

    def ask(self, question: bytes, enough: Callable[[bytes], bool], within_s: float) -> bytes:
        """Write a question and collect the answer until it is enough or the time is up.

        Waits, so it is for the start of a session and between blocks. While a listener runs, use
        the listener.
        """
        self.write(question)
        answer = b""
        limit = time.perf_counter() + within_s
        while not enough(answer) and time.perf_counter() < limit:
            arrived = self.read()
            answer += arrived
            if not arrived:
                time.sleep(0.0005)
        return answer

    def listen(self, heard: Heard) -> None:
        """Tell ``heard`` of every byte from now on; what arrived before is thrown away.

        Several listeners share one port. They are called on the port's thread: they must be quick
        and keep to appending.
        """
        if self._thread is None:
            self.read()
            self._listeners.append(heard)
            self._start_to_listen()
            return
        self._listeners.append(heard)

    def _start_to_listen(self) -> None:
        self._ending = False
        self._wake = os.pipe() if self._posix else None
        self._thread = threading.Thread(target=self._hear, name="serial-in", daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        take = self._take_posix if self._posix else self._take_windows
        while not self._ending:
            try:
                arrived = take()
            except OSError:
                arrived = None
            now = self._clock.now()
            if arrived is None:
                self.hung_up = None if self._ending else now
                return
            if arrived:
                for heard in self._listeners:
                    heard(now, arrived)

    def _take_posix(self) -> bytes | None:
        """The next bytes; None when the device is gone or the port is to be closed."""
        assert self._wake is not None
        ready, _, _ = select.select([self._descriptor, self._wake[0]], [], [])
        if self._wake[0] in ready:
            return None
        try:
            return os.read(self._descriptor, 4096) or None
        except BlockingIOError:
            return b""

    def _take_windows(self) -> bytes | None:
        self._port.timeout = POLL_S
        return bytes(self._port.read(max(1, self._port.in_waiting)))

    # -- the port itself ----------------------------------------------------------------------

    def describe(self) -> Facts:
        """Name, adapter and driver, for the log."""
        return self._facts

    def reopen(self, then: Callable[[SerialPort], object] | None = None) -> None:
        """Open the port again, with a new descriptor; between trials only, as it may wait.

        Whoever listened goes on listening, after ``then`` has talked to the device alone.

        Raises
        ------
        DeviceError
            The port cannot be had; writes go on failing. Or what ``then`` raises.
        """
        if self._again is None:
            raise DeviceError("this port cannot be opened again.")
        self.close()
        self._take_over(*self._again())
        self.hung_up = None
        self.read()
        try:
            if then is not None:
                then(self)
        finally:
            if self._listeners:
                self._start_to_listen()

    def close(self) -> None:
        """Give the port back, even one that was pulled; later writes fail."""
        self._ending = True
        if self._thread is not None:
            if self._wake is not None:
                os.write(self._wake[1], b"x")
            self._thread.join(timeout=1.0)
            self._thread = None
            for descriptor in self._wake or ():
                os.close(descriptor)
            self._wake = None
        # The system may give the number of this descriptor to the next file that is opened.
        self._descriptor = -1
        with contextlib.suppress(OSError):
            self._port.close()


def open_port(
    name: str,
    baud: int,
    clock: Clock,
    *,
    where: str,
    parity: Parity = "none",
    settle_s: float = 0.0,
) -> SerialPort:
    """A port of this machine, ours alone, open, settled and emptied of what it had to say.

    Parameters
    ----------
    name
        ``COM3``, ``/dev/ttyUSB0`` or a stable name under ``/dev/serial/by-id``.
    baud
        Line rate, bits per second; 8 data bits, 1 stop bit, no flow control.
    clock
        The run clock.
    where
        Who asks, for the text of an error: ``rig.toml: trigger``.
    parity
        ``even`` for one driver of the Lumina LP-400; else none.
    settle_s
        Wait after opening, for boards that restart then, s.

    Raises
    ------
    DeviceError
        The port is missing, busy, forbidden, no serial port, or cannot do the rate.
    SettingError
        The rate is 1200 baud.
    """
    if baud == RESETS_FOR_GOOD_BAUD:
        raise SettingError(
            f"{where}: baud is 1200; that rate resets some boxes for good, use another."
        )
    serial = _pyserial()

    def open_it() -> tuple[Any, Facts]:
        port = _opened(serial, name, baud, where, parity)
        clock.sleep_until(clock.now() + settle_s)
        return port, _facts_of(port, name, baud, str(serial.__version__))

    port, facts = open_it()
    opened = SerialPort(port, clock, facts, again=open_it)
    opened.read()  # what the box said while it started
    return opened


def _opened(serial: ModuleType, name: str, baud: int, where: str, parity: Parity) -> Any:
    parities = {
        "none": serial.PARITY_NONE,
        "even": serial.PARITY_EVEN,
        "odd": serial.PARITY_ODD,
    }
    try:
        return serial.Serial(
            port=name,
            baudrate=baud,
            bytesize=serial.EIGHTBITS,
            parity=parities[parity],
            stopbits=serial.STOPBITS_ONE,
            xonxoff=False,
            rtscts=False,
            dsrdtr=False,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
    except (OSError, ValueError) as error:
        raise DeviceError(_why_not_opened(name, baud, where, error)) from None


def _facts_of(port: Any, name: str, baud: int, version: str) -> Facts:
    return {
        **_adapter(name),
        "baud": baud,
        "modem_lines": _raise_modem_lines(port),
        "low_latency": _ask_for_low_latency(port),
        "latency_timer_ms": latency_timer_ms(name),
        "pyserial": version,
    }


class Ports:
    """The open ports of a run: each is opened once, whoever asks for it.

    Parameters
    ----------
    clock
        The run clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, tuple[int, Parity, SerialPort]] = {}

    def open(
        self,
        name: str,
        baud: int,
        *,
        where: str,
        parity: Parity = "none",
        settle_s: float = 0.0,
    ) -> SerialPort:
        """The port of that name; as ``open_port``, but a second user gets the open one.

        Raises
        ------
        SettingError
            The second user wants another rate or parity.
        """
        key = os.path.realpath(name) if os.name != "nt" else name.upper()
        if key in self._open:
            known_baud, known_parity, port = self._open[key]
            if (baud, parity) != (known_baud, known_parity):
                raise SettingError(
                    f"{where}: port {name!r} is already used at {known_baud} baud, parity "
                    f"{known_parity}; give both users the same rate, or two ports."
                )
            return port
        port = open_port(name, baud, self._clock, where=where, parity=parity, settle_s=settle_s)
        self._open[key] = (baud, parity, port)
        return port

    def close(self) -> None:
        """Give all of them back."""
        for _, _, port in self._open.values():
            port.close()


# -- what this machine has ------------------------------------------------------------------------


def found_ports() -> list[FoundPort]:
    """The serial ports of this machine, by name; nothing is opened."""
    _pyserial()
    stable = _stable_names()
    return [_found(port, stable) for port in _list_ports()]


def ports_spoken() -> str:
    """The serial ports of this machine in one phrase, for a text that names a missing one."""
    ports = found_ports()
    if not ports:
        return "no serial port was found on this machine"
    return "ports found: " + ", ".join(port.spoken() for port in ports)


def latency_timer_ms(name: str) -> int | None:
    """How long an FTDI adapter holds back what it received, ms; None where nobody can tell.

    Linux tells through sysfs. It delays buttons, pulses and replies, never a trigger code.
    """
    try:
        return int(latency_timer_file(name).read_text())
    except (OSError, ValueError):
        return None


def latency_timer_file(name: str) -> Path:
    """Where Linux keeps the latency timer of a port; the file may not exist."""
    device = Path(os.path.realpath(name)).name
    return Path("/sys/bus/usb-serial/devices") / device / "latency_timer"


def _pyserial() -> ModuleType:
    # Here and not above: a run without a port needs no pyserial.
    try:
        import serial  # noqa: PLC0415
    except ImportError:
        raise DeviceError("pyserial is not installed; run: uv pip install pyserial") from None
    if not hasattr(serial, "Serial"):
        raise DeviceError(
            "a package named 'serial' is installed in the place of pyserial; "
            "run: uv pip uninstall serial, then: uv pip install --reinstall pyserial"
        )
    return serial


def _list_ports() -> Sequence[ListPortInfo]:
    from serial.tools import list_ports  # noqa: PLC0415

    return sorted(list_ports.comports())


def _stable_names() -> dict[str, str]:
    """The names under by-id that Linux gives, by the device they lead to."""
    folder = Path("/dev/serial/by-id")
    if not folder.is_dir():
        return {}
    return {os.path.realpath(link): str(link) for link in sorted(folder.iterdir())}


def _found(port: ListPortInfo, stable: dict[str, str]) -> FoundPort:
    return FoundPort(
        device=port.device,
        stable=stable.get(port.device, port.device),
        vid_pid=None if port.vid is None else f"{port.vid:04x}:{port.pid:04x}",
        serial_number=port.serial_number,
        description=port.description,
    )


def _adapter(name: str) -> Facts:
    real = os.path.realpath(name) if os.name != "nt" else name
    for port in found_ports():
        if port.device in (name, real):
            return {
                "port": name,
                "device": port.device,
                "vid_pid": port.vid_pid,
                "serial_number": port.serial_number,
                "description": port.description,
            }
    return {"port": name, "device": real}


def _raise_modem_lines(port: Any) -> str:
    """Set DTR and RTS, which some boxes draw their power from; a port may have none."""
    try:
        port.dtr = True
        port.rts = True
        port.cts  # noqa: B018  reading shows whether there are such lines at all
    except OSError:
        return "none"
    return "dtr and rts set"


def _ask_for_low_latency(port: Any) -> bool:
    """Ask Linux to hand bytes over at once; some drivers agree and do nothing: read the timer."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        port.set_low_latency_mode(True)
    except (OSError, ValueError):
        return False
    return True


def _why_not_opened(name: str, baud: int, where: str, error: OSError | ValueError) -> str:
    text = str(error)
    which = f"{where}: port {name!r}"
    if isinstance(error, ValueError) and "baud" in text.lower():
        return f"{which} cannot do {baud} baud; correct baud to what the box needs."
    number = getattr(error, "errno", None)
    if number == errno.ENOENT or "FileNotFoundError" in text:
        return f"{which} does not exist; plug the box in or correct the name ({ports_spoken()})."
    if number in (errno.EAGAIN, errno.EBUSY) or (os.name == "nt" and "PermissionError" in text):
        return f"{which} is in use by another program; close that program, then start again."
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"{which} may not be opened by this user; run: sudo usermod -a -G dialout $USER, "
            "then log out and in again."
        )
    if "Could not configure port" in text or number in (errno.ENOTTY, errno.EISDIR, errno.EINVAL):
        return f"{which} is not a serial port; name the port of the box ({ports_spoken()})."
    return f"{which} cannot be opened: {text}."
