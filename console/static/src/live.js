// The stream: fetches what changed, and raises the band when the stream is silent. Never assumes that all is well.
import htmx from "htmx.org";

const LOST_AFTER = 12_000; // ms without a beat; the style sheet's own dead man's switch counts the same
const TRY_AGAIN = 3_000; // ms between attempts of ours; the browser's own retries come in between
const root = document.documentElement;

let source = null;
let tried = -Infinity;
let heard = performance.now(); // the page itself was fresh when it was made
let heardDate = Date.now(); // performance.now() may stand still while the machine sleeps
let serverAt = null;
let contact = null;

/** Server time in epoch ms, as the last beat lets us reckon it. The screen's own clock is not trusted. */
export function serverNow() {
  return serverAt === null ? Date.now() : serverAt + (performance.now() - heard);
}

/** ms since the last sign of life. */
function quiet() {
  return Math.max(performance.now() - heard, Date.now() - heardDate);
}

function feedDeadMan() {
  root.dataset.fed = root.dataset.fed === "a" ? "b" : "a"; // another animation name restarts the count
}

function onBeat(event) {
  const beat = JSON.parse(event.data);
  if (beat.build !== root.dataset.build) {
    location.reload(); // the server was upgraded under us
    return;
  }
  heard = performance.now();
  heardDate = Date.now();
  serverAt = beat.at;
  contact = beat.contact;
  feedDeadMan();
  delete root.dataset.link;
  root.toggleAttribute("data-silent", beat.silent);
  refresh(beat.versions);
  document.dispatchEvent(new CustomEvent("beat"));
}

/** Ask again for each region that shows another version than the server has. */
function refresh(versions) {
  for (const region of document.querySelectorAll("[data-follow]")) {
    const version = versions[region.dataset.follow];
    if (version !== undefined && version !== region.dataset.version) {
      htmx.trigger(region, "refresh");
    }
  }
}

function connect() {
  tried = performance.now();
  source?.close();
  source = new EventSource("/events");
  source.addEventListener("beat", onBeat);
}

/** Once a second: is the stream alive, and if not, does the page say so? */
function check() {
  const silence = quiet();
  if (silence > LOST_AFTER) {
    root.dataset.link = "lost";
  }
  const idle = performance.now() - tried > TRY_AGAIN;
  if (idle && (source.readyState === EventSource.CLOSED || silence > LOST_AFTER - TRY_AGAIN)) {
    connect(); // also ends a connection that hangs half open
    if (silence > LOST_AFTER) {
      askForLogin();
    }
  }
  document.querySelectorAll("[data-lost-for]").forEach((place) => (place.dataset.since = serverNow() - silence));
  document.querySelectorAll("[data-silent-for]").forEach((place) => {
    place.dataset.since = contact ?? "";
    place.parentElement.hidden = contact === null; // nobody was ever in contact
  });
}

/** A stream may be refused because the login ended: then the page has to ask for it. */
async function askForLogin() {
  try {
    const answer = await fetch("/wall/counts", { signal: AbortSignal.timeout(2_500) });
    if (answer.status === 401) {
      location.reload();
    }
  } catch {
    // the server is gone; the band says so
  }
}

/** Start following, on pages that show anything live. */
export function follow() {
  if (!document.querySelector("[data-band]")) {
    return;
  }
  feedDeadMan();
  connect();
  setInterval(check, 1_000);
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
}
