"use strict";
// Shows state.json, asked for once a second. Everything goes in as text, never as markup.

const EVERY_MS = 1000;
const QUIET_MS = 6000;

let answered = Date.now();
let shownText = "";

function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside.filter((one) => one !== null && one !== ""));
  return made;
}

function spokenTime(seconds) {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  const two = (n) => String(n).padStart(2, "0");
  if (whole >= 3600) {
    return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  }
  return whole >= 60 ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s` : `${whole} s`;
}

const spokenRt = (seconds) => (seconds === null ? "–" : `${seconds.toFixed(2)} s`);

function number(value, label, bad) {
  return element("div", bad ? "number bad" : "number",
    element("b", "", String(value)), element("span", "", label));
}

function banner(alarm) {
  return element("div", `banner ${alarm.level}`, element("b", "", alarm.text),
    element("span", "", alarm.advice));
}

function steps(all) {
  const words = { done: "done", now: "now", next: "next", later: "", stopped: "stopped",
    skipped: "skipped", failed: "failed" };
  return element("ol", "steps", ...all.map((step) => {
    const reason = step.reason && step.state !== "done" ? `: ${step.reason}` : "";
    const line = element("li", step.state, element("span", "what", words[step.state]),
      element("span", "", step.step + reason), element("span", "kind", step.what),
      element("span", "", step.minutes === null ? "" : `${+step.minutes.toFixed(1)} min`));
    if (step.state === "now") line.setAttribute("aria-current", "step");
    return line;
  }));
}

function progress(done, whole, label) {
  const bar = element("progress", "");
  bar.max = Math.max(1, whole);
  bar.value = done;
  bar.setAttribute("aria-label", label);
  return bar;
}

function runPart(run, alarms) {
  const bad = (about) => alarms.some((alarm) => alarm.about === about);
  const pulses = run.pulses;
  const due = pulses && pulses.expected !== null ? ` of ${pulses.expected}` : "";
  const planned = pulses && pulses.planned !== null ? `, ${pulses.planned} planned` : "";
  const codes = run.codes.device === "none" ? number("none", "no trigger line", false)
    : number(`${run.codes.sent} / ${run.codes.lost}`, `codes sent / lost, ${run.codes.device}`,
      bad("codes"));
  return [
    element("h3", "", `${run.title}, ${run.preset}, run ${run.run}`),
    element("p", "", `trial ${run.done} of ${run.trials}`, run.block ? `, ${run.block}` : "",
      run.phase === "running" ? "" : `, ${run.phase}`),
    progress(run.done, run.trials, "trials"),
    element("div", "numbers",
      number(spokenTime(run.left_s), "left in this run", false),
      number(run.missed, "missed responses", bad("answers")),
      number(spokenRt(run.median_rt_s), "median RT", false),
      number(run.frames.missed_frames, `dropped frames, ${run.frames.late_screens} of ` +
        `${run.frames.screens} screens late`,
        bad("frames")),
      codes,
      pulses ? number(`${pulses.seen}${due}`, `pulses seen of those due${planned}`,
        bad("pulses")) : null,
      number(run.pauses, run.pauses ? `pauses, ${spokenTime(run.paused_s)}` : "pauses", false)),
  ];
}

function trials(run) {
  const heads = element("tr", "", ...["trial", "response", "RT", "correct"].map(
    (head) => element("th", "", head)));
  const correct = (value) => (value === null ? "" : value ? "yes" : "no");
  const rows = run.last.map((trial) => element("tr", trial.missed ? "missed" : "",
    ...[`${trial.trial}${trial.practice ? " (practice)" : ""}`, trial.response,
      spokenRt(trial.rt_s), correct(trial.correct)].map((cell) => element("td", "", cell))));
  return [element("h3", "", "Last trials"),
    element("table", "", element("thead", "", heads), element("tbody", "", ...rows.reverse()))];
}

function distress(ratings, limit) {
  const bars = ratings.map((rating) => {
    const bar = element("i", "");
    bar.style.height = `${0.048 * rating.value}rem`;
    return element("div", rating.value >= limit ? "bad" : "", bar,
      String(Math.round(rating.value)));
  });
  return [element("h3", "", "Distress, 0 to 100, first to last"),
    element("div", "ratings", ...bars)];
}

function sessionPart(session) {
  const kinds = [session.mode === "pilot" ? "PILOT" : "", session.simulated ? "simulated" : "",
    session.protocol].filter(Boolean).join(", ");
  const name = `Participant ${session.participant}, session ${session.session}`;
  const state = element("span", `state ${session.state}`, session.state);
  const done = session.steps.filter((step) => ["done", "skipped"].includes(step.state)).length;
  const time = session.elapsed_s === null ? "" : `${spokenTime(session.elapsed_s)} so far` +
    (session.left_s === null ? "" : `, about ${spokenTime(session.left_s)} left`);
  return element("section", "",
    element("h2", "", name, " ", state),
    kinds ? element("p", "soft", kinds) : null,
    ...session.alarms.map(banner),
    time ? element("p", "", time) : null,
    session.steps.length ? progress(done, session.steps.length, "steps") : null,
    ...(session.run ? runPart(session.run, session.alarms) : []),
    ...(session.run && session.run.last.length ? trials(session.run) : []),
    ...(session.distress.length ? distress(session.distress, session.distress_limit) : []),
    ...(session.steps.length ? [element("h3", "", "Steps"), steps(session.steps)] : []),
    ...(session.steps.length || !session.earlier.length ? [] : [
      element("h3", "", "Earlier runs"), ...session.earlier.map((run) => element("p", "",
        `${run.title}, run ${run.run}: ${run.done} of ${run.trials} trials, ${run.phase}`))]));
}

function show(state) {
  const red = state.sessions.some((one) => one.alarms.some((alarm) => alarm.level === "red"));
  const whom = state.sessions.map((one) => one.participant).join(", ");
  document.title = `${red ? "(!) " : ""}${whom || "Watch"}`;
  document.getElementById("folder").textContent = state.folder;
  document.getElementById("at").textContent = state.at;
  const parts = state.sessions.map(sessionPart);
  if (state.told) parts.push(element("p", "", state.told));
  document.getElementById("sessions").replaceChildren(...parts);
}

async function look() {
  try {
    const reply = await fetch("state.json", { cache: "no-store" });
    const text = await reply.text();
    if (reply.ok && text !== "{}") {
      answered = Date.now();
      if (text !== shownText) show(JSON.parse(text));
      shownText = text;
    }
  } catch (error) {
    console.info(`no answer: ${error.message}`);
  }
  const lost = document.getElementById("lost");
  lost.hidden = Date.now() - answered < QUIET_MS;
  lost.textContent = lost.hidden ? "" : "The watch does not answer: what is below is old. " +
    "The run is not touched by that; start 'mbtexp watch' again and open its new address.";
  window.setTimeout(look, EVERY_MS);
}

look();
