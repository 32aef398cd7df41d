/** A chart of curves over a common axis, drawn by uPlot. */

import { html, useEffect, useRef } from "../vendor/htm-preact.js";
import uPlot from "../vendor/uPlot.js";
import { dataOf, heightOf, optionsOf, showLegendAt } from "./chart_options.js";
import { number } from "./format.js";
import { onTheme } from "./theme.js";

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} colour  the name of a colour in the style sheets, as `--training`
 * @property {(number | null | undefined)[]} values  null is a gap; over undefined the line goes on, as another series alone has a value there
 * @property {number[]} [dash]
 */
/**
 * @typedef {object} ChartProps
 * @property {string} label what the chart shows, for screen readers
 * @property {number[]} x ascending
 * @property {string} xLabel with its unit
 * @property {string} yLabel
 * @property {Series[]} series
 * @property {boolean} [log] draws y on a logarithmic scale; what is not above 0 is a gap
 * @property {number} [height] in pixels
 * @property {number | null} [marker] a value of x that is marked by a line
 * @property {number[]} [marks] further values of x, which are marked by a sign of warning
 * @property {[number, number] | null} [xRange] the part of the axis that is shown; without it all
 * @property {string} [sync] charts of the same name show a common cursor
 * @property {(x: number) => void} [onChoose] called with the value of x that the reader clicks
 * @property {(range: [number, number] | null) => void} [onZoom] called with the range that the reader drags over, and
 *   with null where a double click asks for all; without it the chart zooms by itself
 */

/** @param {ChartProps} props */
export function Chart(props) {
  const latest = useRef(props);
  latest.current = props;
  const looks = props.series.map((each) => [each.label, each.colour, each.dash]);
  const shape = JSON.stringify([looks, props.log, props.xLabel, props.yLabel, props.sync]);
  const [place, plot] = usePlot(latest, shape);
  const drawn = useRef(props.x);
  useEffect(() => {
    if (drawn.current !== props.x) plot.current?.setData(dataOf(props));
    drawn.current = props.x;
    showLegendAt(plot.current, props.marker);
  }, [props.x]);
  const [from, to] = props.xRange ?? [null, null];
  useEffect(() => {
    if (plot.current?.data[0].length) plot.current.setData(plot.current.data); // its scale asks for the range
  }, [from, to]);
  useEffect(() => {
    plot.current?.redraw(false);
    showLegendAt(plot.current, props.marker);
  }, [props.marker, props.marks?.join()]);

  return html`<div class="chart" role="img" aria-label=${`${props.label}. ${summaryOf(props)}`} ref=${place}></div>`;
}

/**
 * Draw a chart anew whenever its shape or the theme changes, and let it follow the width of its element.
 *
 * @param {{current: ChartProps}} latest
 * @param {string} shape what cannot be changed in a chart that is drawn
 * @returns {[{current: HTMLElement | null}, {current: uPlot | null}]} the element's reference, and the chart's
 */
function usePlot(latest, shape) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const plot = useRef(/** @type {uPlot | null} */ (null));
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (place.current);
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(latest, element.clientWidth), dataOf(latest.current), element);
      showLegendAt(plot.current, latest.current.marker);
    };
    draw();
    const sizes = new ResizeObserver(() => {
      const size = { width: element.clientWidth, height: heightOf(latest.current) };
      if (size.width && plot.current && size.width !== plot.current.width) plot.current.setSize(size);
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
  return [place, plot];
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
      const first = values.findIndex((value) => value !== null && value !== undefined);
      const last = values.findLastIndex((value) => value !== null && value !== undefined);
      if (first < 0) return `${label}: no values.`;
      return `${label}: ${number(values[first])} at ${x[first]}, ${number(values[last])} at ${x[last]}.`;
    })
    .join(" ");
}
