// The pressure chart of one hydrant, with the two limits. An empty store and a silent store are said differently.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const box = document.querySelector("[data-chart]");
const words = document.createElement("p");
const limits = box.dataset.limits.split(",").map(Number);
const timezone = document.documentElement.dataset.timezone;
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
let plot = null;
let span = document.querySelector("[data-span][aria-pressed=true]").dataset.span;
let asked = 0;

words.className = "chart-words";

function say(state) {
  plot?.destroy();
  plot = null;
  words.textContent = box.dataset[state];
  words.dataset.state = state;
  box.replaceChildren(words);
}

/** Dashed lines at the limits, each with its words, over the grid and under the curve. */
function drawLimits(u) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.font = `${13 * devicePixelRatio}px system-ui, sans-serif`;
  for (const limit of limits) {
    const y = Math.round(u.valToPos(limit, "y", true));
    ctx.strokeStyle = ctx.fillStyle = colour(limit === 100 ? "--unusable-line" : "--degraded");
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([8 * devicePixelRatio, 6 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillText(box.getAttribute(`data-limit-${limit}`), bbox.left + 8 * devicePixelRatio, y - 4 * devicePixelRatio);
  }
  ctx.restore();
}

function draw(history) {
  const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") }, font: "14px system-ui, sans-serif" };
  const options = {
    width: box.clientWidth,
    height: box.clientHeight,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), timezone),
    cursor: { drag: { setScale: false } },
    legend: { show: false },
    scales: {
      x: { range: [history.start, history.end] },
      y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(160, (high ?? 0) * 1.1)] },
    },
    axes: [{ ...axis, values: history.end - history.start > 172_800 ? "{MM}-{DD}" : "{HH}:{mm}" }, { ...axis, size: 56 }],
    series: [
      {},
      { stroke: colour("--ink"), width: 2, spanGaps: false, points: { show: history.columns[0].length < 50 } },
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
    ],
    bands: [{ series: [3, 2], fill: colour("--spread") }],
    hooks: { drawAxes: [drawLimits] },
  };
  plot?.destroy();
  box.replaceChildren();
  plot = new uPlot(options, history.columns, box);
}

async function load() {
  const mine = ++asked;
  let history;
  try {
    const answer = await fetch(`${box.dataset.chart}?span=${span}`, { signal: AbortSignal.timeout(20_000) });
    history = await answer.json();
  } catch {
    history = { state: "lost" };
  }
  if (mine !== asked) return;
  box.dataset.state = history.state ?? "lost";
  if (history.state === "drawn") draw(history);
  else say(history.state ?? "lost");
}

for (const button of document.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => {
    span = button.dataset.span;
    document.querySelectorAll("[data-span]").forEach((other) => other.setAttribute("aria-pressed", other === button));
    load();
  });
}
new ResizeObserver(() => plot?.setSize({ width: box.clientWidth, height: box.clientHeight })).observe(box);
setInterval(load, 15_000);
load();
