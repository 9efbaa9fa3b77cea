// Bars over time, by uPlot. Where on the axis a bar stands is its number in the series: what it is
// called is said by us, in the time zone that was asked for rather than the browser's own.

import { el } from "../core/dom.js";

const uPlot = globalThis.uPlot;
const DARK = matchMedia("(prefers-color-scheme: dark)");
const ROOM_OF_LABEL = 76;
// Steps between lines where there are no halves.
const POWERS = Array.from({ length: 12 }, (_, power) => 10 ** power);
const WHOLE = POWERS.flatMap((power) => [power, 2 * power, 5 * power]);

/**
 * A chart that is as wide as its place. `bars` are {values, colour: the name of a token}, of which
 * the later stand before the earlier; `label(index)` is written under a bar, `rough(value)` beside
 * the lines, and `pointed(index)` is told which bar the mouse is at (null: none).
 */
export class Plot {
  #place = el("div", { class: "plot" });
  #told;
  #plot = null;
  #watch = new ResizeObserver(() => this.#fit());
  #remake = () => this.#make();

  constructor(told) {
    this.#told = told;
    this.#watch.observe(this.#place);
    DARK.addEventListener("change", this.#remake);
  }

  get element() {
    return this.#place;
  }

  stop() {
    this.#watch.disconnect();
    DARK.removeEventListener("change", this.#remake);
    this.#plot?.destroy();
    this.#plot = null;
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#place;
    if (width === 0) return;
    if (this.#plot === null) this.#make();
    else this.#plot.setSize({ width, height });
  }

  #make() {
    this.#plot?.destroy();
    const bars = this.#told.bars;
    const data = [bars[0].values.map((_, index) => index), ...bars.map(({ values }) => values)];
    this.#plot = new uPlot(this.#options(), data, this.#place);
  }

  #options() {
    return {
      width: this.#place.clientWidth,
      height: this.#place.clientHeight,
      scales: { x: { time: false, range: aside }, y: { range } },
      series: [{}, ...this.#told.bars.map(asSeries)],
      axes: [this.#labels(), this.#lines()],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      hooks: { setCursor: [(plot) => this.#told.pointed(plot.cursor.idx ?? null)] },
      padding: [8, 4, 0, 0],
    };
  }

  #labels() {
    const { label } = this.#told;
    return {
      ...look(),
      size: 34,
      grid: { show: false },
      splits: (plot) => spread(plot.data[0].length, plot.width),
      values: (_, indices) => indices.map(label),
    };
  }

  #lines() {
    const { rough, isWhole } = this.#told;
    return {
      ...look(),
      size: 64,
      ...(isWhole ? { incrs: WHOLE } : {}),
      values: (_, values) => values.map(rough),
    };
  }
}

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const look = () => ({
  stroke: token("--muted"),
  font: "12px system-ui, sans-serif",
  grid: { stroke: token("--line"), width: 1 },
  ticks: { stroke: token("--line"), width: 1, size: 4 },
});

const asSeries = ({ colour }) => ({
  fill: token(colour),
  stroke: token(colour),
  width: 0,
  paths: uPlot.paths.bars({ size: [0.72, 40] }),
  points: { show: false },
});

/** With room for half a bar at both ends. */
const aside = (_, low, high) => [low - 0.6, high + 0.6];

/** From nothing upwards, and below it where more went back than came in. */
function range(_, low, high) {
  const top = Math.max(high, 0);
  const bottom = Math.min(low, 0);
  const room = (top - bottom) * 0.08 || 1;
  return [bottom < 0 ? bottom - room : 0, top + room];
}

/** Which bars have a label, so that these don't touch. */
function spread(count, width) {
  const step = Math.max(1, Math.ceil((count * ROOM_OF_LABEL) / Math.max(width - 64, 1)));
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}
