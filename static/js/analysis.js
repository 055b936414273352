/* Kinds of charts that only the analysis page has, beside those of charts.js, and its tables on paper.

   columns {labels, series}                  upright bars with their number
   lines   {labels, series}                  curves of equal rank
   pair    {labels, parts: [{name, series}]} two sets of curves over the same months, each with its own scale
   beside  {labels, series: [value, full]}   lying bars, the second one paler
   shares  {labels, series}                  lying bars that add up to 100
   range   {rows: [{name, lowest, mean, highest}], mean}   a line from lowest to highest, a dot at the mean */

import { axis, base, colors, kinds, legend, number, numbers, scale } from "./charts.js";

const SYMBOLS = ["circle", "rect", "triangle", "diamond"];
const signed = (value) => String(value ?? "").replace("-", "−");
const label = (extra) => ({ show: true, color: colors.ink, fontSize: colors.size, ...extra });
const hidden = { show: false };

/** Names at the left, cut where they would push the bars aside. */
function names(labels) {
  const narrow = window.innerWidth < 768;
  return axis({
    type: "category",
    inverse: true,
    data: labels,
    axisLine: hidden,
    splitLine: hidden,
    axisLabel: { color: colors.ink2, fontSize: colors.size, width: narrow ? 110 : 180, overflow: "truncate" },
  });
}

function columns(chart) {
  return {
    ...base(),
    grid: { left: 4, right: 8, top: 28, bottom: 4, containLabel: true },
    xAxis: axis({ type: "category", data: chart.labels, splitLine: hidden }),
    yAxis: axis({ type: "value", minInterval: 1, axisLine: hidden }),
    series: chart.series.map((one, place) => ({
      name: one.name,
      type: "bar",
      barMaxWidth: 46,
      barCategoryGap: "25%",
      data: numbers(one.values),
      itemStyle: { color: colors.series[place], borderRadius: [4, 4, 0, 0] },
      label: label({ position: "top", formatter: ({ value }) => value || "" }),
    })),
  };
}

function curve(one, place, extra) {
  const color = colors.series[place % colors.series.length];
  return {
    name: one.name,
    type: "line",
    data: numbers(one.values),
    connectNulls: false,
    symbol: SYMBOLS[place % SYMBOLS.length],
    symbolSize: 7,
    lineStyle: { width: place ? 2 : 3, color },
    itemStyle: { color },
    ...extra,
  };
}

const months = (labels, extra) => axis({ type: "category", data: labels, splitLine: hidden, ...extra });
const allOf = (series) => series.flatMap((one) => numbers(one.values));

function lines(chart) {
  return {
    ...base(),
    legend: legend({ top: 0 }),
    grid: { left: 8, right: 16, top: 36, bottom: 4, containLabel: true },
    xAxis: months(chart.labels),
    yAxis: axis({ type: "value", ...scale(allOf(chart.series)), axisLine: hidden }),
    series: chart.series.map((one, place) => curve(one, place)),
  };
}

/** This year solid, the year before dashed; both sets share their names, so the legend switches them together. */
function pair(chart) {
  const grids = [
    { left: 8, right: 16, top: 60, height: "33%", containLabel: true },
    { left: 8, right: 16, bottom: 4, height: "33%", containLabel: true },
  ];
  const title = (text, top) => ({
    text,
    top,
    left: 0,
    textStyle: { color: colors.ink2, fontSize: colors.size, fontWeight: "normal" },
  });
  return {
    ...base(),
    title: [title(chart.parts[0].name, 34), title(chart.parts[1].name, "52%")],
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    legend: legend({ top: 0 }),
    grid: grids,
    xAxis: grids.map((_grid, gridIndex) => months(chart.labels, { gridIndex })),
    yAxis: chart.parts.map((part, gridIndex) =>
      axis({ type: "value", ...scale(allOf(part.series)), gridIndex, axisLine: hidden, splitNumber: 3 }),
    ),
    series: chart.parts.flatMap((part, place) =>
      part.series.map((one, past) => {
        const color = colors.series[place ? 2 : 0];
        const lineStyle = { width: past ? 2 : 3, type: past ? "dashed" : "solid", color };
        return curve(one, past, { xAxisIndex: place, yAxisIndex: place, lineStyle, itemStyle: { color } });
      }),
    ),
  };
}

function beside(chart) {
  return {
    ...base(),
    legend: legend({ top: 0 }),
    grid: { left: 4, right: 44, top: 32, bottom: 4, containLabel: true },
    xAxis: axis({
      type: "value",
      axisLine: hidden,
      axisLabel: { color: colors.ink2, fontSize: colors.size, formatter: signed },
    }),
    yAxis: names(chart.labels),
    series: chart.series.map((one, place) => ({
      name: one.name,
      type: "bar",
      barMaxWidth: 16,
      barGap: "10%",
      data: numbers(one.values),
      itemStyle: { color: place ? colors.bar : colors.series[0], borderRadius: [0, 4, 4, 0] },
      label: label({ position: "right", formatter: ({ value }) => signed(value) }),
    })),
  };
}

function shares(chart) {
  return {
    ...base(),
    legend: legend({ top: 0 }),
    grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true },
    xAxis: axis({
      type: "value",
      max: 100,
      axisLabel: { color: colors.ink2, fontSize: colors.size, formatter: "{value}%" },
    }),
    yAxis: names(chart.labels),
    series: chart.series.map((one, place) => ({
      name: one.name,
      type: "bar",
      stack: "all",
      barMaxWidth: 34,
      data: numbers(one.values),
      itemStyle: { color: colors.series[place], borderColor: colors.surface, borderWidth: 1 },
    })),
  };
}

function range(chart) {
  const rows = chart.rows.map((row) => ({ ...row, ends: [number(row.lowest), number(row.highest)] }));
  const span = (params, api) => {
    const [x1, y1] = api.coord([api.value(0), api.value(2)]);
    const [x2] = api.coord([api.value(1), api.value(2)]);
    const style = { stroke: colors.bar, lineWidth: 8, lineCap: "round" };
    return { type: "line", shape: { x1, y1, x2, y2: y1 }, style };
  };
  return {
    ...base(),
    tooltip: {
      ...base().tooltip,
      trigger: "item",
      formatter: ({ dataIndex }) => {
        const row = chart.rows[dataIndex];
        return `${row.name}\n${row.lowest} – ${row.highest}\n${chart.mean} ${row.mean}`;
      },
    },
    grid: { left: 4, right: 44, top: 4, bottom: 4, containLabel: true },
    xAxis: axis({ type: "value", ...scale(rows.flatMap((row) => row.ends)), axisLine: hidden }),
    yAxis: names(rows.map((row) => row.name)),
    series: [
      {
        type: "custom",
        renderItem: span,
        encode: { x: [0, 1], y: 2 },
        data: rows.map((row, place) => [...row.ends, place]),
      },
      {
        type: "scatter",
        symbolSize: 12,
        data: rows.map((row, place) => [number(row.mean), place]),
        itemStyle: { color: colors.series[0], borderColor: colors.surface, borderWidth: 1.5 },
        label: label({ position: "top", distance: 3, formatter: ({ dataIndex }) => chart.rows[dataIndex].mean }),
        z: 3,
      },
    ],
  };
}

Object.assign(kinds, { columns, lines, pair, beside, shares, range });

/* ---------------------------------------------------------------- heights */

// Lying bars need as much room as there are rows, in rem.
const ROOM = { rank: [2, 1.9], range: [3, 2.6], beside: [3.5, 3] };

function fit(scope) {
  for (const element of scope.querySelectorAll("[data-chart]")) {
    const room = ROOM[element.dataset.chart];
    if (!room) continue;
    const chart = JSON.parse(document.getElementById(element.dataset.source).textContent);
    const count = (chart.rows ?? chart.labels).length;
    element.style.height = `${room[0] + room[1] * count}rem`;
  }
}

document.addEventListener("htmx:load", (event) => fit(event.detail.elt.parentElement ?? document));
fit(document);

/* ------------------------------------------------------------------ paper */

let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll(".analysis-numbers:not([open])")];
  for (const details of opened) details.open = true;
  // Drawn for the screen, a chart shrinks to the page instead of being cut off.
  for (const svg of document.querySelectorAll(".chart svg")) {
    svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  }
});
window.addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
  for (const svg of document.querySelectorAll(".chart svg")) svg.removeAttribute("viewBox");
});
