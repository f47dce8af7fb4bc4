"""The command ``mbtexp photos``: a participant's own photographs, from originals to erasure."""
# ruff: noqa: PLC0415  a command imports what it needs, so that --help is instant

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.errors import SettingError
from mbtexp.terminal import Terminal, command, say

if TYPE_CHECKING:
    from mbtexp.conduct import Request
    from mbtexp.photos.manifest import PhotoSet

RELATIONS = ("own", "acq", "friend", "unf")
SIGNED = ("self", "parent", "licence")
WHY = ("withdrawn", "retention", "study-end", "mistake")


def add_photos(commands: Any) -> None:
    """``mbtexp photos``: prepare, eyes, approve, consent, list, retain, purge."""
    about = "Prepare a participant's own photographs, have them approved, erase them."
    parser = commands.add_parser(
        "photos",
        help=about,
        description=about,
        epilog="example:\n  mbtexp photos prepare FOLDER --store photos --participant 01",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(title="what to do", required=True, metavar="VERB")
    _add_prepare(verbs)
    _add_screens(verbs)
    _add_records(verbs)


def _add_prepare(verbs: Any) -> None:
    prepare = command(
        verbs,
        "prepare",
        _prepare,
        "Make a set of pictures that are alike out of originals, without metadata or names.",
        "mbtexp photos prepare FOLDER --store photos --participant 01 --encrypt",
    )
    prepare.add_argument("folder", type=Path, metavar="FOLDER", help="one folder a person in it")
    _add_store(prepare)
    prepare.add_argument("--participant", required=True, metavar="LABEL", help="a code, no name")
    _add_relations(prepare)
    prepare.add_argument(
        "--expressions", type=Path, metavar="FILE", help="raters' codes: file, rater1, rater2 (CSV)"
    )
    prepare.add_argument("--retain-until", metavar="DAY", help="last day, 2026-12-31 (in 183 days)")
    prepare.add_argument("--crop", choices=("oval", "rectangle"), default="oval", help="(oval)")
    prepare.add_argument("--grey", action="store_true", help="pictures in grey")
    prepare.add_argument("--encrypt", action="store_true", help="lock them with a passphrase")


def _add_screens(verbs: Any) -> None:
    eyes = command(
        verbs,
        "eyes",
        _eyes,
        "Click the eyes in the originals, for those that have no template.",
        "mbtexp photos eyes FOLDER",
    )
    eyes.add_argument("folder", type=Path, metavar="FOLDER", help="one folder a person in it")
    _add_relations(eyes)
    eyes.add_argument("--again", action="store_true", help="all of them, in place of those missing")
    _add_window(eyes)
    approve = command(
        verbs,
        "approve",
        _approve,
        "Let the participant see each picture and say whether it may be shown.",
        "mbtexp photos approve --store photos --participant 01 --rig rig.toml",
    )
    _add_which(approve)
    approve.add_argument("--again", action="store_true", help="show those decided on as well")
    approve.add_argument("--window", action="store_true", help="in a window, on any computer")
    approve.add_argument("--rig", type=Path, metavar="FILE", help="rig.toml of this machine")
    approve.add_argument("--simulate", action="store_true", help="a simulated participant answers")
    approve.add_argument("--virtual", action="store_true", help="no screen: the virtual lab")
    _add_window(approve)


def _add_records(verbs: Any) -> None:
    sheet = command(
        verbs,
        "sheet",
        _sheet,
        "Show the contact sheet of a set in a window, also of a locked one.",
        "mbtexp photos sheet --store photos --participant 01",
    )
    _add_which(sheet)
    _add_window(sheet)
    listed = command(
        verbs,
        "list",
        _list,
        "List the sets: persons by label, how many pictures may be shown, permission, last day.",
        "mbtexp photos list --store photos",
    )
    _add_store(listed)
    listed.add_argument("--participant", metavar="LABEL", help="only this participant's")
    consent = command(
        verbs,
        "consent",
        _consent,
        "Note whether a pictured person permits the use of their pictures; no name.",
        "mbtexp photos consent --store photos --participant 01 --person P1 --permission yes "
        "--date 2026-05-01 --signed parent",
    )
    _add_which(consent)
    consent.add_argument("--person", required=True, metavar="LABEL", help="P1, P2 ... (list)")
    consent.add_argument("--permission", choices=("yes", "no"), required=True, help="yes or no")
    consent.add_argument("--date", required=True, metavar="DAY", help="of the signature")
    consent.add_argument(
        "--signed", choices=SIGNED, required=True, help="who signed, or a published set's licence"
    )
    retain = command(
        verbs,
        "retain",
        _retain,
        "Note another last day up to which a set is kept.",
        "mbtexp photos retain --store photos --participant 01 --until 2026-12-31",
    )
    _add_which(retain)
    retain.add_argument("--until", required=True, metavar="DAY", help="last day")
    purge = command(
        verbs,
        "purge",
        _purge,
        "Erase a set, or one person of it, and leave a deletion record.",
        "mbtexp photos purge --store photos --participant 01 --reason study-end --yes",
    )
    _add_which(purge)
    purge.add_argument("--person", metavar="LABEL", help="only this person's pictures")
    purge.add_argument("--expired", action="store_true", help="all sets whose last day is over")
    purge.add_argument("--reason", choices=WHY, required=True, help="why")
    purge.add_argument("--yes", action="store_true", help="without asking")


def _add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", type=Path, required=True, metavar="DIR", help="where photographs are kept"
    )


def _add_which(parser: argparse.ArgumentParser) -> None:
    _add_store(parser)
    parser.add_argument("--participant", metavar="LABEL", help="whose, where they have one set")
    parser.add_argument("--set", dest="token", metavar="TOKEN", help="which set (photos list)")


def _add_relations(parser: argparse.ArgumentParser) -> None:
    for relation in RELATIONS:
        parser.add_argument(
            f"--{relation}",
            action="append",
            default=[],
            metavar="NAME",
            help=f"folder of the person '{relation}', if it is not called so",
        )
    parser.add_argument(
        "--assign", type=Path, metavar="FILE", help='the same in TOML (own = "NAME"); not kept'
    )


def _add_window(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--language", default="en", metavar="LANG", help="en, de, or a folder of texts (en)"
    )
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the window")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 1280x720")
    return int(width), int(height)


# -- the commands ---------------------------------------------------------------------------------


def _opened(options: argparse.Namespace, *, make: bool = False) -> Path:
    """The store; whatever is written from here on is the owner's alone."""
    from mbtexp.photos.purge import sweep
    from mbtexp.photos.store import open_store

    os.umask(0o077)
    store = open_store(options.store, make=make)
    for sentence in sweep(store):
        say(f"note: {sentence}")
    return store


def _meant(options: argparse.Namespace, store: Path) -> PhotoSet:
    from mbtexp.photos.manifest import label
    from mbtexp.photos.store import the_set

    participant = None if options.participant is None else label(options.participant)
    return the_set(store, participant, options.token)


def _assigned(options: argparse.Namespace) -> dict[str, str]:
    from mbtexp.photos.originals import assign, condition_of, read_assignment

    assigned = {} if options.assign is None else read_assignment(options.assign)
    for relation in RELATIONS:
        for name in getattr(options, relation):
            assign(assigned, str(condition_of(relation)), name)
    return assigned


def _prepare(options: argparse.Namespace) -> None:
    from mbtexp.photos.manifest import day, label
    from mbtexp.photos.prepare import Wanted, prepare
    from mbtexp.photos.report import HEADS, matching_rows
    from mbtexp.show import Progress, columns_text

    wanted = Wanted(
        participant=label(options.participant),
        retain_until=options.retain_until and day(options.retain_until, "--retain-until"),
        crop=options.crop,
        grey=options.grey,
        encrypt=options.encrypt,
    )
    store = _opened(options, make=True)
    with Progress("picture") as progress:
        done = prepare(
            options.folder,
            store,
            wanted,
            assigned=_assigned(options),
            expressions=options.expressions,
            progress=progress,
        )
    made = done.photo_set
    say(columns_text(matching_rows(made), HEADS))
    for note in done.notes:
        say(f"note: {note}")
    say(
        f"{made.name}: prepared for participant {made.participant}, kept until "
        f"{made.retain_until}. The contact sheet lies with the pictures."
    )
    say("Next: mbtexp photos approve, with the participant; and mbtexp photos consent.")


def _eyes(options: argparse.Namespace) -> None:
    from mbtexp.photos.clicking import click_eyes
    from mbtexp.photos.originals import find_originals

    given = find_originals(options.folder, _assigned(options))
    count = click_eyes(given, _request(options), again=options.again)
    say(f"Eyes clicked in {count} photographs." if count else "All eyes are known already.")


def _approve(options: argparse.Namespace) -> None:
    from mbtexp.photos.approve import approve
    from mbtexp.photos.report import LIST_HEADS, list_rows
    from mbtexp.show import columns_text

    if options.virtual and not options.simulate:
        raise SettingError("--virtual has no keyboard for a person; add --simulate.")
    _end_like_ctrl_c()
    store = _opened(options)
    done = approve(store, _meant(options, store), _request(options), again=options.again)
    say(columns_text(list_rows([done]), LIST_HEADS))


def _end_like_ctrl_c() -> None:
    """A closed terminal, or a polite kill, ends a run as Ctrl-C does: the window is closed."""
    import signal

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)


def _request(options: argparse.Namespace) -> Request:
    from mbtexp.conduct import Request

    return Request(
        task="photos",
        participant="00",
        data=Path(),
        rig=getattr(options, "rig", None),
        language=options.language,
        pilot=getattr(options, "window", True),
        simulate=getattr(options, "simulate", False),
        virtual=getattr(options, "virtual", False),
        size=options.size,
    )


def _sheet(options: argparse.Namespace) -> None:
    from mbtexp.photos.pages import show_sheets

    store = _opened(options)
    meant = _meant(options, store)
    count = show_sheets(store, meant, _request(options))
    say(
        f"{meant.name}: {count} pages." if count else f"{meant.name} has no contact sheet any more."
    )


def _list(options: argparse.Namespace) -> None:
    from mbtexp.photos.manifest import label
    from mbtexp.photos.report import LIST_HEADS, list_rows, retention_notes
    from mbtexp.photos.store import sets_of
    from mbtexp.show import columns_text

    participant = None if options.participant is None else label(options.participant)
    found = sets_of(_opened(options), participant)
    say(columns_text(list_rows(found), LIST_HEADS) if found else "There are no photographs.")
    for sentence in retention_notes(found):
        say(f"note: {sentence}")


def _consent(options: argparse.Namespace) -> None:
    from mbtexp.photos.manifest import Consent, day
    from mbtexp.photos.store import change

    store = _opened(options)
    meant = _meant(options, store)
    noted = Consent(options.permission == "yes", day(options.date, "--date"), options.signed)
    person = meant.person(options.person)
    change(store, meant.token, lambda now: now.with_consent(person.label, noted))
    may = "may" if noted.given else "may NOT"
    say(f"{meant.name}: the pictures of {person.label} ({person.condition}) {may} be used.")


def _retain(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from mbtexp.photos.manifest import day
    from mbtexp.photos.store import change

    store = _opened(options)
    until = day(options.until, "--until")
    meant = _meant(options, store)
    change(store, meant.token, lambda now: replace(now, retain_until=until))
    say(f"{meant.name}: to be kept until {until}.")


def _purge(options: argparse.Namespace) -> None:
    from mbtexp.photos.store import sets_of

    store = _opened(options)
    if options.expired:
        meant = [one for one in sets_of(store) if one.expired()]
    else:
        meant = [_meant(options, store)]
    if not meant:
        say("There is nothing to erase.")
    for one in meant:
        _purge_one(store, one, options)


def _purge_one(store: Path, meant: PhotoSet, options: argparse.Namespace) -> None:
    from mbtexp.photos.purge import purge, purge_person

    if options.person is None:
        what = f"all photographs {meant.token} of participant {meant.participant}"
    else:
        what = f"the pictures of {meant.person(options.person).label} in photographs {meant.token}"
    if not options.yes and not Terminal().yes(f"Erase {what} for good?"):
        say("Nothing was erased.")
        return
    if options.person is None:
        record, path = purge(store, meant.token, options.reason)
    else:
        record, path = purge_person(store, meant.token, options.person, options.reason)
    say(
        f"Erased: {record.pictures} pictures, {record.completed}. The record to print and sign is "
        f"{path.parent.name}/{path.name} in the store. The originals were not touched."
    )
