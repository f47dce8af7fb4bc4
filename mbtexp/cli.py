"""The command ``mbtexp``: reads the words, calls the parts, prints what they say; nothing else."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbtexp.cli_codes import add_codes
from mbtexp.cli_exclude import add_exclude
from mbtexp.cli_photos import add_photos
from mbtexp.cli_rig import add_check, add_reconcile, add_rig
from mbtexp.cli_session import add_session
from mbtexp.cli_study import add_study
from mbtexp.cli_watch import add_watch
from mbtexp.errors import DeviceError, MbtexpError, SettingError
from mbtexp.terminal import command as _command
from mbtexp.terminal import say as _say

if TYPE_CHECKING:
    from mbtexp.conduct import Request

CODES_LOST = 1
"""Exit code of a run that came to its end while the recording lacks trigger codes."""

STOPPED = 130
"""Exit code when somebody pressed Ctrl-C."""

LANGUAGE = "en, de, or a folder of texts (en)"

EXAMPLES = """\
examples:
  mbtexp                                              the operator's window
  mbtexp demo                                         a short run, from window to index
  mbtexp run eyes --participant 01 --data study --pilot      try it in a window
  mbtexp run eyes --participant 01 --data study --rig rig.toml
  mbtexp plan eyes --participant 01 --preset scanner  what will happen, without a window
  mbtexp bids study --validate                        logs to a BIDS data set
  mbtexp analyse study                                logs to indices
  mbtexp report study                                 indices to pages to read

Every command explains itself: mbtexp run --help
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; 0 if it went well, 2 with one plain sentence if it could not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without umlauts gets the rest
    given = sys.argv[1:] if words is None else words
    try:
        if not given:
            return _window()
        options = _parser().parse_args(given)
        code = options.do(options)
    except MbtexpError as error:
        _say(f"mbtexp: {error}", error=True)
        return error.exit_code
    except KeyboardInterrupt:
        _say("mbtexp: stopped from outside; the log is closed, --resume goes on.", error=True)
        return STOPPED
    except BrokenPipeError:
        # The reader of our output has gone (a pager that was quit); that is no mistake.
        sys.stderr.close()
        return 0
    return int(code or 0)


# -- the words ------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mbtexp",
        description="Experimental tasks on attachment and mentalising: run, plan, export, analyse.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say the version")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_plan(commands)
    _add_data(commands)
    _add_questionnaires(commands)
    _add_stimuli(commands)
    _add_shows(commands)
    _add_demo(commands)
    add_rig(commands)
    add_check(commands)
    add_reconcile(commands)
    add_study(commands)
    add_session(commands)
    add_exclude(commands)
    add_photos(commands)
    add_watch(commands)
    return parser


class _Parser(argparse.ArgumentParser):
    """argparse with our own form of an error: one sentence, exit code 2."""

    def error(self, message: str) -> Any:
        _say(f"mbtexp: {message}. Try '{self.prog} --help'.", error=True)
        raise SystemExit(2)


class _Version(argparse.Action):
    """The version, looked up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        _say(f"mbtexp {version('mbtexp')}")
        parser.exit()


def _add_whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="a task's name (mbtexp tasks) or a .py file")
    parser.add_argument(
        "--participant", required=True, metavar="LABEL", help="a code, never a name"
    )
    parser.add_argument("--session", default="01", metavar="LABEL", help="the visit (default: 01)")
    parser.add_argument("--run", type=int, default=1, metavar="N", help="number of the run (1)")
    parser.add_argument("--preset", metavar="NAME", help="a preset of the task (mbtexp tasks)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="changes",
        help="change a parameter; may be given several times",
    )
    parser.add_argument("--rig", type=Path, metavar="FILE", help="rig.toml of this machine")
    parser.add_argument(
        "--first",
        type=_count,
        default=0,
        metavar="N",
        help="only the first N trials, to try it out",
    )
    parser.add_argument(
        "--volumes", type=_volumes, metavar="N", help="volumes of this run's scan (from its length)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the study's seed (0)")
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="show the participant's own (mbtexp photos)"
    )
    parser.add_argument("--language", default="en", metavar="LANG", help=LANGUAGE)


def _add_run(commands: Any) -> None:
    parser = _command(
        commands,
        "run",
        _run,
        "Run a task with a participant (or a simulated one) and leave a log.",
        "mbtexp run eyes --participant 01 --session 01 --data study --rig rig.toml",
    )
    _add_whom(parser)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the study's folder"
    )
    parser.add_argument("--pilot", action="store_true", help="in a window; data marked and apart")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument("--simulate", action="store_true", help="a simulated participant answers")
    parser.add_argument("--virtual", action="store_true", help="no screen: the virtual lab")
    parser.add_argument(
        "--with-triggers", action="store_true", help="a pilot sends its codes to the real line"
    )
    parser.add_argument(
        "--mock-triggers", action="store_true", help="without the rig's trigger line; says so"
    )
    parser.add_argument(
        "--emulate-scanner",
        metavar="WHAT",
        help="pulses without a scanner: TR=2.0,volumes=150,dummies=2,jitter=0.005,drop=0.05,"
        "drop_first,extra=0.01,toggle,slices=32,late=3,seed=1 (what is left out: by the plan)",
    )
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the pilot's window")


def _add_plan(commands: Any) -> None:
    parser = _command(
        commands,
        "plan",
        _plan,
        "Show what a run will do: trials, phases in frames, codes, length; no window.",
        "mbtexp plan eyes --participant 01 --preset scanner --out plan.tsv",
    )
    _add_whom(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the whole table (TSV)")


def _add_data(commands: Any) -> None:
    bids = _command(
        commands,
        "bids",
        _bids,
        "Derive a BIDS data set from the logs of a folder; repeat it at any time.",
        "mbtexp bids study --validate",
    )
    bids.add_argument("data", type=Path, metavar="DIR", help="the study's folder")
    bids.add_argument("--validate", action="store_true", help="let the official validator read it")
    analyse = _command(
        commands,
        "analyse",
        _analyse,
        "Score every run of a folder: indices.tsv and quality.tsv.",
        "mbtexp analyse study",
    )
    analyse.add_argument("data", type=Path, metavar="DIR", help="the study's folder")
    analyse.add_argument("--out", type=Path, metavar="DIR", help="where to (derivatives/mbtexp)")
    analyse.add_argument(
        "--no-reliability",
        dest="n_splits",
        action="store_const",
        const=0,
        default=500,
        help="leave out reliability.tsv, which takes seconds in a large study",
    )
    analyse.add_argument(
        "--splits",
        dest="n_splits",
        type=_count,
        metavar="N",
        help="random halves behind each reliability (500; 5000 for a paper)",
    )
    analyse.add_argument(
        "--fresh", action="store_true", help="score every log again, also those that did not change"
    )
    analyse.add_argument(
        "--workers", type=_count, metavar="N", help="processes at a time (one a core)"
    )
    report = _command(
        commands,
        "report",
        _report,
        "Pages to read: the study, and each person in it.",
        "mbtexp report study --participant 01",
    )
    report.add_argument("data", type=Path, metavar="DIR", help="the study's folder")
    report.add_argument(
        "--participant",
        action="append",
        default=[],
        metavar="LABEL",
        help="only this person's page, beside the study's; may be given several times",
    )
    report.add_argument(
        "--out", type=Path, metavar="DIR", help="where to (derivatives/mbtexp/report)"
    )
    payout = _command(
        commands,
        "payout",
        _payout,
        "Draw the discounting choice that is paid, and print its receipt.",
        "mbtexp payout study --participant 01",
    )
    payout.add_argument("data", type=Path, metavar="DIR", help="the study's folder")
    payout.add_argument("--participant", required=True, metavar="LABEL", help="who is paid")
    payout.add_argument("--session", default="01", metavar="LABEL", help="the visit (01)")
    payout.add_argument("--language", default="en", metavar="LANG", help=LANGUAGE)
    payout.add_argument("--out", type=Path, metavar="FILE", help="write the receipt here")
    show = _command(
        commands, "show", _show, "Read one log: what was run, how it went.", "mbtexp show LOG"
    )
    show.add_argument("log", type=Path, metavar="LOG", help="a file ending in _log.jsonl")


def _add_questionnaires(commands: Any) -> None:
    parser = commands.add_parser(
        "questionnaires",
        help="Score a lab's table of answers into the data set.",
        description="List the questionnaires, or score a lab's table of answers.",
        epilog="example:\n  mbtexp questionnaires import answers.csv --data study",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(title="what to do", required=True, metavar="VERB")
    _command(
        verbs,
        "list",
        _questionnaires_list,
        "List the questionnaires that can be scored.",
        "mbtexp questionnaires list",
    )
    bring = _command(
        verbs,
        "import",
        _questionnaires_import,
        "Score a table of answers (CSV, TSV, REDCap export) to phenotype files.",
        "mbtexp questionnaires import answers.csv --data study --instrument ecr_r",
    )
    bring.add_argument("file", type=Path, metavar="FILE", help="table with a line a participant")
    bring.add_argument("--data", type=Path, required=True, metavar="DIR", help="the study's folder")
    bring.add_argument("--instrument", metavar="NAME", help="one questionnaire (all that fit)")


def _add_stimuli(commands: Any) -> None:
    parser = commands.add_parser(
        "stimuli",
        help="List, verify or import stimulus sets.",
        description="List, verify or import stimulus sets.",
        epilog="example:\n  mbtexp stimuli import eyes ~/Downloads/RMET",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(title="what to do", required=True, metavar="VERB")
    _command(verbs, "list", _stimuli_list, "List the sets that can be used.", "mbtexp stimuli list")
    verify = _command(
        verbs,
        "verify",
        _stimuli_verify,
        "Check every file of a set against its manifest.",
        "mbtexp stimuli verify eyes_pilot",
    )
    verify.add_argument("set", metavar="SET", nargs="*", help="names of sets (all)")
    match = _command(
        verbs,
        "match",
        _stimuli_match,
        "Show how well the cells of a word set are matched in length and frequency.",
        "mbtexp stimuli match polysemy",
    )
    match.add_argument(
        "set", metavar="SET", nargs="?", default="polysemy", help="word set (polysemy)"
    )
    match.add_argument("--primes", default="", metavar="IDS", help="only these primes (a,b,c)")
    match.add_argument("--out", type=Path, metavar="FILE", help="write the table (TSV)")
    bring = _command(
        verbs,
        "import",
        _stimuli_import,
        "Import a lab's own copy of a stimulus set.",
        "mbtexp stimuli import eyes ~/Downloads/RMET --name rmet",
    )
    bring.add_argument("kind", metavar="KIND", help="kind of set: eyes or faces")
    bring.add_argument("path", type=Path, metavar="PATH", help="folder or file to read")
    bring.add_argument("--name", metavar="NAME", help="name to give to the set")
    bring.add_argument(
        "--instructions",
        type=Path,
        metavar="PDF",
        help="PDF with the answer key (eyes), or table of norms (faces)",
    )


def _add_shows(commands: Any) -> None:
    _command(
        commands, "tasks", _tasks, "List the tasks, their presets and lengths.", "mbtexp tasks"
    )
    add_codes(commands)
    board = _command(
        commands,
        "storyboard",
        _storyboard,
        "Draw every screen of a task into one picture.",
        "mbtexp storyboard eyes --out eyes.png",
    )
    board.add_argument("task", metavar="TASK", help="a task's name")
    board.add_argument("--preset", metavar="NAME", help="a preset of the task")
    board.add_argument("--language", default="en", metavar="LANG", help=LANGUAGE)
    board.add_argument("--out", type=Path, required=True, metavar="PNG", help="picture to write")
    board.add_argument("--size", type=_size, metavar="WxH", help="size of each screen")
    board.add_argument("--screens", type=Path, metavar="DIR", help="also keep each screen here")


def _add_demo(commands: Any) -> None:
    demo = _command(
        commands,
        "demo",
        _demo,
        "A short Eyes run with a simulated participant, from window to index.",
        "mbtexp demo --virtual",
    )
    demo.add_argument("--virtual", action="store_true", help="on the virtual lab, in seconds")
    demo.add_argument("--out", type=Path, metavar="DIR", help="where to put it (demo-data)")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number; write 1 or more")
    return int(text)


def _volumes(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of volumes; write 1 or more")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 1280x720")
    return int(width), int(height)


# -- the commands ---------------------------------------------------------------------------------


def _request(options: argparse.Namespace) -> Request:
    from mbtexp.conduct import Request

    changes: dict[str, str] = {}
    for change in options.changes:
        name, sign, value = change.partition("=")
        if not sign:
            raise SettingError(f"--set {change!r}: write NAME=VALUE, for example window_s=8.")
        changes[name] = value
    return Request(
        task=options.task,
        participant=options.participant,
        session=options.session,
        run=options.run,
        preset=options.preset,
        changes=changes,
        rig=options.rig,
        seed=options.seed,
        photos=options.photos,
        first=options.first,
        language=options.language,
        data=getattr(options, "data", Path()),
        pilot=getattr(options, "pilot", False),
        resume=getattr(options, "resume", False),
        simulate=getattr(options, "simulate", False),
        virtual=getattr(options, "virtual", False),
        with_triggers=getattr(options, "with_triggers", False),
        mock_triggers=getattr(options, "mock_triggers", False),
        emulate_scanner=getattr(options, "emulate_scanner", None),
        volumes=options.volumes,
        size=getattr(options, "size", None),
    )


def _run(options: argparse.Namespace) -> int:
    from mbtexp.conduct import conduct
    from mbtexp.show import Progress, after_run

    if options.virtual and not options.simulate:
        raise SettingError("--virtual has no keyboard for a person; add --simulate.")
    _end_like_ctrl_c()
    with Progress("trial") as progress:
        done = conduct(_request(options), on_progress=progress, tell=progress.tell)
    _say(after_run(done))
    return CODES_LOST if done.codes_lost else 0


def _window() -> int:
    """The operator's window; where there can be none, the help and why."""
    from mbtexp.operator.opening import open_window

    try:
        return open_window()
    except DeviceError:
        _parser().print_help()
        raise


def _end_like_ctrl_c() -> None:
    """A closed terminal, or a polite kill, ends a run as Ctrl-C does: log and line are closed."""
    import signal

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)


def _plan(options: argparse.Namespace) -> None:
    from mbtexp.conduct import prepare
    from mbtexp.plan import make_plan
    from mbtexp.scanner.opening import scanner_of
    from mbtexp.show import plan_table, plan_text

    prepared = prepare(_request(options))
    plan = make_plan(
        prepared.task, prepared.session, prepared.material, prepared.rig, prepared.rows
    )
    scanner = scanner_of(prepared.rig, plan.scan_s, volumes=options.volumes)
    if options.out is not None:
        from mbtexp.show import write_table

        write_table(options.out, plan_table(plan))
        _say(f"{options.out}: {len(plan.phases)} phases.")
    _say(plan_text(prepared, plan, whole=options.out is None))
    if scanner is not None:
        _say(scanner.scan.spoken())


def _bids(options: argparse.Namespace) -> int:
    from mbtexp.bids import export, validate
    from mbtexp.show import Progress

    with Progress("run") as progress:
        exported = export(options.data, progress=progress)
    _say(exported.summary())
    for warning in exported.warnings:
        _say(f"note: {warning}")
    if not options.validate:
        return 0
    report = validate(options.data)
    _say(report.summary())
    return 1 if report.errors else 0


def _analyse(options: argparse.Namespace) -> None:
    from importlib import import_module

    from mbtexp.show import Progress, analysed_text

    # The core does not know the analysis package; the command only hands over.
    analyse = import_module("analysis.run").analyse
    with Progress("run") as progress:
        analysed = analyse(
            options.data,
            options.out,
            progress,
            n_splits=options.n_splits,
            fresh=options.fresh,
            workers=options.workers,
        )
    _say(analysed_text(analysed))
    if analysed.as_before:
        _say(
            "Nothing has changed since the last analysis, so nothing was written; --fresh scores "
            "everything again."
        )
    elif analysed.unchanged:
        _say(f"{analysed.unchanged} logs have not changed; --fresh scores them again.")


def _report(options: argparse.Namespace) -> None:
    from importlib import import_module

    from mbtexp.show import Progress

    # The core does not know the analysis package; the command only hands over.
    report = import_module("analysis.report.build").report
    with Progress("page") as progress:
        reported = report(options.data, options.out, options.participant, progress, workers=None)
    _say(reported.text())


def _payout(options: argparse.Namespace) -> None:
    from importlib import import_module

    from mbtexp.events import find_logs, read_log
    from mbtexp.show import write_new
    from mbtexp.task import find_task

    name = f"sub-{options.participant}_ses-{options.session}_task-discounting_"
    logs = [read_log(path) for path in find_logs(options.data) if path.name.startswith(name)]
    # The core does not know the tasks; the command only hands over.
    payout = import_module("tasks.discounting.payout")
    text = payout.receipt(payout.draw(logs), find_task("discounting").catalogue(options.language))
    if options.out is None:
        _say(text.rstrip())
        return
    write_new(options.out, text)
    _say(f"{options.out}: the receipt, to print and sign.")


def _show(options: argparse.Namespace) -> None:
    from mbtexp.events import read_log
    from mbtexp.show import log_text

    _say(log_text(read_log(options.log)))


def _questionnaires_list(_options: argparse.Namespace) -> None:
    from importlib import import_module

    _say(import_module("analysis.questionnaire_files").instruments_text())


def _questionnaires_import(options: argparse.Namespace) -> None:
    from importlib import import_module

    bring = import_module("analysis.questionnaire_files").import_answers
    imported = bring(options.file, options.data, options.instrument)
    for path in imported.files:
        _say(str(path))
    for sentence in imported.told:
        _say(f"note: {sentence}")


def _stimuli_list(_options: argparse.Namespace) -> None:
    from mbtexp.show import sets_text
    from mbtexp.stimuli import list_sets

    _say(sets_text(list_sets()))


def _stimuli_verify(options: argparse.Namespace) -> None:
    from mbtexp.stimuli import find_set, list_sets, verify

    for stimuli in [find_set(name) for name in options.set] or list_sets():
        verify(stimuli)
        _say(f"{stimuli.name}: all {stimuli.inventory()} are as the manifest has them.")


def _stimuli_match(options: argparse.Namespace) -> None:
    from importlib import import_module

    from mbtexp.show import match_rows, match_text, write_table
    from mbtexp.stimuli import find_set

    primes = [prime.strip() for prime in options.primes.split(",") if prime.strip()]
    report = import_module("stimuli.polysemy.match").report(find_set(options.set), primes)
    if not report:
        raise SettingError(f"set {options.set!r} has no words whose cells could be matched.")
    if options.out is not None:
        write_table(options.out, match_rows(report))
        _say(f"{options.out}: {len(report)} rows.")
        return
    _say(match_text(report))


def _stimuli_import(options: argparse.Namespace) -> None:
    from mbtexp.stimuli import find_importer

    bring = find_importer(options.kind)
    stimuli = bring(options.path, name=options.name, instructions=options.instructions)
    _say(f"{stimuli.name}: {len(stimuli.items)} items imported to {stimuli.folder}.")
    for warning in stimuli.warnings:
        _say(f"note: {warning}")
    _say(f"A task shows it with: --set stimuli={stimuli.name}")


def _tasks(_options: argparse.Namespace) -> None:
    from mbtexp.show import Progress, tasks_text

    with Progress("preset") as progress:
        text = tasks_text(progress)
    _say(text)


def _storyboard(options: argparse.Namespace) -> None:
    from mbtexp.storyboard import draw_storyboard

    count = draw_storyboard(
        options.task,
        preset=options.preset,
        language=options.language,
        out=options.out,
        size=options.size,
        screens=options.screens,
    )
    _say(f"{options.out}: {count} screens.")


def _demo(options: argparse.Namespace) -> None:
    from mbtexp.demo import run_demo

    run_demo(options.out, virtual=options.virtual, say=_say)


if __name__ == "__main__":
    sys.exit(main())
