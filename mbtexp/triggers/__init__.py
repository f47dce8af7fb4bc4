"""Trigger codes to a recording device: the code book, the bytes, the line and the sender."""

from mbtexp.triggers.devices import device_rows
from mbtexp.triggers.link import RecordingLink, open_link
from mbtexp.triggers.opening import NoTrigger, open_trigger
from mbtexp.triggers.sender import Sender

__all__ = ["NoTrigger", "RecordingLink", "Sender", "device_rows", "open_link", "open_trigger"]
