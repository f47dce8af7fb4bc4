"""A module ``ftd2xx`` whose devices are pseudo-terminals, so that pyxid2 runs as it was published.

Cedrus' library talks to the maker's driver for FTDI chips and not to a serial port. This has the
few calls of that driver that the library makes. It knows nothing of the protocol.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from typing import Any

import serial


class DeviceError(Exception):
    """What the driver raises for a device that cannot be opened."""


class Device:
    """An open device: the calls of ``ftd2xx.FTD2XX``, on a serial port."""

    def __init__(self, name: str) -> None:
        self._port = serial.Serial(name, 115200, timeout=0.1)

    def setBaudRate(self, baud: int) -> None:  # noqa: N802  the driver's own names
        self._port.baudrate = baud

    def setTimeouts(self, read_ms: int, _write_ms: int) -> None:  # noqa: N802
        self._port.timeout = read_ms / 1000

    def setDataCharacteristics(self, *_: int) -> None:  # noqa: N802
        """Eight bits, one stop bit, no parity: what a pseudo-terminal has anyway."""

    def setUSBParameters(self, *_: int) -> None:  # noqa: N802
        """There is no USB."""

    def setLatencyTimer(self, *_: int) -> None:  # noqa: N802
        """There is no chip."""

    def purge(self, _mask: int = 0) -> None:
        self._port.reset_input_buffer()

    def read(self, n_bytes: int) -> bytes:
        return bytes(self._port.read(n_bytes))

    def write(self, data: bytes) -> int:
        return int(self._port.write(data) or 0)

    def close(self) -> None:
        self._port.close()


def stand_in(names: Sequence[str]) -> types.ModuleType:
    """The module for these ports."""

    def open_device(index: int) -> Device:
        try:
            return Device(names[index])
        except serial.SerialException as error:
            raise DeviceError(str(error)) from None

    module: Any = types.ModuleType("ftd2xx")
    module.DeviceError = DeviceError
    module.createDeviceInfoList = lambda: len(names)
    module.open = open_device
    return module  # type: ignore[no-any-return]


def pyxid2_on(names: Sequence[str]) -> Any:
    """pyxid2, freshly imported, with these ports for its devices.

    Raises
    ------
    ImportError
        It is not installed.
    """
    for module in [name for name in sys.modules if name.split(".")[0] == "pyxid2"]:
        del sys.modules[module]
    real = sys.modules.get("ftd2xx")
    sys.modules["ftd2xx"] = stand_in(names)
    try:
        import pyxid2  # noqa: PLC0415
    finally:
        if real is None:
            del sys.modules["ftd2xx"]
        else:
            sys.modules["ftd2xx"] = real
    return pyxid2
