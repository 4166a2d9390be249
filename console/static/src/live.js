// The stream: fetches what changed, and raises the band when the stream is silent. Never assumes that all is well.
import htmx from "htmx.org";

const LOST_AFTER = 12_000; // ms without a beat; the style sheet's own dead man's switch counts the same
const BEHIND_AFTER = 6_000; // ms that a region may fail to follow before beats stop counting as signs of life
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
  const behind = refresh(beat.versions);
  contact = beat.contact;
  root.toggleAttribute("data-silent", beat.silent);
  if (!behind) {
    heard = performance.now();
    heardDate = Date.now();
    serverAt = beat.at;
    feedDeadMan();
    delete root.dataset.link;
  }
  document.dispatchEvent(new CustomEvent("beat"));
}

const ANSWER_WITHIN = 2_000; // ms; after that a region is asked for again, whatever became of the first request
const flying = new Map(); // region id -> since when it is asked for, and whether it has changed again meanwhile
let latest = {}; // versions of the newest beat
const waiting = new Map(); // region id -> since when it has shown an old version without being redrawn

/** Ask again for each region that shows another version than the server has; say whether one has been unable to. */
function refresh(versions) {
  latest = versions;
  const changed = [...document.querySelectorAll("[data-follow]")].filter((region) => {
    const version = versions[region.dataset.follow];
    return version !== undefined && version !== region.dataset.version;
  });
  const urgent = changed.filter((region) => region.dataset.follow === "incidents");
  const others = changed.filter((region) => region.dataset.follow !== "incidents");
  urgent.forEach(ask);
  // an alarm is not to share the screen's time with sixty tiles
  setTimeout(() => others.forEach(ask), urgent.length ? 200 : 0);
  const now = performance.now();
  changed.forEach((region) => waiting.has(region.id) || waiting.set(region.id, now));
  const ids = new Set(changed.map((region) => region.id));
  [...waiting.keys()].forEach((id) => ids.has(id) || waiting.delete(id));
  return [...waiting.values()].some((since) => now - since > BEHIND_AFTER);
}

/** Ask for one region, once at a time: a second request would be dropped with the element that the first replaces. */
function ask(region) {
  const now = performance.now();
  const flight = flying.get(region.id);
  if (flight && now - flight.since < ANSWER_WITHIN) {
    flight.again = true;
  } else if (region.isConnected) {
    flying.set(region.id, { since: now, again: false });
    htmx.trigger(region, "refresh");
  }
}

/** The answer is in, or there is none: when it has settled, ask again for what has changed meanwhile. */
function landed({ detail }) {
  // detail.elt is a parent by now: the element that asked has been replaced by the answer
  const { id } = detail.requestConfig.elt;
  setTimeout(() => {
    const flight = flying.get(id);
    flying.delete(id);
    if (flight?.again && detail.successful) {
      refresh(latest);
    }
  }, 50);
}

function connect() {
  tried = performance.now();
  source?.close();
  source = new EventSource("/events");
  source.addEventListener("beat", onBeat);
}

/** Once a second: is the stream alive, and if not, does the page say so? */
function check() {
  refresh(latest); // a request that went astray costs a second, not a heartbeat
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
  document.addEventListener("htmx:afterRequest", landed);
  document.addEventListener("htmx:afterSwap", (event) => waiting.delete(event.detail.target.id));
  connect();
  setInterval(check, 1_000);
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
}
