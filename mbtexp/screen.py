"""The real screen: scenes drawn by PsychoPy, shown by a swap of our own that stamps first."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from mbtexp.errors import DeviceError, SettingError, StimulusError
from mbtexp.grid import fit_refresh
from mbtexp.layout import (
    BACKGROUND,
    Box,
    Disc,
    Geometry,
    Part,
    Picture,
    Polygon,
    Words,
    geometry,
    parts,
)
from mbtexp.ports import Clock, Facts
from mbtexp.rig import DisplaySettings
from mbtexp.timeline import Position, Stimulus, Text

PILOT_SIZE = (1280, 720)
"""Pixels of a pilot window, if the screen has room for it."""

MISMATCH = 0.01
"""Largest relative difference between the measured and the rig's refresh rate."""

MEASURED_FLIPS = 60
"""A second at 60 Hz; the fit is then wrong by 0.0015 Hz at worst."""

ATTEMPTS = 3
"""A measurement spoiled by a busy machine is taken again."""

KEPT_PARTS = 4000
"""Most drawings kept ready; beyond it the oldest unused ones are given up."""

NOTES = 50
"""Most messages of PsychoPy's that are kept for the log."""

SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swrast", "Software Rasterizer")

UNUSED_LIBRARIES = ("json_tricks", "pandas", "scipy.interpolate")
"""What PsychoPy imports for tables and calibrations: half of the time that it takes to load."""

KeyHandler = Callable[[str, bool], None]
"""Takes the window system's name of a key, and whether it went down."""


MouseHandler = Callable[[Literal["press", "move", "release"], Position], None]
"""Takes what the left button did, ``move`` while it is down, and where (as ``Press.at``)."""


@dataclass(frozen=True)
class _Toolkit:
    """What we use of PsychoPy and pyglet, loaded once a screen is wanted."""

    visual: Any
    monitors: Any
    logging: Any
    colors: Any
    pyglet: Any
    gl: Any
    stay_awake: Callable[[], object]
    font: str


class _Notes:
    """PsychoPy's warnings, kept for the log instead of filling the operator's terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, text: str) -> None:
        line = " ".join(text.split())
        if line and len(self.lines) < NOTES:
            self.lines.append(line)

    def flush(self) -> None:
        """Nothing waits here."""


def open_screen(
    settings: DisplaySettings,
    clock: Clock,
    *,
    pilot: bool,
    size: tuple[int, int] | None = None,
    pictures: Mapping[str, bytes] | None = None,
    font: Path | None = None,
) -> Screen:
    """A screen ready to draw on, its refresh measured.

    In the laboratory it fills the rig's monitor, and a monitor of another size or refresh rate is
    refused. A pilot shows a window of ``size`` with a mark in a corner and goes on in any case.
    ``font`` is a file whose letters are used in place of those that come with PsychoPy.
    ``pictures`` are in memory only, by what an ``Image`` calls them; of such a screen there is no
    screenshot.
    """
    notes = _Notes()
    toolkit = _load_toolkit(notes, font)
    _require_color(toolkit, settings.background)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        window = _open_window(toolkit, settings, pilot=pilot, size=size)
    screen = Screen(
        toolkit, window, settings, clock, pilot=pilot, notes=notes, pictures=pictures or {}
    )
    try:
        if not pilot:
            _require_size(window, settings)
        screen.measure()
    except DeviceError:
        screen.close()
        raise
    return screen


class Screen:
    """A window that shows scenes at its own refresh; made by `open_screen`.

    Attributes
    ----------
    banner
        What a pilot says of itself in its corner; empty in the laboratory.
    patch_on
        Whether the photodiode's patch is drawn with the next scene.
    """

    def __init__(
        self,
        toolkit: _Toolkit,
        window: Any,
        settings: DisplaySettings,
        clock: Clock,
        *,
        pilot: bool,
        notes: _Notes,
        pictures: Mapping[str, bytes],
    ) -> None:
        self._kit = toolkit
        self._pictures = dict(pictures)
        self._window = window
        self._handle = window.winHandle
        self._settings = settings
        self._clock = clock
        self._pilot = pilot
        self._notes = notes
        self._renderer = str(toolkit.gl.gl_info.get_renderer())
        self._software = any(name in self._renderer for name in SOFTWARE_RENDERERS)
        self._geometry = _window_geometry(window, settings)
        self._built: dict[Part, Any] = {}
        self._scenes: dict[Stimulus, tuple[Any, ...]] = {}
        self._scene: tuple[Stimulus, ...] = ()
        self._in_back_buffer = False
        self._late_builds = 0
        self._measured_hz: float | None = None
        self._pace: _Pace | None = None
        self._key_handlers: list[KeyHandler] = []
        self._mouse_handlers: list[MouseHandler] = []
        self._focused = True
        self._closed = False
        self.patch_on = False
        self.banner = "PILOT" if pilot else ""
        self._patch = self._build(_patch(settings.photodiode, self._geometry))
        self._mark = self._build(_mark(self.banner, settings.photodiode, self._geometry))
        self._take_events()
        window.flip()  # once PsychoPy's own way: it leaves the view as every stimulus expects it

    # -- Display -------------------------------------------------------------------------------

    @property
    def refresh_hz(self) -> float:
        """Measured refresh rate, Hz; the rig's own where a pilot is paced by software."""
        if self._pace is not None or self._measured_hz is None:
            return self._settings.refresh_hz
        return self._measured_hz

    def prepare(self, stimuli: Iterable[Stimulus]) -> None:
        """Build, upload and draw once off-screen, so that no later draw is slow."""
        fresh = [stimulus for stimulus in stimuli if stimulus not in self._scenes]
        if not fresh:
            return
        for stimulus in fresh:
            for drawing in self._drawings(stimulus):
                drawing.draw()
        self._kit.gl.glFinish()
        self._clear()

    def draw(self, stimuli: Sequence[Stimulus]) -> None:
        """Put a scene into the back buffer."""
        self._late_builds += sum(stimulus not in self._scenes for stimulus in stimuli)
        self._scene = tuple(stimuli)
        if self._in_back_buffer:
            self._clear()
        self._render()

    def swap(self, at_swap: Callable[[float], None]) -> float:
        """Show the back buffer at the next refresh and return that refresh's time.

        ``at_swap`` is called with the time stamp before anything else happens.
        """
        if not self._in_back_buffer:
            self._render()
        if self._pace is not None:
            self._kit.gl.glFinish()
            self._pace.wait()
        self._window.backend.swapBuffers()
        self._finish()
        t = self._clock.now()
        at_swap(t)
        self._clear()
        return t

    def pump(self) -> None:
        """Let the window answer its system."""
        self._handle.dispatch_events()

    def describe(self) -> Facts:
        """Size, rate and driver of the screen, for the log."""
        self._kit.logging.flush()
        return {
            "backend": f"psychopy {version('psychopy')}, pyglet {self._kit.pyglet.version}",
            "renderer": self._renderer,
            "size_px": [self._geometry.width_px, self._geometry.height_px],
            "px_per_deg": round(self._geometry.px_per_deg, 3),
            "fullscreen": not self._pilot,
            "pilot": self._pilot,
            "refresh_hz": round(self.refresh_hz, 4),
            "refresh_measured_hz": self._measured_hz and round(self._measured_hz, 4),
            "refresh_nominal_hz": self._settings.refresh_hz,
            "paced": "display" if self._pace is None else "software",
            "gamma": self._settings.gamma,
            "font": self._kit.font or "the system's own",
            "late_builds": self._late_builds,
            "psychopy_notes": list(self._notes.lines),
        }

    def close(self) -> None:
        """Give the screen back; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._scenes.clear()
        self._built.clear()
        self._pictures.clear()
        self._patch = self._mark = None
        self._window.close()

    # -- beyond the protocol -------------------------------------------------------------------

    @property
    def pilot(self) -> bool:
        """Whether this is a try-out, not a measurement."""
        return self._pilot

    @property
    def focused(self) -> bool:
        """Whether keys go to this window; as of the last `pump` or `swap`."""
        return self._focused

    def on_keys(self, handler: KeyHandler) -> None:
        """Call ``handler`` for every key event of the window, as it is dispatched."""
        self._key_handlers.append(handler)

    def on_mouse(self, handler: MouseHandler) -> None:
        """Call ``handler`` for every event of the mouse's left button, as it is dispatched."""
        self._mouse_handlers.append(handler)

    def show_cursor(self, shown: bool) -> None:
        """Show the mouse's cursor in this window, or hide it."""
        self._window.mouseVisible = shown

    def release(self, stimuli: Iterable[Stimulus]) -> None:
        """Give up the memory of stimuli that will not be shown again."""
        for stimulus in stimuli:
            self._scenes.pop(stimulus, None)
        self._forget_unused()

    def text_extent(self, text: Text) -> tuple[float, float]:
        """Width and height of the words as they are drawn, in fractions of the window's height."""
        (part,) = parts(text, self._geometry)
        label = self._build(part)._pygletTextObj
        return (
            label.content_width / self._geometry.height_px,
            label.content_height / self._geometry.height_px,
        )

    def screenshot(self, path: Path) -> None:
        """Save the current scene as a PNG; refused where somebody's own photographs are shown."""
        if self._pictures:
            raise SettingError(
                "No picture is taken of a screen that shows somebody's own photographs."
            )
        if not self._in_back_buffer:
            self._render()
        self._kit.gl.glFinish()
        self._window.getMovieFrame(buffer="back").save(path)
        self._window.movieFrames.clear()

    def measure(self) -> None:
        """Measure the refresh rate over about a second of flips and compare it with the rig's.

        Raises
        ------
        DeviceError
            In the laboratory, if there is no steady refresh or it is not the rig's.
        """
        nominal = self._settings.refresh_hz
        self._measured_hz = self._measured()
        if self._measured_hz and abs(self._measured_hz / nominal - 1) <= MISMATCH:
            return
        if not self._pilot:
            raise DeviceError(_refresh_complaint(self._measured_hz, nominal))
        self._pace = _Pace(self._clock, nominal)
        found = f"{self._measured_hz:.2f} Hz" if self._measured_hz else "no steady refresh"
        self.banner = f"PILOT: {found}, paced at {nominal:g} Hz"
        self._mark = self._build(_mark(self.banner, self._settings.photodiode, self._geometry))

    # -- inside --------------------------------------------------------------------------------

    def _measured(self) -> float | None:
        for _ in range(1 if self._pilot else ATTEMPTS):
            for _ in range(10):  # the first flips of a window are not steady yet
                self.swap(_nothing)
            stamps = [self.swap(_nothing) for _ in range(MEASURED_FLIPS)]
            measured = fit_refresh(stamps, self._settings.refresh_hz)
            if measured is not None:
                return measured
        return None

    def _render(self) -> None:
        for stimulus in self._scene:
            for drawing in self._drawings(stimulus):
                drawing.draw()
        if self.patch_on and self._patch is not None:
            self._patch.draw()
        if self._mark is not None:
            self._mark.draw()
        self._in_back_buffer = True

    def _drawings(self, stimulus: Stimulus) -> tuple[Any, ...]:
        drawings = self._scenes.get(stimulus)
        if drawings is None:
            if len(self._built) > KEPT_PARTS:
                self._forget_oldest()
            drawings = tuple(self._keep(part) for part in parts(stimulus, self._geometry))
            self._scenes[stimulus] = drawings
        return drawings

    def _keep(self, part: Part) -> Any:
        drawing = self._built.get(part)
        if drawing is None:
            drawing = self._built[part] = self._build(part)
        return drawing

    def _forget_oldest(self) -> None:
        shown = set(self._scene)
        old = [stimulus for stimulus in self._scenes if stimulus not in shown]
        for stimulus in old[: len(old) // 2]:
            del self._scenes[stimulus]
        self._forget_unused()

    def _forget_unused(self) -> None:
        used = {id(drawing) for drawings in self._scenes.values() for drawing in drawings}
        self._built = {part: drawn for part, drawn in self._built.items() if id(drawn) in used}

    def _finish(self) -> None:
        """Wait until the swap has really happened.

        A graphics card's driver may only note that a swap is wanted and return: a point that needs
        the new buffer makes it wait. A software renderer has swapped when it returns, and the
        point would cost it 0.1 ms.
        """
        gl = self._kit.gl
        if not self._software:
            gl.glBegin(gl.GL_POINTS)
            gl.glColor4f(0, 0, 0, 0)
            gl.glVertex2i(10, 10)
            gl.glEnd()
        gl.glFinish()

    def _clear(self) -> None:
        gl = self._kit.gl
        gl.glMatrixMode(gl.GL_MODELVIEW)
        gl.glLoadIdentity()
        gl.glClear(gl.GL_COLOR_BUFFER_BIT)
        self._kit.stay_awake()
        self._in_back_buffer = False

    def _build(self, part: Part | None) -> Any:
        if part is None:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if isinstance(part, Words):
                return self._text(part)
            if isinstance(part, Picture):
                return self._picture(part)
            return self._shape(part)

    def _text(self, words: Words) -> Any:
        wrap = words.wrap
        if wrap is None:
            # Never broken: a line may be as long as it likes, but left-aligned text hangs on its
            # own width.
            wide = self._text_stim(words, 20.0 * self._geometry.width_px)
            if words.align == "center":
                return wide
            wrap = wide._pygletTextObj.content_width + 2
        return self._text_stim(words, wrap)

    def _text_stim(self, words: Words, wrap: float) -> Any:
        return self._kit.visual.TextStim(
            self._window,
            text=words.text,
            font=self._kit.font,
            units="pix",
            pos=words.at,
            height=words.height,
            color=self._color(words.color),
            bold=words.bold,
            wrapWidth=wrap,
            alignText=words.align,
            anchorHoriz="center",
            anchorVert=words.anchor,
            autoLog=False,
        )

    def _picture(self, picture: Picture) -> Any:
        held = self._pictures.get(picture.file)
        file = Path(picture.file) if held is None else io.BytesIO(held)
        flat = _flat_picture(file, picture.width, self._paper())
        stimulus = self._kit.visual.ImageStim(
            self._window,
            image=flat,
            units="pix",
            pos=picture.at,
            size=(picture.width, picture.width * flat.height / flat.width),
            interpolate=True,
            autoLog=False,
        )
        self._keep_edges(stimulus)
        return stimulus

    def _keep_edges(self, stimulus: Any) -> None:
        """Smooth a picture's edge with its own pixels; PsychoPy's way mixes in a dark hairline."""
        gl = self._kit.gl
        gl.glBindTexture(gl.GL_TEXTURE_2D, stimulus._texID)
        for side in (gl.GL_TEXTURE_WRAP_S, gl.GL_TEXTURE_WRAP_T):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, side, gl.GL_CLAMP_TO_EDGE)
        gl.glBindTexture(gl.GL_TEXTURE_2D, 0)

    def _shape(self, part: Box | Disc | Polygon) -> Any:
        if isinstance(part, Polygon):
            return self._kit.visual.ShapeStim(
                self._window,
                units="pix",
                pos=part.at,
                vertices=part.corners,
                fillColor=self._color(part.fill),
                lineColor=None,
                autoLog=False,
            )
        look = {
            "units": "pix",
            "pos": part.at,
            "fillColor": self._color(part.fill),
            "lineColor": self._color(part.line),
            "lineWidth": part.line_width,
            "autoLog": False,
        }
        if isinstance(part, Disc):
            return self._kit.visual.Circle(self._window, radius=part.radius, edges=48, **look)
        return self._kit.visual.Rect(self._window, width=part.width, height=part.height, **look)

    def _color(self, name: str | None) -> str | None:
        if name is None:
            return None
        if name == BACKGROUND:
            return self._settings.background
        _require_color(self._kit, name)
        return name

    def _paper(self) -> tuple[int, int, int]:
        red, green, blue = self._kit.colors.Color(self._settings.background).rgb255
        return int(red), int(green), int(blue)

    def _take_events(self) -> None:
        """Handle the window's events ourselves: PsychoPy would pile them up for its own lists."""
        handle = self._handle
        handle.on_key_press = lambda symbol, _modifiers: self._key(symbol, down=True)
        handle.on_key_release = lambda symbol, _modifiers: self._key(symbol, down=False)
        left = self._kit.pyglet.window.mouse.LEFT
        handle.on_mouse_press = lambda x, y, button, _: self._mouse("press", x, y, button & left)
        handle.on_mouse_drag = lambda x, y, _dx, _dy, buttons, _: self._mouse(
            "move", x, y, buttons & left
        )
        handle.on_mouse_release = lambda x, y, button, _: self._mouse(
            "release", x, y, button & left
        )
        handle.on_activate = lambda: self._focus(True)
        handle.on_deactivate = lambda: self._focus(False)
        for event in _UNUSED_EVENTS:
            setattr(handle, event, _nothing)
        if sys.platform == "linux":
            # pyglet asks for this on its first connection only, and PsychoPy opens another: held
            # keys would seem to be let go at every repeat.
            self._kit.pyglet.window.xlib.XkbSetDetectableAutoRepeat(handle._x_display, 1, None)

    def _key(self, symbol: int, *, down: bool) -> None:
        name = self._kit.pyglet.window.key.symbol_string(symbol)
        for handler in self._key_handlers:
            handler(name, down)

    def _mouse(
        self, what: Literal["press", "move", "release"], x: float, y: float, left: int
    ) -> None:
        if not left:
            return
        # The window's own size, not the picture's: the two differ where a point of the system is
        # several pixels, and the mouse goes by points.
        width, height = self._handle.get_size()
        at = ((x - width / 2) / height, (y - height / 2) / height)
        for handler in self._mouse_handlers:
            handler(what, at)

    def _focus(self, focused: bool) -> None:
        self._focused = focused


_UNUSED_EVENTS = (
    "on_close",  # the operator's stop key ends a run, not the corner of a pilot's window
    "on_text",
    "on_text_motion",
    "on_mouse_motion",
    "on_mouse_scroll",
    "on_mouse_enter",
    "on_mouse_leave",
)


class _Pace:
    """Keeps a window without vertical sync to the nominal refresh rate."""

    def __init__(self, clock: Clock, refresh_hz: float) -> None:
        self._clock = clock
        self._period_s = 1.0 / refresh_hz
        self._start = clock.now()
        self._shown = 0

    def wait(self) -> None:
        """Return at the next refresh there would be; never twice at the same."""
        passed = int((self._clock.now() - self._start) / self._period_s)
        self._shown = max(self._shown, passed) + 1
        self._clock.sleep_until(self._start + self._shown * self._period_s)


def _nothing(*_: object) -> None:
    pass


# -- loading and opening -----------------------------------------------------------------------


def _load_toolkit(notes: _Notes, font: Path | None = None) -> _Toolkit:
    """PsychoPy, loaded without a word on the terminal and without touching the user's packages."""
    if importlib.util.find_spec("psychopy") is None:
        raise DeviceError(
            "PsychoPy is not installed; a real screen needs it: run `uv sync --extra lab`, "
            "or use --virtual."
        )
    os.environ.setdefault("PSYCHOPYNOPACKAGES", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _require_display()
        try:
            from psychopy import logging  # noqa: PLC0415  loaded only where there is a screen

            logging.console.setLevel(logging.CRITICAL)
            logging.LogFile(notes, level=logging.WARNING)
            import pyglet  # noqa: PLC0415

            with _put_off(UNUSED_LIBRARIES):
                from psychopy import colors, monitors, platform_specific, visual  # noqa: PLC0415
            from pyglet import gl  # noqa: PLC0415
        except ImportError as error:
            raise DeviceError(
                f"PsychoPy cannot be loaded ({error}). Run `uv sync --extra lab`; on Linux "
                "OpenGL is needed too (package libgl1)."
            ) from None
        return _Toolkit(
            visual=visual,
            monitors=monitors,
            logging=logging,
            colors=colors,
            pyglet=pyglet,
            gl=gl,
            stay_awake=platform_specific.sendStayAwake,
            font=_load_font(pyglet) if font is None else _load_own_font(pyglet, font),
        )


class _Later(ModuleType):
    """Stands for a library until something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def _put_off(libraries: Iterable[str]) -> Iterator[None]:
    """Whoever imports these libraries meanwhile gets them at first use; others as always."""
    stands = {name: _Later(name) for name in libraries if name not in sys.modules}
    sys.modules.update(stands)
    try:
        yield
    finally:
        for name, stand in stands.items():
            if sys.modules.get(name) is stand:
                del sys.modules[name]


@contextlib.contextmanager
def _no_icon(pyglet: Any) -> Iterator[None]:
    """The window's icon takes twice as long to convert as the window to open."""
    kind = pyglet.window.Window
    set_icon, kind.set_icon = kind.set_icon, _nothing
    try:
        yield
    finally:
        kind.set_icon = set_icon


def screen_corners() -> tuple[tuple[int, int], ...]:
    """Top left corner of each screen of this machine, px, as `DisplaySettings.screen` counts them.

    Raises
    ------
    DeviceError
        There is no display, or no PsychoPy.
    """
    try:
        _require_display()
        screens = _pyglet().canvas.get_display().get_screens()
    except ImportError as error:
        raise DeviceError(f"The screens cannot be counted ({error}).") from None
    return tuple((int(screen.x), int(screen.y)) for screen in screens)


def _pyglet() -> Any:
    """The library under PsychoPy's windows, told first not to check every call of its GL."""
    import pyglet  # noqa: PLC0415

    pyglet.options["debug_gl"] = False
    import pyglet.canvas  # noqa: PLC0415

    return pyglet


def _require_display() -> None:
    if sys.platform != "linux":
        return
    if not os.environ.get("DISPLAY"):
        raise DeviceError(
            "No display: DISPLAY is not set. Set it, start from a graphical session, "
            "or use --virtual to run without a screen."
        )
    _pyglet()
    import pyglet.canvas.xlib  # noqa: PLC0415

    try:
        pyglet.canvas.get_display()
    except pyglet.canvas.xlib.NoSuchDisplayException:
        raise DeviceError(
            f"No display: {os.environ['DISPLAY']!r} in DISPLAY cannot be reached. Start from a "
            "graphical session, or use --virtual to run without a screen."
        ) from None


def _load_font(pyglet: Any) -> str:
    """Name of the font that comes with PsychoPy: the same letters on every machine."""
    import psychopy  # noqa: PLC0415

    folder = Path(psychopy.__file__).parent / "assets" / "fonts"
    files = [folder / "NotoSans-Regular.ttf", folder / "NotoSans-Bold.ttf"]
    if not all(file.is_file() for file in files):
        return ""
    for file in files:
        pyglet.font.add_file(str(file))
    return "Noto Sans"


def _load_own_font(pyglet: Any, file: Path) -> str:
    """Name of the font in a file: the family name that it gives itself."""
    from fontTools.ttLib import TTFont, TTLibError  # noqa: PLC0415  only for a lab's own language

    try:
        with file.open("rb") as content, TTFont(content, lazy=True) as opened:
            name = opened["name"].getBestFamilyName()
    except (TTLibError, OSError, KeyError):
        name = None
    if not name:
        raise DeviceError(f"{file}: this is no font that can be read; use a .ttf file.")
    pyglet.font.add_file(str(file))
    return str(name)


def _open_window(
    toolkit: _Toolkit, settings: DisplaySettings, *, pilot: bool, size: tuple[int, int] | None
) -> Any:
    pyglet = toolkit.pyglet
    screens = pyglet.canvas.get_display().get_screens()
    if settings.screen >= len(screens) and not pilot:
        raise DeviceError(
            f"display: screen {settings.screen} is not there; this machine has {len(screens)} "
            f"(the first is 0)."
        )
    number = min(settings.screen, len(screens) - 1)
    room = (screens[number].width, screens[number].height)
    monitor = toolkit.monitors.Monitor(
        "rig", width=settings.width_cm, distance=settings.distance_cm, autoLog=False
    )
    monitor.setSizePix((settings.width_px, settings.height_px))
    try:
        with _no_icon(pyglet):
            window = toolkit.visual.Window(
                size=_fitting(size or PILOT_SIZE, room) if pilot else room,
                fullscr=not pilot,
                screen=number,
                allowGUI=pilot,
                title="PILOT - mbtexp" if pilot else "mbtexp",
                monitor=monitor,
                units="pix",
                color=settings.background,
                gamma=settings.gamma,
                gammaErrorPolicy="raise",
                winType="pyglet",
                waitBlanking=True,
                checkTiming=False,
                autoLog=False,
            )
    except (RuntimeError, pyglet.window.WindowException, pyglet.gl.GLException) as error:
        raise DeviceError(
            f"The window could not be opened ({error}). Check the graphics driver (OpenGL 2 or "
            "later), or use --virtual."
        ) from None
    except OSError as error:
        raise DeviceError(
            f"display: gamma {settings.gamma} could not be set ({error}). Leave gamma out of the "
            "rig file and calibrate the monitor itself."
        ) from None
    window.mouseVisible = False
    with contextlib.suppress(AttributeError):  # not every window system can be asked
        window.winHandle.activate()
    return window


def _fitting(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    shrink = min(1.0, room[0] / size[0], room[1] / size[1])
    return int(size[0] * shrink), int(size[1] * shrink)


def _window_geometry(window: Any, settings: DisplaySettings) -> Geometry:
    width, height = (int(side) for side in window.size)
    return geometry(
        (width, height),
        monitor_px=(settings.width_px, settings.height_px),
        width_cm=settings.width_cm,
        distance_cm=settings.distance_cm,
    )


def _require_size(window: Any, settings: DisplaySettings) -> None:
    found = tuple(int(side) for side in window.size)
    if found != (settings.width_px, settings.height_px):
        raise DeviceError(
            f"display: the rig says {settings.width_px} x {settings.height_px} pixels, but the "
            f"screen shows {found[0]} x {found[1]}; degrees of visual angle would be wrong. "
            "Change the rig file or the screen's resolution."
        )


def _require_color(toolkit: _Toolkit, name: str) -> None:
    try:
        known = bool(name) and bool(toolkit.colors.Color(name))
    except ValueError:
        known = False
    if not known:
        raise SettingError(f"{name!r} is not a colour; give a name (white) or #rrggbb.")


def _refresh_complaint(measured_hz: float | None, nominal_hz: float) -> str:
    if measured_hz is None:
        return (
            "The screen's refresh cannot be measured: flips keep to no grid. Switch vertical sync "
            "on in the graphics driver and desktop effects off, or use --pilot."
        )
    return (
        f"display: refresh_hz is {nominal_hz:g}, but this screen refreshes at {measured_hz:.2f} Hz."
        " Change the rig file or the screen's mode."
    )


# -- corners and pictures ----------------------------------------------------------------------


def _patch(corner: str, window: Geometry) -> Box | None:
    """The photodiode's patch: white, 6 % of the height, right in the corner."""
    if corner == "none":
        return None
    side = 2.0 * round(window.height_px * 0.03)
    x = (window.width_px - side) / 2 * (-1 if corner.endswith("left") else 1)
    y = (window.height_px - side) / 2 * (-1 if corner.startswith("bottom") else 1)
    return Box((x, y), side, side, "white")


def _mark(banner: str, photodiode: str, window: Geometry) -> Words | None:
    """A pilot's mark, small, at the left edge and away from the photodiode."""
    if not banner:
        return None
    size = max(12.0, window.height_px * 0.018)
    width = window.width_px * 0.4
    up = 1 if photodiode == "bottom-left" else -1
    at = (-(window.width_px - width) / 2 + size, up * (window.height_px / 2 - size))
    return Words(banner, at, size, "#ffb000", wrap=width, align="left")


def _flat_picture(file: Path | io.BytesIO, width_px: float, paper: tuple[int, int, int]) -> Any:
    """A picture no larger than it is shown, what is transparent lying on the background."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  comes with PsychoPy

    try:
        with Image.open(file) as opened:
            opaque = opened.mode in ("RGB", "L") and "transparency" not in opened.info
            picture = opened.convert("RGB" if opaque else "RGBA")
    except FileNotFoundError:
        raise StimulusError(f"{file}: the picture is not there.") from None
    except (UnidentifiedImageError, OSError) as error:
        raise StimulusError(f"{file}: this is not a readable picture ({error}).") from None
    if picture.width > width_px:
        height = max(1, round(picture.height * width_px / picture.width))
        picture = picture.resize((max(1, round(width_px)), height), Image.Resampling.LANCZOS)
    if opaque:
        return picture
    flat = Image.new("RGBA", picture.size, (*paper, 255))
    flat.alpha_composite(picture)
    return flat.convert("RGB")
