"""The command as somebody in the lab types it: what works, and how every mistake is told."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mbtexp.cli import main
from mbtexp.conduct import Request, conduct
from mbtexp.events import read_log
from mbtexp.stimuli import find_set

COMMANDS = [
    "",
    "run",
    "plan",
    "bids",
    "analyse",
    "show",
    "stimuli",
    "stimuli list",
    "stimuli verify",
    "stimuli import",
    "tasks",
    "codes",
    "storyboard",
    "demo",
]
RUN = "run eyes --participant 01 --data study"
SIM = f"{RUN} --set items=3 --simulate --virtual"
LOG = "study/sourcedata/sub-01/ses-01/sub-01_ses-01_task-eyes_run-01_log.jsonl"
posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and limits")


def program(
    words: str | list[str], folder: Path, env: Mapping[str, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    words = words.split() if isinstance(words, str) else words
    environment = {**os.environ, **(env or {})}
    return subprocess.run(
        [sys.executable, "-m", "mbtexp.cli", *words],
        cwd=folder,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file of a folder with its bytes, and every folder in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``whole``: one complete simulated run; ``broken``: the same, broken off after two trials."""
    root = tmp_path_factory.mktemp("studies")
    asked = Request(
        task="eyes",
        participant="01",
        data=root / "whole",
        changes={"items": "3"},
        simulate=True,
        virtual=True,
    )
    log = conduct(asked).log
    shutil.copytree(root / "whole", root / "broken")
    lines = log.read_bytes().splitlines(keepends=True)
    second = [i for i, line in enumerate(lines) if b'"kind":"trial"' in line][1]
    broken = root / "broken" / log.relative_to(root / "whole")
    broken.write_bytes(b"".join(lines[: second + 1]))
    return root


# -- mistakes -------------------------------------------------------------------------------------

Setup = Callable[[Path, Path], None]
"""Makes a mistake possible in a folder; the second path holds the studies."""


def nothing(_folder: Path, _studies: Path) -> None:
    """No preparation."""


def with_rig(text: str) -> Setup:
    def setup(folder: Path, _studies: Path) -> None:
        (folder / "rig.toml").write_text(text)

    return setup


def with_study(name: str, change: Callable[[Path], None] = lambda log: None) -> Setup:
    def setup(folder: Path, studies: Path) -> None:
        shutil.copytree(studies / name, folder / "study")
        change(folder / LOG)

    return setup


def damage(log: Path) -> None:
    log.write_bytes(b"gar" + log.read_bytes()[3:])


def make_real(log: Path) -> None:
    first, rest = log.read_bytes().split(b"\n", 1)
    log.write_bytes(json.dumps({**json.loads(first), "simulated": None}).encode() + b"\n" + rest)


def with_set(change: Callable[[Path], None]) -> Setup:
    def setup(folder: Path, _studies: Path) -> None:
        shutil.copytree(find_set("eyes_pilot").folder, folder / "sets" / "mine")
        change(folder / "sets" / "mine")

    return setup


def change_picture(folder: Path) -> None:
    shutil.copy(folder / "eyes_08.png", folder / "eyes_07.png")


def with_file(name: str, text: str = "mine\n") -> Setup:
    def setup(folder: Path, _studies: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return setup


def no_line(rig: str) -> str:
    return f'[trigger]\ndevice = "serial"\nport = "{rig}"\n'


@dataclass(frozen=True)
class Mistake:
    """What is typed where, and what is said to it."""

    words: str
    said: str
    """Pattern of the whole text after ``mbtexp: ``."""
    setup: Setup = nothing
    env: Mapping[str, str | None] = field(default_factory=dict)


EXISTS = rf"{LOG} exists already\. Nothing is overwritten: use --resume to go on with that run, or "
UNREADABLE = (
    rf"{LOG}: this is not a log of mbtexp, or its first line is damaged; move it out of the way "
    r"to go on without it\."
)
SETS = {"MBTEXP_STIMULI": "sets"}

MISTAKES = {
    "unknown command": Mistake("rnu", r"argument COMMAND: invalid choice: 'rnu' .*"),
    "no participant": Mistake(
        "run eyes --data study",
        r"the following arguments are required: --participant\. Try 'mbtexp run --help'\.",
    ),
    "seed": Mistake(f"{SIM} --seed x", r"argument --seed: invalid int value: 'x'\. Try '.*'\."),
    "size": Mistake(f"{SIM} --size 5", r".*'5' is no size; write 1280x720\. Try '.*'\."),
    "task": Mistake(
        "run eye --participant 01 --data study", r"task 'eye' is not known; did you mean 'eyes'\?"
    ),
    "task file": Mistake(
        "plan mine.py --participant 01", r"mine\.py: there is no such task file; check the path\."
    ),
    "preset": Mistake(
        f"{RUN} --preset scaner", r"task 'eyes' has no preset 'scaner'; did you mean 'scanner'\?"
    ),
    "parameter": Mistake(
        f"{RUN} --set windw_s=8", r"--set: 'windw_s' is not known here; did you mean 'window_s'\?"
    ),
    "no value": Mistake(
        f"{RUN} --set window_s", r"--set 'window_s': write NAME=VALUE, for example window_s=8\."
    ),
    "value": Mistake(
        f"{RUN} --set window_s=abc", r"--set: window_s is 'abc'; it must be a number or left out\."
    ),
    "range": Mistake(
        f"{RUN} --set window_s=100", r"--set: window_s is 100; it must be from 0\.5 to 60\."
    ),
    "choice": Mistake(
        f"{RUN} --set order=randm", r"--set: order is 'randm'; did you mean 'random'\?"
    ),
    "duration": Mistake(
        f"{SIM} --set fixation_s=0.13",
        r"phase 'fixation': 0\.13 s cannot be shown at 60 Hz; the nearest are .* frames\)",
    ),
    "participant": Mistake(
        "run eyes --participant a/b --data study",
        r"--participant 'a/b': use letters and digits only \(a code, never a name\)\.",
    ),
    "run number": Mistake(f"{RUN} --run 0", r"--run 0: runs are counted from 1\."),
    "language": Mistake(
        f"{RUN} --language xx",
        r"--language 'xx': task 'eyes' has no such texts; it can be 'de' or 'en'",
    ),
    "session": Mistake(
        f"{RUN} --preset split --session pre",
        r"--session 'pre': form=counterbalanced .* call them 01 and 02, or set form=A and form=B\.",
    ),
    "virtual": Mistake(
        f"{RUN} --virtual", r"--virtual has no keyboard for a person; add --simulate\."
    ),
    "no display": Mistake(
        f"{RUN} --simulate",
        r"No display: DISPLAY is not set\. Set it, .* or use --virtual to run without a screen\.",
        env={"DISPLAY": None, "WAYLAND_DISPLAY": None},
    ),
    "rig": Mistake(
        f"{SIM} --rig rig.toml",
        r"rig\.toml: trigger: 'devise' is not known here; did you mean 'device'\?",
        with_rig('[trigger]\ndevise = "serial"\n'),
    ),
    "no rig": Mistake(
        f"{SIM} --rig other.toml",
        r"other\.toml: the rig file cannot be read \(No such file or directory\); name another .*",
    ),
    "rig no toml": Mistake(
        f"{SIM} --rig rig.toml",
        r"rig\.toml: this is not valid TOML: .* \(at line 1, column \d+\)\. Correct that line\.",
        with_rig("name = \n"),
    ),
    "shared key": Mistake(
        f"{SIM} --rig rig.toml",
        r"key '1' answers the task and is also the operator's pause key; change one of them in "
        r"rig\.toml\.",
        with_rig('[operator]\npause = "1"\n'),
    ),
    "port": Mistake(
        f"{RUN} --simulate --rig rig.toml",
        r"rig\.toml: trigger: port '/dev/ttyMISSING' does not exist; plug the box in or correct "
        r"the name \(.*\)\.",
        with_rig(no_line("/dev/ttyMISSING")),
    ),
    "no port": Mistake(
        f"{RUN} --simulate --rig rig.toml",
        r"rig\.toml: trigger: port '.*rig\.toml' is not a serial port; name the port of the box .*",
        with_rig(no_line("rig.toml")),
    ),
    "existing run": Mistake(SIM, EXISTS + r"--run with another number\.", with_study("whole")),
    "no run": Mistake(
        f"{SIM} --resume", rf"{LOG}: there is no run to resume; leave out --resume\."
    ),
    "complete run": Mistake(
        f"{SIM} --resume",
        rf"{LOG}: this run is complete; use --run with another number\.",
        with_study("whole"),
    ),
    "other options": Mistake(
        f"{SIM} --resume --seed 5",
        rf"{LOG}: the run was started with another seed; resume it with the options it was .*",
        with_study("broken"),
    ),
    "real among simulated": Mistake(
        "run eyes --participant 02 --data study",
        r"study holds simulated participants; give real ones another --data folder\.",
        with_study("whole"),
    ),
    "simulated among real": Mistake(
        "run eyes --participant 02 --data study --simulate --virtual",
        r"study holds real participants; give simulated ones another --data folder\.",
        with_study("whole", make_real),
    ),
    "damaged, resume": Mistake(f"{SIM} --resume", UNREADABLE, with_study("broken", damage)),
    "damaged, show": Mistake(f"show {LOG}", UNREADABLE, with_study("whole", damage)),
    "damaged, analyse": Mistake(
        "analyse study", rf"study: none of its 1 logs can be read\. {UNREADABLE}",
        with_study("whole", damage),
    ),
    "damaged, bids": Mistake(
        "bids study", rf"study: no log can be exported\. {UNREADABLE}", with_study("whole", damage)
    ),
    "changed by hand": Mistake(
        "show log.jsonl",
        r"log\.jsonl: a line is not as mbtexp writes it \('task_info'\); .* use a copy from .*",
        with_file("log.jsonl", '{"kind":"header","t":0,"format":1,"simulated":null}\n'),
    ),
    "show nothing": Mistake(
        "show x.jsonl", r"x\.jsonl: the log cannot be read \(No such file or directory\); check .*"
    ),
    "analyse nothing": Mistake(
        "analyse study", r"study: no log lies under .*", with_file("study/notes.txt")
    ),
    "bids nothing": Mistake(
        "bids study",
        r"study: there is no log under study.sourcedata; is it the folder\?",
        with_file("study/notes.txt"),
    ),
    "missing picture": Mistake(
        f"{SIM} --set stimuli=mine",
        r"stimulus set 'eyes_pilot', item eyes_07: the picture .*eyes_07\.png cannot be read \(No "
        r"such file or directory\); .*",
        with_set(lambda folder: (folder / "eyes_07.png").unlink()),
        SETS,
    ),
    "changed picture": Mistake(
        f"{SIM} --set stimuli=mine",
        r"stimulus set 'eyes_pilot', item eyes_07: the picture .*eyes_07\.png was changed; .*",
        with_set(change_picture),
        SETS,
    ),
    "unknown set": Mistake(
        "stimuli verify eye_pilot",
        r"stimulus set 'eye_pilot' is not known; did you mean 'eyes_pilot'\? .*",
    ),
    "import nothing": Mistake(
        "stimuli import eyes nowhere", r"nowhere: there is no such file or folder; check the path\."
    ),
    "import what": Mistake(
        "stimuli import ey nowhere", r"no importer for 'ey' is known; did you mean 'eyes'\?"
    ),
    "plan exists": Mistake(
        "plan eyes --participant 01 --out plan.tsv",
        r"plan\.tsv exists already; give --out another name\.",
        with_file("plan.tsv"),
    ),
    "plan nowhere": Mistake(
        "plan eyes --participant 01 --out no/plan.tsv",
        r"no.plan\.tsv: the file cannot be written \(No such file or directory\); give --out .*",
    ),
    "demo not empty": Mistake(
        "demo --virtual --out study",
        r"study is not empty; give --out a new folder\.",
        with_file("study/notes.txt"),
    ),
    "demo file": Mistake(
        "demo --virtual --out study",
        r"study: the folder cannot be made \(File exists\); name another one with --out\.",
        with_file("study"),
    ),
    "data is a file": Mistake(
        SIM, r".*study is a file; give --data a folder\.", with_file("study")
    ),
}  # fmt: skip

if sys.platform == "linux":
    MISTAKES["read-only"] = Mistake(
        "run eyes --participant 01 --data /proc/study --simulate --virtual",
        r"/proc cannot be written; choose another --data folder\.",
    )


def prepared(mistake: Mistake, folder: Path, studies: Path) -> dict[str, bytes | None]:
    mistake.setup(folder, studies)
    return contents(folder)


def check(mistake: Mistake, code: int, out: str, err: str) -> None:
    """One plain line that says what is wrong, exit code 2, nothing else."""
    assert code == 2, err
    assert "Traceback" not in out + err
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert re.fullmatch(rf"mbtexp: {mistake.said}\n", err), err
    assert len(re.findall(r"[.?!](?: |$)", err.replace("...", ""))) <= 3, err


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_plain_words_and_nothing_is_touched(
    name: str,
    tmp_path: Path,
    studies: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mistake = MISTAKES[name]
    before = prepared(mistake, tmp_path, studies)
    monkeypatch.chdir(tmp_path)
    for variable, value in mistake.env.items():
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    try:
        code = main(mistake.words.split())
    except SystemExit as left:
        code = int(left.code or 0)
    out, err = capsys.readouterr()
    check(mistake, code, out, err)
    assert out == ""
    assert contents(tmp_path) == before


EACH_IN_ITS_OWN = """
import json, os, sys
from mbtexp import conduct, plan, run
from mbtexp.cli import main

for folder, words, env in json.load(sys.stdin):
    process = os.fork()
    if process == 0:
        os.chdir(folder)
        for name, value in env.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        for stream, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{folder}.{name}", os.O_WRONLY | os.O_CREAT), stream)
        sys.exit(main(words))
    with open(f"{folder}.code", "w") as code:
        code.write(str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])))
"""


@posix
def test_the_program_itself_tells_every_mistake_in_plain_words(
    tmp_path: Path, studies: Path
) -> None:
    """Each in a process that has nothing from the one before; forked, as starting takes longest."""
    folders = {name: tmp_path / re.sub(r"\W", "_", name) for name in MISTAKES}
    before = {}
    for name, mistake in MISTAKES.items():
        folders[name].mkdir()
        before[name] = prepared(mistake, folders[name], studies)
    asked = [(str(folders[name]), m.words.split(), dict(m.env)) for name, m in MISTAKES.items()]
    subprocess.run(
        [sys.executable, "-c", EACH_IN_ITS_OWN], input=json.dumps(asked), text=True, check=True
    )
    assert len(MISTAKES) > 45
    for name, mistake in MISTAKES.items():
        code, out, err = (
            folders[name].with_name(f"{folders[name].name}.{kind}").read_text()
            for kind in ("code", "out", "err")
        )
        check(mistake, int(code), out, err)
        assert contents(folders[name]) == before[name], name


@pytest.mark.parametrize("name", ["task", "port", "existing run"])
def test_a_mistake_leaves_the_same_words_where_the_program_is_started_anew(
    name: str, tmp_path: Path, studies: Path
) -> None:
    mistake = MISTAKES[name]
    before = prepared(mistake, tmp_path, studies)
    ran = program(mistake.words, tmp_path, mistake.env)
    check(mistake, ran.returncode, ran.stdout, ran.stderr)
    assert contents(tmp_path) == before


# -- mistakes that need a machine -----------------------------------------------------------------


@posix
def test_a_port_that_another_program_has_is_told(tmp_path: Path) -> None:
    from serial import Serial

    master, slave = os.openpty()
    name = os.ttyname(slave)
    (tmp_path / "rig.toml").write_text(no_line(name))
    with Serial(name, exclusive=True):
        ran = program(f"{RUN} --simulate --rig rig.toml", tmp_path)
    os.close(master)
    os.close(slave)
    said = (
        rf"rig\.toml: trigger: port '{name}' is in use by another program; close that program, "
        r"then start again\."
    )
    check(Mistake("", said), ran.returncode, ran.stdout, ran.stderr)
    assert list(tmp_path.iterdir()) == [tmp_path / "rig.toml"]


@posix
def test_a_port_that_this_user_may_not_open_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import serial

    def forbidden(*_: object, **__: object) -> None:
        raise serial.SerialException(errno.EACCES, "could not open port: Permission denied")

    monkeypatch.setattr("serial.Serial", forbidden)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rig.toml").write_text(no_line("/dev/ttyUSB0"))
    code = main(f"{RUN} --simulate --rig rig.toml".split())
    said = (
        r"rig\.toml: trigger: port '/dev/ttyUSB0' may not be opened by this user; run: sudo "
        r"usermod -a -G dialout \$USER, then log out and in again\."
    )
    check(Mistake("", said), code, *capsys.readouterr())


FULL_DISK = """
import resource, sys
from mbtexp.cli import main
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(main(sys.argv[1:]))
"""


@posix
@pytest.mark.parametrize("share", [0.1, 0.7, 0.95])
def test_a_disk_that_fills_up_during_a_run_is_told_and_loses_nothing(
    share: float, tmp_path: Path, studies: Path
) -> None:
    limit = round(share * (studies / "whole" / LOG.removeprefix("study/")).stat().st_size)
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(limit), *SIM.split()],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if share < 0.5:
        assert "the log could not be written" in ran.stderr
        assert "Traceback" not in ran.stderr
        return  # the rescue is as full: nothing is lost but a header
    said = (
        rf"{LOG}: the log could not be written \(File too large\)\. What did not fit is in (.*); "
        r"make room, append that file to the log, then run with --resume\."
    )
    *book, told = ran.stderr.splitlines(keepends=True)
    assert all("the code book could not be written" in line for line in book)
    check(Mistake("", said), ran.returncode, ran.stdout, told)
    [rescue] = tmp_path.glob("mbtexp-rescue-*/*")
    with (tmp_path / LOG).open("ab") as log:
        log.write(rescue.read_bytes())
    broken = read_log(tmp_path / LOG)
    assert broken.damage == []
    resumed = program(f"{SIM} --resume", tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    trials = [event["trial"] for event in read_log(tmp_path / LOG).of("trial")]
    assert trials == [1, 2, 3, 4]


def test_a_damaged_line_in_the_middle_is_told_and_the_rest_is_shown(
    tmp_path: Path, studies: Path
) -> None:
    shutil.copytree(studies / "whole", tmp_path / "study")
    log = tmp_path / LOG
    lines = log.read_bytes().split(b"\n")
    lines[9] = lines[9][:20]
    log.write_bytes(b"\n".join(lines))
    ran = program(f"show {LOG}", tmp_path)
    assert ran.returncode == 0
    assert ran.stdout.endswith(f"{LOG}: line 10 is damaged and was left out.\n")
    assert "4 of 4 trials; the run is complete." in ran.stdout


# -- help -----------------------------------------------------------------------------------------

HEAVY = ("numpy", "pandas", "scipy", "psychopy", "serial", "PIL")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example_and_loads_nothing_heavy(
    command: str, tmp_path: Path
) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mbtexp.cli", *command.split(), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0
    assert ran.stdout.startswith(f"usage: mbtexp {command}".rstrip())
    assert re.search(r"\nexamples?:\n  mbtexp ", ran.stdout)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()}
    assert "mbtexp" in loaded
    assert not loaded & set(HEAVY)
    assert not list(tmp_path.iterdir())


def test_the_help_comes_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    best_s = 60.0
    for _ in range(5):
        began = time.perf_counter()
        assert program("run --help", tmp_path).returncode == 0
        best_s = min(best_s, time.perf_counter() - began)
    with capsys.disabled():
        sys.stdout.write(f" [mbtexp run --help: {1000 * best_s:.0f} ms] ")
    assert best_s < 1.0


def test_the_version_is_told(tmp_path: Path) -> None:
    ran = program("--version", tmp_path)
    assert re.fullmatch(r"mbtexp \d+\.\d+\.\d+\n", ran.stdout)


# -- what works -----------------------------------------------------------------------------------


def worked(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that goes well."""
    code = main(words.split())
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out


def test_a_study_from_plan_to_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rig.toml").write_text('name = "lab 1"\n[display]\nrefresh_hz = 120\n')
    said = worked(
        "run eyes --participant 01 --session 01 --data study --preset randomised --set window_s=8 "
        "--rig rig.toml --pilot --seed 7 --simulate --virtual",
        capsys,
    )
    pilot = f"study/pilot/{LOG.removeprefix('study/')}"
    assert said.startswith("37 trials; timing: good; ")
    assert said.endswith(f"log: {pilot}\n")
    header = read_log(tmp_path / pilot).header
    assert (header["seed"], header["params"]["window_s"], header["mode"]) == (7, 8.0, "pilot")
    assert header["rig"]["name"] == "lab 1"

    said = worked("plan eyes --participant 01 --preset scanner --out plan.tsv", capsys)
    table = (tmp_path / "plan.tsv").read_text().splitlines()
    assert said.startswith(f"plan.tsv: {len(table) - 1} phases.\n")
    assert "72 trials in 18 blocks" in said
    whole = worked("plan eyes --participant 01 --preset scanner", capsys)
    assert "fixation 30, eyes_mental 480, rest" in whole

    worked(SIM, capsys)
    said = worked(f"show {LOG}", capsys)
    assert "simulated participant 01, session 01, run 1" in said
    assert "4 of 4 trials; the run is complete." in said

    assert "1 run; " in worked("bids study", capsys)
    said = worked("analyse study --out scores", capsys)
    assert said.endswith("1 runs; tables in scores\n")
    assert (tmp_path / "scores" / "indices.tsv").is_file()


def test_a_run_that_broke_off_is_shown_as_such_and_goes_on(
    tmp_path: Path,
    studies: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(studies / "broken", tmp_path / "study")
    monkeypatch.chdir(tmp_path)
    said = worked(f"show {LOG}", capsys)
    assert "2 of 4 trials; the run broke off; --resume goes on with it." in said
    assert worked(f"{SIM} --resume", capsys).startswith("4 trials; timing: good; ")


def test_stimulus_sets_are_listed_verified_and_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    monkeypatch.setenv("MBTEXP_STIMULI", str(tmp_path / "sets"))
    monkeypatch.chdir(tmp_path)
    assert re.search(r"^eyes_pilot +pilot +37 +MIT", worked("stimuli list", capsys), re.MULTILINE)
    said = worked("stimuli verify eyes_pilot", capsys)
    assert said == "eyes_pilot: all 37 files are as the manifest has them.\n"

    folder = tmp_path / "mine"
    folder.mkdir()
    for number, name in enumerate("abc"):
        grey = bytes((x * x * 7 + x * (number * 37 + 11)) % 251 for x in range(72))
        picture = Image.frombytes("L", (9, 8), grey).resize((90, 80))
        picture.save(folder / f"{name}.png")
    (folder / "items.csv").write_text(
        "id,file,word1,word2,word3,word4,target,sex,practice\n"
        "a1,a.png,calm,glad,sour,grim,glad,F,no\n"
        "a2,b.png,warm,cold,mild,cool,cool,M,no\n"
        "a0,c.png,high,deep,wide,flat,deep,M,yes\n"
    )
    said = worked("stimuli import eyes mine --name ours", capsys)
    assert said.startswith("ours: 3 items imported to ")
    assert "A task shows it with: --set stimuli=ours" in said
    said = worked(f"{RUN} --set stimuli=ours --simulate --virtual", capsys)
    assert said.startswith("3 trials; timing: good; ")


def test_the_tasks_are_listed_with_presets_lengths_and_keys(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbtexp.task.task_names", lambda: ["eyes"])  # all take a while
    said = worked("tasks", capsys)
    assert re.search(r"^eyes +standard +37 +about \d+ min", said, re.MULTILINE)
    assert re.search(r"^eyes +scanner +72 +\d+ min \d+ s +eyes_pilot +1 2 3 4$", said, re.MULTILINE)


def test_the_demonstration_goes_from_run_to_index(tmp_path: Path) -> None:
    ran = program("demo --virtual --out first", tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "timing      good" in ran.stdout
    tables = tmp_path / "first" / "derivatives" / "mbtexp"
    assert (tables / "indices.tsv").is_file()
    page = re.search(r"^report +(\S+study\.html) \(open it", ran.stdout, re.MULTILINE)
    assert page is None or (tmp_path / page[1]).is_file()
    assert page is not None or "pip install 'mbtexp[report]'" in ran.stdout


@pytest.mark.readers
def test_a_study_s_bids_is_valid(
    tmp_path: Path,
    studies: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(studies / "whole", tmp_path / "study")
    monkeypatch.chdir(tmp_path)
    said = worked("bids study --validate", capsys)
    assert re.search(r"^valid: 0 errors, \d+ warnings\.$", said, re.MULTILINE)


# -- the terminal ---------------------------------------------------------------------------------


@posix
def test_a_run_shows_a_bar_on_a_terminal_and_none_in_a_pipe(tmp_path: Path) -> None:
    assert program(SIM, tmp_path).stderr == ""
    shutil.rmtree(tmp_path / "study")
    master, slave = os.openpty()
    ran = subprocess.run(
        [sys.executable, "-m", "mbtexp.cli", *SIM.split()],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=slave,
        check=True,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the far end is closed
            break
        if not part:
            break
        shown += part
    os.close(master)
    bars = re.findall(rb"\r\[(#*)(\.*)\] trial (\d) of 4 ", shown)
    assert [int(number) for _, _, number in bars] == [1, 2, 3, 4]
    assert {len(full) + len(empty) for full, empty, _ in bars} == {30}
    assert len(bars[-1][1]) == 0
    assert shown.endswith(b"\n")
    assert b"[" not in ran.stdout


def test_a_terminal_without_umlauts_still_gets_the_rest(tmp_path: Path) -> None:
    assert program(f"{SIM} --language de", tmp_path).returncode == 0
    ran = program(f"show {LOG}", tmp_path, {"PYTHONIOENCODING": "ascii"})
    assert ran.returncode == 0
    assert "4 of 4 trials; the run is complete." in ran.stdout


def test_a_reader_that_has_gone_is_no_mistake(tmp_path: Path) -> None:
    told = subprocess.Popen(
        [sys.executable, "-m", "mbtexp.cli", "stimuli", "list"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert told.stdout is not None
    assert told.stderr is not None
    told.stdout.close()
    assert b"Traceback" not in told.stderr.read()
    told.stderr.close()
    told.wait()
