/* Charts from data blocks (templates/includes/_chart.html).

   <div class="chart" data-chart="line|radar|stack|rank" data-source="id of a JSON block" role="img" aria-label="…">
   Numbers arrive as text, because points are decimals; they become numbers only here, to be drawn.
   Drawn as SVG; exported as PNG from a canvas that lives for a moment. */

const drawn = new Map(); // element -> chart
let colors = {};

function readColors() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--c-${name}`).trim();
  colors = {
    ink: color("ink"),
    ink2: color("ink-2"),
    line: color("line"),
    surface: color("surface"),
    surface2: color("surface-2"),
    gold: color("gold"),
    goldInk: color("gold-ink"),
    compare: color("info"),
    bar: color("bar"),
    series: [1, 2, 3, 4, 5, 6].map((place) => color(`series-${place}`)),
    font: getComputedStyle(document.body).fontFamily,
    size: 0.8 * parseFloat(style.fontSize),
  };
}

const number = (value) => (value === null || value === undefined ? null : Number(value));
const numbers = (values) => values.map(number);

/* ----------------------------------------------------- what all kinds share */

function base() {
  return {
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 400,
    textStyle: { fontFamily: colors.font, fontSize: colors.size, color: colors.ink2 },
    tooltip: {
      trigger: "axis",
      renderMode: "richText", // HTML tooltips write style attributes, which the page's policy forbids
      confine: true,
      backgroundColor: colors.surface,
      borderColor: colors.line,
      textStyle: { color: colors.ink, fontSize: colors.size },
    },
  };
}

function axis(extra) {
  return {
    axisLine: { lineStyle: { color: colors.line } },
    axisTick: { show: false },
    axisLabel: { color: colors.ink2, fontSize: colors.size },
    splitLine: { lineStyle: { color: colors.line, type: "dashed" } },
    ...extra,
  };
}

function legend(extra) {
  return {
    textStyle: { color: colors.ink2, fontSize: colors.size },
    itemWidth: 16,
    itemHeight: 9,
    type: "scroll",
    pageIconColor: colors.ink2,
    pageTextStyle: { color: colors.ink2 },
    ...extra,
  };
}

/** A scale that leaves the curve room but does not start at zero when all values are high. */
function scale(values) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return { min: 0, max: 100 };
  const low = Math.min(...known);
  const high = Math.max(...known);
  const step = high - low > 40 ? 20 : high - low > 15 ? 10 : 5;
  const min = Math.floor((low - step / 2) / step) * step;
  return { min: low >= 0 ? Math.max(0, min) : min, max: Math.ceil((high + step / 4) / step) * step, interval: step };
}

/** From a fifth of the colour at the top to nothing at the bottom. */
function fading(color) {
  const stops = [`${color}33`, `${color}00`];
  return { type: "linear", x: 0, y: 0, x2: 0, y2: 1, colorStops: stops.map((stop, offset) => ({ offset, color: stop })) };
}

/* ------------------------------------------------------------------ kinds */

/** {labels, series: [{name, values}], goal?: {name, value}}; the first series is the person, the second the mean. */
function line(chart) {
  const series = chart.series.map((one, place) => ({
    name: one.name,
    type: "line",
    data: numbers(one.values),
    connectNulls: false,
    symbol: place ? "rect" : "circle",
    symbolSize: place ? 5 : 7,
    z: place ? 2 : 3,
    lineStyle: place
      ? { width: 2, type: "dashed", color: colors.compare }
      : { width: 3, color: colors.series[0] },
    itemStyle: place
      ? { color: colors.compare }
      : { color: colors.series[0], borderColor: colors.surface, borderWidth: 1.5 },
    areaStyle: place ? undefined : { color: fading(colors.series[0]), origin: "start" },
  }));
  const all = chart.series.flatMap((one) => numbers(one.values));
  if (chart.goal) {
    all.push(number(chart.goal.value));
    series[0].markLine = {
      symbol: "none",
      silent: true,
      lineStyle: { color: colors.gold, type: "solid", width: 1.5 },
      label: {
        color: colors.goldInk,
        fontSize: colors.size,
        formatter: `${chart.goal.name} ${chart.goal.value}`,
        position: "insideStartTop",
      },
      data: [{ yAxis: number(chart.goal.value) }],
    };
  }
  return {
    ...base(),
    legend: legend({ top: 0, right: 0 }),
    grid: { left: 8, right: 16, top: 36, bottom: 4, containLabel: true },
    xAxis: axis({ type: "category", data: chart.labels, boundaryGap: false, splitLine: { show: false } }),
    yAxis: axis({ type: "value", ...scale(all), axisLine: { show: false } }),
    series,
  };
}

/** {axes: [{name, max}], series: [{name, values}]} */
function radar(chart) {
  return {
    ...base(),
    tooltip: { ...base().tooltip, trigger: "item" },
    legend: legend({ bottom: 0 }),
    radar: {
      indicator: chart.axes.map((one) => ({ name: one.name, max: number(one.max) })),
      radius: "62%",
      center: ["50%", "47%"],
      axisName: { color: colors.ink2, fontSize: colors.size },
      splitArea: { areaStyle: { color: [colors.surface, colors.surface2] } },
      splitLine: { lineStyle: { color: colors.line } },
      axisLine: { lineStyle: { color: colors.line } },
    },
    series: [
      {
        type: "radar",
        data: chart.series.map((one, place) => ({
          name: one.name,
          value: numbers(one.values),
          symbolSize: 6,
          lineStyle: { width: 2, type: place ? "dashed" : "solid", color: place ? colors.compare : colors.series[0] },
          itemStyle: { color: place ? colors.compare : colors.series[0] },
          areaStyle: place ? undefined : { color: colors.series[0], opacity: 0.14 },
        })),
      },
    ],
  };
}

/** {labels, series: [{name, values}]} */
function stack(chart) {
  return {
    ...base(),
    legend: legend({ bottom: 0, itemGap: 12 }),
    grid: { left: 4, right: 8, top: 10, bottom: 40, containLabel: true },
    xAxis: axis({ type: "category", data: chart.labels, splitLine: { show: false } }),
    yAxis: axis({ type: "value", axisLine: { show: false } }),
    series: chart.series.map((one, place) => ({
      name: one.name,
      type: "bar",
      stack: "all",
      barMaxWidth: 46,
      barCategoryGap: "45%",
      data: numbers(one.values),
      itemStyle: { color: colors.series[place % colors.series.length], borderColor: colors.surface, borderWidth: 1 },
    })),
  };
}

/** {rows: [{name, value, own?}]}, best first */
function rank(chart) {
  return {
    ...base(),
    tooltip: { show: false }, // name and value stand beside each bar
    grid: { left: 4, right: 44, top: 4, bottom: 2, containLabel: true },
    xAxis: { type: "value", show: false, min: (range) => Math.min(0, range.min) },
    yAxis: axis({
      type: "category",
      inverse: true,
      data: chart.rows.map((row) => row.name),
      axisLine: { show: false },
      splitLine: { show: false },
    }),
    series: [
      {
        type: "bar",
        barMaxWidth: 20,
        barCategoryGap: "40%",
        data: chart.rows.map((row) => ({
          value: number(row.value),
          itemStyle: { color: row.own ? colors.series[0] : colors.bar, borderRadius: [0, 4, 4, 0] },
        })),
        label: {
          show: true,
          position: "right",
          color: colors.ink,
          fontSize: colors.size,
          formatter: (point) => chart.rows[point.dataIndex].value,
        },
      },
    ],
  };
}

const kinds = { line, radar, stack, rank };

// A page with kinds of its own adds them (analysis.js), before the first chart gets its size.
export { axis, base, colors, kinds, legend, number, numbers, scale };

/* --------------------------------------------------------------- drawing */

function option(element) {
  const block = document.getElementById(element.dataset.source);
  return kinds[element.dataset.chart](JSON.parse(block.textContent));
}

// A chart in a tab that is not shown has no size yet; it is drawn when it gets one.
const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    if (!contentRect.width) continue;
    const chart = drawn.get(target);
    if (chart) {
      chart.resize({ animation: { duration: 0 } });
    } else {
      const made = window.echarts.init(target, null, { renderer: "svg" });
      made.setOption(option(target));
      drawn.set(target, made);
    }
  }
});

function find(scope) {
  for (const element of scope.querySelectorAll("[data-chart]")) sizes.observe(element);
}

function redraw() {
  readColors();
  for (const [element, chart] of drawn) {
    if (element.isConnected) {
      chart.setOption(option(element), true);
    } else {
      // htmx has put something else in its place.
      chart.dispose();
      drawn.delete(element);
    }
  }
}

/* ---------------------------------------------------------------- export */

function savePng(element, name) {
  const { width, height } = element.getBoundingClientRect();
  const sheet = document.createElement("div");
  const chart = window.echarts.init(sheet, null, { renderer: "canvas", width, height });
  chart.setOption({ ...option(element), animation: false, backgroundColor: colors.surface });
  const link = document.createElement("a");
  link.href = chart.getDataURL({ type: "png", pixelRatio: 2 });
  link.download = `${name}.png`;
  link.click();
  chart.dispose();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-png]");
  if (!button) return;
  savePng(document.getElementById(button.dataset.chartPng), button.dataset.name || button.dataset.chartPng);
});
document.addEventListener("themechange", redraw);
// The text-size switch and a changed font size of the browser both change the size of <html>.
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-text-size"] });
document.addEventListener("htmx:load", (event) => find(event.detail.elt.parentElement ?? document));

readColors();
find(document);
