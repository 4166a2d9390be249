// A new incident, or one that alarms again: tell the server that it was seen, flash, sound. Never silences itself while one waits for a person.
const reported = new Set();
const known = new Map(); // incident id -> state last seen
let first = true;
let audio = null;

/** Incidents on the page, with whether somebody has taken them. */
function shown() {
  return [...document.querySelectorAll("[data-incident]")];
}

/** Report that a person could see it: the page is visible and the browser has drawn it. */
function report(id) {
  if (reported.has(id) || document.visibilityState !== "visible") return;
  reported.add(id);
  requestAnimationFrame(() =>
    requestAnimationFrame(async () => {
      try {
        const answer = await fetch(`/incidents/${encodeURIComponent(id)}/displayed`, { method: "POST", signal: AbortSignal.timeout(5_000) });
        if (!answer.ok) reported.delete(id);
      } catch {
        reported.delete(id); // the next beat tries again
      }
    }),
  );
}

function look() {
  for (const card of shown()) {
    const { incident, state } = card.dataset;
    report(incident);
    if (known.get(incident) !== "suspected" && !first && state === "suspected") {
      card.classList.add("new");
      flash();
      sound();
    } else if (known.has(incident) && performance.now() < flashUntil) {
      card.classList.add("new"); // a redraw must not cut the flash short
    }
    known.set(incident, state);
  }
  first = false;
}

let flashUntil = 0;

function flash() {
  flashUntil = performance.now() + 6_000;
  document.body.classList.add("flash");
  setTimeout(() => document.body.classList.remove("flash"), 6_000);
}

/** Two tones, twice; only after a person allowed it, which browsers ask for. */
function sound() {
  if (audio?.state !== "running") return;
  [880, 660, 880, 660].forEach((pitch, index) => {
    const tone = audio.createOscillator();
    const level = audio.createGain();
    const start = audio.currentTime + index * 0.35;
    tone.type = "square";
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0.2, start);
    level.gain.setValueAtTime(0, start + 0.32);
    tone.connect(level).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.34);
  });
}

function nag() {
  if (shown().some((card) => card.dataset.state === "suspected" && !("historic" in card.dataset))) {
    sound();
  }
}

/** Watch the page for incidents, on every redraw and on every beat. */
export function watchIncidents() {
  look();
  document.addEventListener("htmx:afterSettle", look);
  document.addEventListener("beat", look);
  document.addEventListener("visibilitychange", look);
}

/** The sound button: off until pressed, remembered, and true about whether the browser lets it sound. */
export function wireSound() {
  const button = document.querySelector("[data-sound]");
  if (!button) return;
  const say = () => {
    const on = audio?.state === "running";
    button.setAttribute("aria-pressed", on);
    button.textContent = on ? button.dataset.on : button.dataset.off;
  };
  const start = () => {
    audio = new AudioContext();
    audio.onstatechange = say;
    audio.resume().then(say);
  };
  button.addEventListener("click", () => {
    if (audio?.state === "running") {
      audio.close().then(say);
      localStorage.removeItem("sound");
    } else {
      start();
      localStorage.setItem("sound", "on");
    }
  });
  if (localStorage.getItem("sound")) start();
  setInterval(nag, 10_000);
  say();
}
