/** The options with which uPlot draws a chart: its axes, its curves, the marker and signs, and what clicks and drags do. */

import { number } from "./format.js";
import { colour } from "./theme.js";

const AXIS_FONT = "12px system-ui, sans-serif";
const LONE_POINTS = 60; // with no more records than these each one is drawn as a point
const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat(); // steps of the axis x
const NARROW = 500; // pixels; a narrower chart leaves less room for its numbers
const FIRST_WIDTH = 600; // pixels, until the width of the element is known
const CLICK_PX = 4; // a pointer that moves less has clicked

/** @typedef {import("./chart.js").ChartProps} ChartProps */

/**
 * Return the data as uPlot takes it; on a logarithmic scale what is not above 0 is a gap.
 *
 * @param {Pick<ChartProps, "x" | "series" | "log">} props
 */
export function dataOf({ x, series, log }) {
  const shown = series.map(({ values }) => (log ? values.map((value) => (value === undefined || (value !== null && value > 0) ? value : null)) : values));
  return /** @type {uPlot.AlignedData} */ ([x, ...shown]);
}

/** @param {{height?: number}} props */
export function heightOf({ height }) {
  return height ?? 280;
}

/**
 * @param {{current: ChartProps}} latest
 * @param {number} width
 * @returns {uPlot.Options}
 */
export function optionsOf(latest, width) {
  const { series, log, xLabel, yLabel, sync } = latest.current;
  return {
    width: width || FIRST_WIDTH,
    height: heightOf(latest.current),
    padding: [12, 26, 0, 0], // the last label of the axis stands beyond the last value
    scales: {
      x: { time: false, range: (_, least, most) => latest.current.xRange ?? (least === most ? [least - 1, most + 1] : [least, most]) },
      y: { distr: log ? 3 : 1 },
    },
    axes: axesOf(xLabel, yLabel, width < NARROW),
    series: [
      { label: xLabel, value: (_, value) => number(value) },
      ...series.map((each) => ({
        label: each.label,
        stroke: colour(each.colour),
        width: 1.75,
        dash: each.dash,
        points: { show: true, size: 5, filter: lonePoints },
        value: (/** @type {uPlot} */ _, /** @type {number | null} */ value) => number(value),
      })),
    ],
    legend: { markers: { dash: (_, index) => borderOf(series[index - 1]?.dash), width: 2 } },
    cursor: {
      drag: { x: true, y: false, setScale: !latest.current.onZoom },
      sync: sync ? { key: sync, setSeries: false, scales: ["x", null], filters: { pub: isMove, sub: () => true } } : undefined,
    },
    hooks: {
      draw: [(plot) => drawMarks(plot, latest.current)],
      setSelect: [(plot) => zoom(plot, latest.current.onZoom)],
      setCursor: [(plot) => plot.cursor.idx == null && showLegendAt(plot, latest.current.marker)],
      ready: [(plot) => listenTo(plot, latest)],
    },
  };
}

/**
 * @param {string} xLabel
 * @param {string} yLabel
 * @param {boolean} isNarrow
 * @returns {uPlot.Axis[]}
 */
function axesOf(xLabel, yLabel, isNarrow) {
  const lines = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: colour("--quiet"), grid: lines, ticks: lines, font: AXIS_FONT, labelFont: AXIS_FONT };
  return [
    { ...axis, label: xLabel, labelSize: 20, size: 34, space: 70, incrs: WHOLE },
    { ...axis, label: yLabel, labelSize: isNarrow ? 16 : 20, size: isNarrow ? 50 : 60, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : number(tick, 3))) },
  ];
}

/**
 * Let the legend show the values at the marker while no pointer is over the chart.
 *
 * @param {uPlot | null} plot
 * @param {number | null | undefined} marker
 */
export function showLegendAt(plot, marker) {
  if (!plot || marker === null || marker === undefined || plot.cursor.idx != null || plot.data[0].length === 0) return;
  plot.setLegend({ idx: plot.valToIdx(marker) }, false);
}

/**
 * Return how the legend's sample of a line is drawn, by a border.
 *
 * @param {number[] | undefined} dash
 */
function borderOf(dash) {
  if (!dash?.length) return "solid";
  return dash[0] <= 3 ? "dotted" : "dashed";
}

/**
 * Return the indexes of values that are drawn as points: all where there are few, else those that stand between two gaps,
 * which no line would show.
 *
 * @param {uPlot} plot
 * @param {number} seriesIndex
 * @returns {number[]}
 */
export function lonePoints(plot, seriesIndex) {
  const values = plot.data[seriesIndex];
  const own = [...values.keys()].filter((index) => values[index] !== undefined); // others' points are no gaps of this one
  const all = own.length <= LONE_POINTS;
  return own.filter(
    (index, place) => values[index] != null && (all || (values[own[place - 1]] == null && values[own[place + 1]] == null)),
  );
}

/** @param {string} type */
function isMove(type) {
  return type === "mousemove" || type === "mouseleave";
}

/**
 * @param {uPlot} plot
 * @param {ChartProps} props
 */
function drawMarks(plot, { marker, marks = [] }) {
  for (const mark of marks) drawLine(plot, mark, "--warn", true);
  if (marker !== null && marker !== undefined) drawLine(plot, marker, "--text", false);
}

/**
 * @param {uPlot} plot
 * @param {number} value
 * @param {string} stroke
 * @param {boolean} isWarning
 */
function drawLine(plot, value, stroke, isWarning) {
  const { ctx, bbox } = plot;
  const x = Math.round(plot.valToPos(value, "x", true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  const unit = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour(stroke);
  ctx.fillStyle = colour(stroke);
  ctx.lineWidth = unit;
  ctx.setLineDash(isWarning ? [unit, 3 * unit] : [4 * unit, 4 * unit]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  if (isWarning) {
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - 9 * unit);
    ctx.lineTo(x - 5 * unit, bbox.top);
    ctx.lineTo(x + 5 * unit, bbox.top);
    ctx.fill();
  }
  ctx.restore();
}

/**
 * @param {uPlot} plot
 * @param {ChartProps["onZoom"]} onZoom
 */
function zoom(plot, onZoom) {
  if (!onZoom || plot.select.width < CLICK_PX) return;
  onZoom([plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")]);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/**
 * @param {uPlot} plot
 * @param {{current: ChartProps}} latest
 */
function listenTo(plot, latest) {
  let pressedAt = 0;
  plot.over.addEventListener("mousedown", (event) => {
    pressedAt = event.clientX;
  });
  plot.over.addEventListener("click", (event) => {
    if (Math.abs(event.clientX - pressedAt) < CLICK_PX && plot.cursor.left !== undefined) {
      latest.current.onChoose?.(Math.max(Math.round(plot.posToVal(plot.cursor.left, "x")), 0));
    }
  });
  plot.over.addEventListener("dblclick", () => latest.current.onZoom?.(null));
}
