"""The watch's page: for this computer alone, read only, and right in a real browser."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mbtexp.cli import main
from mbtexp.errors import DeviceError
from mbtexp.watch import loop, server
from mbtexp.watch.server import Page, serving
from mbtexp.watch.view import (
    Alarm,
    CodesView,
    Distress,
    FramesView,
    PulsesView,
    RunView,
    SessionView,
    StepView,
    TrialView,
    View,
)

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
ATTACK = '<img src=x onerror="document.title=1">'

RUN = RunView(
    log="sub-07_ses-01_task-eyes_run-01_log.jsonl",
    task="eyes",
    title="Reading the Mind in the Eyes",
    preset="scanner",
    run=1,
    phase="running",
    done=12,
    trials=37,
    block="block 2 of 4",
    elapsed_s=63.0,
    left_s=130.0,
    missed=1,
    missed_in_a_row=0,
    median_rt_s=1.234,
    last=(
        TrialView(11, practice=False, response="bored", rt_s=1.1, correct=True, missed=False),
        TrialView(12, practice=False, response="missed", rt_s=None, correct=None, missed=True),
    ),
    pauses=1,
    paused_s=75.0,
    frames=FramesView(120, 2, 3),
    codes=CodesView(88, 2, "biosemi"),
    pulses=PulsesView(40, 41, 120, 1),
)
SESSION = SessionView(
    participant="07",
    session="01",
    mode="lab",
    simulated=False,
    protocol="mbt_core",
    state="running",
    elapsed_s=700.0,
    left_s=2400.0,
    silent_s=0.3,
    steps=(
        StepView("mood_before", "mood, short", "done", 2.0),
        StepView("eyes", "eyes, scanner", "now", 6.0),
        StepView("rest", "break", "skipped", 5.0, "not wanted"),
        StepView("payout", "payout", "next", None),
    ),
    run=RUN,
    earlier=(),
    distress=(Distress(20.0, 5.0, "mood"), Distress(85.0, 60.0, "eyes")),
    distress_limit=80.0,
    alarms=(
        Alarm("red", "codes", "2 trigger codes did not reach the recorder.", "Check the cable."),
        Alarm("amber", "pulses", "1 pulse went missing.", "Look at the line."),
    ),
)
VIEW = View("study", "14:03:05", (SESSION,))


@pytest.fixture(scope="module")
def served() -> Iterator[Page]:
    with serving() as page:
        yield page


@pytest.fixture
def page(served: Page) -> Page:
    served.show(VIEW)
    return served


def ask(
    page: Page, name: str = "", *, method: str = "GET", path: str | None = None, **headers: str
) -> http.client.HTTPResponse:
    """One request for something below the page's address, or for a path of its own."""
    parts = urlsplit(page.address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request(method, parts.path + name if path is None else path, headers=headers)
    return connection.getresponse()


# -- who gets what --------------------------------------------------------------------------------


def test_the_page_its_two_files_and_the_state_are_given_to_who_has_the_address(page: Page) -> None:
    for name, kind in (("", "html"), ("page.js", "javascript"), ("page.css", "css")):
        reply = ask(page, name)
        assert (reply.status, kind in str(reply.headers["Content-Type"])) == (200, True)
    state = json.loads(ask(page, "state.json").read())
    assert state["sessions"][0]["run"]["done"] == 12


def test_it_is_served_on_this_computer_only(page: Page) -> None:
    assert urlsplit(page.address).hostname == "127.0.0.1"


def test_the_token_is_long_and_another_one_each_time(page: Page) -> None:
    with serving() as other:
        tokens = {urlsplit(one.address).path.strip("/") for one in (page, other)}
    assert len(tokens) == 2
    assert all(len(token) >= 32 for token in tokens)


@pytest.mark.parametrize(
    "path", ["/", "/state.json", "/page.js", "/favicon.ico", "/TOKEN", "/TOKENx/", "/x/TOKEN/"]
)
def test_without_the_right_token_nothing_is_given(page: Page, path: str) -> None:
    token = urlsplit(page.address).path.strip("/")
    reply = ask(page, path=path.replace("TOKEN", token))
    assert reply.status == 403
    assert token.encode() not in reply.read()


def test_a_token_that_is_wrong_in_its_last_letter_is_refused(page: Page) -> None:
    path = urlsplit(page.address).path
    wrong = path[:-2] + ("a" if path[-2] != "a" else "b") + "/"
    assert ask(page, path=wrong).status == 403
    assert ask(page, path=path).status == 200


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "X"]
)
def test_only_reading_is_possible(page: Page, method: str) -> None:
    reply = ask(page, "state.json", method=method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd",
        "..%2f..%2fserver.py",
        "server.py",
        "page.html",
        "/etc/passwd",
        "//etc/passwd",
        "page.css/../server.py",
        "..\\server.py",
        "page.css%00.js",
    ],
)
def test_no_name_is_ever_a_path(page: Page, name: str) -> None:
    assert ask(page, name).status == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:PORT", "127.0.0.1", "[::1]:PORT"])
def test_a_page_whose_name_was_made_to_point_here_gets_nothing(page: Page, host: str) -> None:
    port = str(urlsplit(page.address).port)
    assert ask(page, "state.json", Host=host.replace("PORT", port)).status == 403
    assert ask(page, "state.json", Host=f"localhost:{port}").status == 200


def test_every_answer_forbids_what_comes_from_outside(page: Page) -> None:
    for reply in (ask(page), ask(page, path="/"), ask(page, "state.json")):
        policy = str(reply.headers["Content-Security-Policy"])
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["Access-Control-Allow-Origin"] is None
        assert "Python" not in str(reply.headers["Server"])


def test_what_is_not_http_at_all_leaves_the_page_working(page: Page) -> None:
    import socket

    parts = urlsplit(page.address)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=10) as raw:
        raw.sendall(b"\x00\xff\r\n\r\n")
        raw.recv(1000)
    assert ask(page).status == 200


def test_a_port_that_is_taken_is_refused_in_plain_words(page: Page) -> None:
    port = urlsplit(page.address).port or 0
    with pytest.raises(DeviceError, match=rf"--port {port}: the page cannot be shown there"):
        serving(port).__enter__()


def test_the_page_brings_nothing_from_elsewhere_and_writes_no_markup() -> None:
    folder = Path(server.__file__).parent
    texts = [(folder / name).read_text(encoding="utf-8") for name, _ in server.FILES.values()]
    for text in texts:
        assert not re.findall(r"https?:|//\w+\.|@import|url\(", text)
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|eval\(|document\.write", text)


# -- the loop -------------------------------------------------------------------------------------


def test_the_watch_serves_what_it_sees_until_it_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loop, "_step_back", lambda: None)
    seen: list[Any] = []

    def until() -> bool:
        [address] = re.findall(r"http://\S+", capsys.readouterr().out)
        page = Page(address)
        seen.append(json.loads(ask(page, "state.json").read()))
        return True

    before = set(threading.enumerate())
    loop.watch(tmp_path, until=until)
    assert "waiting for the first run" in seen[0]["told"]
    assert set(threading.enumerate()) <= before


@pytest.mark.skipif(sys.platform == "win32", reason="ends it as a terminal does")
def test_ctrl_c_ends_the_watch_with_a_sentence(tmp_path: Path) -> None:
    import signal

    with subprocess.Popen(
        [sys.executable, "-m", "mbtexp.cli", "watch", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        # Whoever is started in the background of a shell would not hear of Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as watch:
        assert watch.stdout is not None
        assert "http://127.0.0.1:" in watch.stdout.readline()
        assert "waiting for the first run" in watch.stdout.readline() + watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        rest, _ = watch.communicate(timeout=20)
        assert watch.returncode == 0
    assert "The watch has ended; the run goes on." in rest


def test_a_page_needs_no_terminal_and_a_terminal_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loop, "_step_back", lambda: None)
    monkeypatch.setattr(time, "sleep", _interrupt)
    assert main(["watch", str(tmp_path), "--no-page"]) == 0
    assert "http://" not in capsys.readouterr().out


def _interrupt(_s: float) -> None:
    raise KeyboardInterrupt


# -- in a browser ---------------------------------------------------------------------------------


def browser(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium to look at the page with")
    return subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--disable-background-networking", f"--user-data-dir={folder}"),
            *words,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def dumped(folder: Path, page: Page, after_ms: int = 1500) -> subprocess.CompletedProcess[str]:
    """The page as a browser has built it, and what it complained of."""
    words = ("--enable-logging=stderr", "--dump-dom", f"--virtual-time-budget={after_ms}")
    return browser(folder / "profile", *words, page.address)


@pytest.fixture(scope="module")
def built(served: Page, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page of the session above, as a browser has built it."""
    served.show(VIEW)
    return dumped(tmp_path_factory.mktemp("browser"), served)


@pytest.mark.readers
@pytest.mark.slow
def test_a_browser_shows_the_session_and_has_nothing_to_complain_of(
    built: subprocess.CompletedProcess[str],
) -> None:
    assert "CONSOLE" not in built.stderr
    text = re.sub(r"<[^>]+>", "|", built.stdout)
    for shown in (
        "(!) 07",
        "Participant 07, session 01",
        "2 trigger codes did not reach the recorder.",
        "Check the cable.",
        "11 min 40 s so far, about 40 min 00 s left",
        "trial 12 of 37, block 2 of 4",
        "88 / 2",
        "40 of 41",
        "1.23 s",
        "rest: not wanted",
    ):
        assert shown in text, shown


@pytest.mark.readers
@pytest.mark.slow
def test_what_stands_in_a_log_is_text_on_the_page_and_never_markup(
    page: Page, tmp_path: Path
) -> None:
    trial = replace(RUN.last[0], response=ATTACK)
    run = replace(RUN, title=ATTACK, last=(trial,))
    alarm = Alarm("red", "run", ATTACK, ATTACK)
    page.show(View(ATTACK, "", (replace(SESSION, participant=ATTACK, run=run, alarms=(alarm,)),)))
    said = dumped(tmp_path, page)
    assert "<img" not in said.stdout
    assert said.stdout.count("&lt;img") >= 5
    assert "CONSOLE" not in said.stderr


@pytest.mark.readers
@pytest.mark.slow
def test_the_page_follows_by_itself_and_says_when_nobody_answers(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Page("")
    later.show(View("study", "14:03:06", (replace(SESSION, run=replace(RUN, done=13)),)))
    states = iter([page.state, later.state, later.state])

    def state(_page: Page) -> bytes:
        try:
            return next(states)
        except StopIteration:
            raise ConnectionError("the watch has been ended") from None

    monkeypatch.setattr(Page, "state", property(state))
    said = dumped(tmp_path, page, after_ms=15_000)
    assert "trial 13 of 37" in said.stdout
    assert "The watch does not answer" in said.stdout


PHONE = """<!doctype html><meta charset="utf-8"><body><script>
const frame = document.body.appendChild(document.createElement("iframe"));
frame.width = 390; frame.height = 900;
frame.onload = () => {
  const seen = frame.contentDocument, width = frame.contentWindow.innerWidth;
  const wide = [...seen.querySelectorAll("*")].filter(
    (one) => one.getBoundingClientRect().right > width + 1);
  document.body.textContent =
    `found ${width} ${seen.documentElement.scrollWidth} ${wide.length} end`;
};
frame.srcdoc = PAGE;
</script>"""
"""A browser's own window is no narrower than 500 px; a frame is."""


@pytest.mark.readers
@pytest.mark.slow
def test_on_a_phone_nothing_reaches_over_the_edge(
    built: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    style = (Path(server.__file__).parent / "page.css").read_text(encoding="utf-8")
    plain = re.sub(r"<script.*?</script>|<link[^>]*>", "", built.stdout, flags=re.DOTALL)
    inside = json.dumps(plain.replace("</head>", f"<style>{style}</style></head>"))
    phone = tmp_path / "phone.html"
    phone.write_text(PHONE.replace("PAGE", inside.replace("</", "<\\/")), encoding="utf-8")
    said = browser(tmp_path / "profile", "--dump-dom", f"file://{phone}")
    [found] = re.findall(r"found ([\d ]+) end", said.stdout)
    assert found.split() == ["390", "390", "0"]
