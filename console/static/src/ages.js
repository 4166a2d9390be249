// Ages and the clock, counted on from the server's time. Says durations as present.py does.
import { serverNow } from "./live.js";

const words = document.body.dataset;
const clockFormat = new Intl.DateTimeFormat("en-GB", {
  timeZone: document.documentElement.dataset.timezone,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dateFormat = new Intl.DateTimeFormat("sv-SE", { timeZone: document.documentElement.dataset.timezone, dateStyle: "short" });

const pad = (value) => String(value).padStart(2, "0");

function age(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds < 60) return words.ageS.replace("#", seconds);
  if (hours < 1) return words.ageMin.replace("#", minutes);
  if (hours < 48) return words.ageH.replace("#", hours).replace("@", pad(minutes % 60));
  return words.ageD.replace("#", Math.floor(hours / 24));
}

function stopwatch(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
}

function set(place, text) {
  if (place.textContent !== text) {
    place.textContent = text;
  }
}

function update() {
  const now = serverNow();
  for (const place of document.querySelectorAll("[data-since]")) {
    const ms = now - Number(place.dataset.since);
    set(place, place.dataset.since === "" ? "—" : place.dataset.as === "stopwatch" ? stopwatch(ms) : age(ms));
  }
  for (const place of document.querySelectorAll("[data-clock]")) {
    set(place, `${dateFormat.format(now)} ${clockFormat.format(now)}`);
  }
}

/** Count on, four times a second so that no second is seen twice. */
export function tick() {
  update();
  setInterval(update, 250);
  document.addEventListener("htmx:afterSettle", update);
}
