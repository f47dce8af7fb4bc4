"""Which button a finger lies on and which buttons answer a task: names in rig.toml become keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mbtexp.errors import SettingError, did_you_mean
from mbtexp.responses.boxes import BoxKind, box_kind

if TYPE_CHECKING:
    from mbtexp.rig import ResponseSettings


def kind_of(settings: ResponseSettings) -> BoxKind | None:
    """The box that the rig names; None for a keyboard."""
    if settings.device == "keyboard":
        return None
    return box_kind(
        settings.device,
        program=settings.program,
        buttons=settings.buttons,
        releases=settings.releases,
    )


def check_responses(settings: ResponseSettings, *, where: str) -> None:
    """Refuse what no box and no hand can do.

    Raises
    ------
    SettingError
        A port is missing, a finger lies on no button or two on one, a name is neither a finger nor
        a button, the scanner's trigger is also an answer.
    """
    here = f"{where}: responses"
    kind = kind_of(settings)
    if kind is not None and not settings.port:
        raise SettingError(f"{here}: port is missing; name the port of the {kind.title}.")
    if settings.baud == 1200:
        raise SettingError(f"{here}: baud is 1200; that rate resets some boxes for good.")
    if settings.buttons and settings.device != "arduino":
        raise SettingError(
            f"{here}: buttons is for device 'arduino' only; leave it out for {settings.device!r}."
        )
    if settings.pulse_button and kind is not None:
        _refuse_not_there(settings.pulse_button, {}, kind, f"{here}: pulse_button")
    fingers = settings.fingers or {}
    for finger, button in fingers.items():
        _refuse_not_there(button, {}, kind, f"{here}: fingers: {finger}")
    _refuse_twice(fingers.values(), f"{here}: fingers")
    for task, keys in {"": settings.keys, **(settings.tasks or {})}.items():
        place = f"{here}: tasks: {task}" if task else f"{here}: keys"
        answers = [_button(name, fingers, kind, place) for name in keys]
        _refuse_twice(answers, place)
        if settings.pulse_button and settings.pulse_button.lower() in answers:
            raise SettingError(
                f"{place}: button {settings.pulse_button!r} is the scanner's (pulse_button) and "
                "cannot answer; name another."
            )


def answer_keys(
    settings: ResponseSettings, task: str, preset: str, own: tuple[str, ...]
) -> tuple[str, ...]:
    """The keys or buttons that answer a task, in its order; ``own`` where the rig names none.

    Raises
    ------
    SettingError
        There are too few or too many, or the box has no such button.
    """
    fingers, kind = settings.fingers or {}, kind_of(settings)
    place, names = _named(settings, task, preset)
    if not names:
        _refuse_without(own, kind, f"'{task}' ({preset})")
        return own
    if len(names) != len(own):
        raise SettingError(
            f"{place} has {len(names)} entries, but task '{task}' ({preset}) needs {len(own)} in "
            f"place of {', '.join(own)}; name as many"
            + (f", or take a preset with {len(names)}." if kind else " or leave keys out.")
        )
    return tuple(_button(name, fingers, kind, place) for name in names)


def finger_names(settings: ResponseSettings) -> dict[str, str]:
    """What a button is called on the screen: the finger that lies on it, by button."""
    return {_written(button): finger for finger, button in (settings.fingers or {}).items()}


def _named(settings: ResponseSettings, task: str, preset: str) -> tuple[str, tuple[str, ...]]:
    """What the rig names for a task, the nearest first, and where it stands."""
    here = "rig.toml: responses"
    tasks = settings.tasks or {}
    for entry in (f"{task} {preset}", task):
        if entry in tasks:
            return f"{here}: tasks: {entry}", tasks[entry]
    return f"{here}: keys", settings.keys


def _button(name: str, fingers: Mapping[str, str], kind: BoxKind | None, place: str) -> str:
    _refuse_not_there(name, fingers, kind, place)
    return _written(fingers.get(name, name))


def _written(button: str) -> str:
    """A key or button as presses carry it."""
    return button.lower()


def _refuse_not_there(
    name: str, fingers: Mapping[str, str], kind: BoxKind | None, place: str
) -> None:
    if name in fingers:
        return
    if kind is None:
        # What keys a keyboard has nobody knows; none has a blank in its name.
        if " " in name.strip() or not name.strip():
            raise SettingError(
                f"{place}: {name!r} is no key and no finger of [responses.fingers]; "
                f"{did_you_mean(name, fingers)}"
            )
        return
    if _written(name) not in kind.buttons:
        raise SettingError(
            f"{place}: {name!r} is no finger of [responses.fingers] and no button of the "
            f"{kind.title}; {did_you_mean(name, [*fingers, *kind.buttons])}"
        )


def _refuse_twice(buttons: Iterable[str], place: str) -> None:
    seen: set[str] = set()
    for button in map(_written, buttons):
        if button in seen:
            raise SettingError(f"{place}: button {button!r} is named twice; give each its own.")
        seen.add(button)


def _refuse_without(own: tuple[str, ...], kind: BoxKind | None, task: str) -> None:
    """A task's own keys lie on a keyboard; a box seldom has them."""
    missing = [key for key in own if kind is not None and key not in kind.buttons]
    said = f"rig.toml: responses: task {task} is answered with {', '.join(own)}, and the"
    if kind is not None and len(own) > len(kind.buttons):
        raise SettingError(
            f"{said} {kind.title} has only {', '.join(kind.buttons)}; take a preset with fewer "
            "answers."
        )
    if kind is not None and missing:
        raise SettingError(
            f"{said} {kind.title} has no {missing[0]!r}; name {len(own)} of its buttons "
            f"({', '.join(kind.buttons)}) or fingers under [responses.tasks]."
        )
