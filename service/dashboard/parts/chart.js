/** A chart of curves over a common axis, drawn by uPlot. */

import { html, useEffect, useRef } from "../vendor/htm-preact.js";
import uPlot from "../vendor/uPlot.js";
import { number } from "./format.js";
import { colour, onTheme } from "./theme.js";

const AXIS_FONT = "12px system-ui, sans-serif";

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} colour  the name of a colour in the style sheets, as `--training`
 * @property {(number | null)[]} values  null is a gap
 * @property {number[]} [dash]
 */

/**
 * @param {object} props
 * @param {string} props.label what the chart shows, for screen readers
 * @param {number[]} props.x ascending
 * @param {string} props.xLabel with its unit
 * @param {string} props.yLabel
 * @param {Series[]} props.series
 * @param {boolean} [props.log] draws y on a logarithmic scale; what is not above 0 is a gap
 * @param {number} [props.height] in pixels
 * @param {number | null} [props.marker] a value of x that is marked by a line
 * @param {(x: number) => void} [props.onChoose] called with the value of x that the reader clicks
 * @param {(range: [number, number] | null) => void} [props.onZoom] called with the range that the reader drags over, and
 *   with null where a double click asks for all; without it the chart zooms by itself
 */
export function Chart(props) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const plot = useRef(/** @type {uPlot | null} */ (null));
  const latest = useRef(props);
  latest.current = props;
  const shape = JSON.stringify([props.series.map((each) => [each.label, each.colour]), props.log, props.xLabel, props.yLabel]);

  useEffect(() => {
    const element = /** @type {HTMLElement} */ (place.current);
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(latest, element.clientWidth), dataOf(latest.current), element);
    };
    draw();
    const sizes = new ResizeObserver(() => {
      if (element.clientWidth) plot.current?.setSize({ width: element.clientWidth, height: heightOf(latest.current) });
    });
    sizes.observe(element);
    const stop = onTheme(draw);
    return () => {
      stop();
      sizes.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(dataOf(props)), [props.x, props.series]);
  useEffect(() => plot.current?.redraw(false), [props.marker]);

  return html`<div class="chart" role="img" aria-label=${`${props.label}. ${summaryOf(props)}`} ref=${place}></div>`;
}

/**
 * Return in a sentence what the curves do, for those who do not see them.
 *
 * @param {{x: number[], series: Series[]}} props
 */
export function summaryOf({ x, series }) {
  if (x.length === 0) return "There are no values yet.";
  return series
    .map(({ label, values }) => {
      const present = values.map((value, index) => ({ value, x: x[index] })).filter((each) => each.value !== null);
      if (present.length === 0) return `${label}: no values.`;
      const [first, last] = [present[0], present[present.length - 1]];
      return `${label}: ${number(first.value)} at ${first.x}, ${number(last.value)} at ${last.x}.`;
    })
    .join(" ");
}

/** @param {{x: number[], series: Series[], log?: boolean}} props */
function dataOf({ x, series, log }) {
  const shown = series.map(({ values }) => (log ? values.map((value) => (value !== null && value > 0 ? value : null)) : values));
  return /** @type {uPlot.AlignedData} */ ([x, ...shown]);
}

/** @param {{height?: number}} props */
function heightOf({ height }) {
  return height ?? 280;
}

/**
 * @param {{current: any}} latest
 * @param {number} width
 * @returns {uPlot.Options}
 */
function optionsOf(latest, width) {
  const { series, log, xLabel, yLabel } = latest.current;
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, font: AXIS_FONT, labelFont: AXIS_FONT };
  return {
    width: width || 600,
    height: heightOf(latest.current),
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    axes: [
      { ...axis, label: xLabel, labelSize: 20, size: 36 },
      { ...axis, label: yLabel, labelSize: 20, size: 64, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : number(tick, 3))) },
    ],
    series: [
      { label: xLabel },
      ...series.map((/** @type {Series} */ each) => ({
        label: each.label,
        stroke: colour(each.colour),
        width: 1.75,
        dash: each.dash,
        points: { show: latest.current.x.length < 3 },
        value: (/** @type {uPlot} */ _, /** @type {number | null} */ value) => number(value),
      })),
    ],
    cursor: { drag: { x: true, y: false, setScale: !latest.current.onZoom } },
    hooks: {
      draw: [(plot) => drawMarker(plot, latest.current.marker)],
      setSelect: [(plot) => zoom(plot, latest.current.onZoom)],
      ready: [(plot) => listenTo(plot, latest)],
    },
  };
}

/**
 * @param {uPlot} plot
 * @param {number | null | undefined} marker
 */
function drawMarker(plot, marker) {
  if (marker === null || marker === undefined) return;
  const x = Math.round(plot.valToPos(marker, "x", true));
  if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) return;
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = colour("--text");
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(x, plot.bbox.top);
  ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
  ctx.stroke();
  ctx.restore();
}

/**
 * @param {uPlot} plot
 * @param {((range: [number, number] | null) => void) | undefined} onZoom
 */
function zoom(plot, onZoom) {
  if (!onZoom || plot.select.width < 4) return;
  onZoom([plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")]);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/**
 * @param {uPlot} plot
 * @param {{current: any}} latest
 */
function listenTo(plot, latest) {
  let pressedAt = 0;
  plot.over.addEventListener("mousedown", (event) => {
    pressedAt = event.clientX;
  });
  plot.over.addEventListener("click", (event) => {
    if (Math.abs(event.clientX - pressedAt) < 4 && plot.cursor.left !== undefined) {
      latest.current.onChoose?.(Math.max(Math.round(plot.posToVal(plot.cursor.left, "x")), 0));
    }
  });
  plot.over.addEventListener("dblclick", () => latest.current.onZoom?.(null));
}
