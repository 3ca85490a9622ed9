"use strict";
// What the charts of differences, of a trend and of capacity draw.
(function (dbv) {
  const { series, msAxis, legend } = dbv.chart;
  const { log, rowAxes } = dbv.drawing;
  const TIMES = {
    year: "%Y",
    quarter: "%b %Y",
    month: "%b",
    week: "%d %b",
    date: "%d %b",
    hours: "%H:%M",
    minutes: "%H:%M",
    seconds: "%H:%M:%S",
    milliseconds: "%H:%M:%S",
  };

  /** Ratios with their intervals: `points` of {row, name, ratio, low, high}; 1 is the reference. */
  function forest(points, names, reference, at) {
    const rows = [...new Set(points.map((point) => point.row))];
    const ends = [1, ...points.flatMap((point) => [point.low, point.high])];
    const tooltip = [
      { field: "row", title: "metric" },
      { field: "name", title: "side" },
      { field: "text", title: "ratio, 95 % interval" },
    ];
    return (narrow) => {
      const named = series("name", names, narrow, { at });
      const axis = { ...msAxis(`ratio to ${reference}`, ends), labelExpr: "'×' + format(datum.value, ',.3~r')" };
      const x = (field) => ({ field, type: "quantitative", scale: log({ padding: 14 }), axis });
      const { y, yOffset } = rowAxes(rows, names, narrow ? 130 : 240);
      return {
        data: { values: points },
        height: rows.length * Math.max(names.length * 16, 28),
        layer: [
          {
            data: { values: [{ one: 1 }] },
            mark: { type: "rule", strokeWidth: 1.5, color: "var(--muted)", strokeDash: [4, 3] },
            encoding: { x: x("one") },
          },
          {
            mark: { type: "rule", strokeWidth: 2.5 },
            encoding: { y, yOffset, color: named.color, x: x("low"), x2: { field: "high" } },
          },
          {
            mark: { type: "point", filled: true, size: 64, opacity: 1 },
            encoding: { y, yOffset, color: named.color, shape: named.shape, x: x("ratio"), tooltip },
          },
        ],
      };
    };
  }

  function limitLines(limits, y) {
    if (!limits.length) return []; // Vega warns of an empty layer
    const data = { values: limits };
    const words = { type: "text", align: "left", baseline: "bottom", dx: 4, dy: -3, color: "var(--bad)", fontSize: 11 };
    return [
      {
        data,
        mark: { type: "rule", color: "var(--bad)", strokeWidth: 1.5, strokeDash: [6, 4] },
        encoding: { y: y("limit") },
      },
      { data, mark: words, encoding: { y: y("limit"), x: { value: 0 }, text: { field: "text" } } },
    ];
  }

  function marks(values, style, encoding) {
    return values.length
      ? [{ data: { values }, mark: { type: "point", size: 50, opacity: 0.9, ...style }, encoding }]
      : [];
  }

  /** A metric over time: `points` of {when, value, name, state, run}, `means` likewise, `limits` of {limit, text}. */
  function trend(points, means, names, at, title, limits, latency) {
    const [valid, other] = [true, false].map((wanted) =>
      points.filter((point) => (point.state === "valid") === wanted),
    );
    const values = [...points.map((point) => point.value), ...limits.map((limit) => limit.limit)];
    const logarithmic = latency && Math.min(...values) > 0;
    const x = {
      field: "when",
      type: "temporal",
      scale: { type: "utc", padding: 12 },
      axis: {
        title: "run started (UTC)",
        labelOverlap: true,
        grid: false,
        tickCount: { expr: "width / 110" },
        format: TIMES,
      },
    };
    const tooltip = [
      { field: "run", title: "run" },
      { field: "name", title: "target" },
      { field: "shown", title },
      { field: "state", title: "state" },
      { field: "revision", title: "revision" },
    ];
    return (narrow) => {
      const named = series("name", names, narrow, { at });
      const scale = logarithmic ? log({ padding: 14 }) : { zero: true };
      const axis = logarithmic ? msAxis(title, values) : { title };
      const y = (field = "value") => ({ field, type: "quantitative", scale, axis });
      return {
        height: narrow ? 240 : 300,
        layer: [
          ...limitLines(limits, y),
          {
            data: { values: means },
            mark: { type: "line", strokeWidth: 1.5, opacity: 0.6 },
            encoding: { x, y: y(), color: named.color },
          },
          ...marks(valid, { filled: true }, { x, y: y(), color: named.color, shape: named.shape, tooltip }),
          ...marks(
            other,
            { filled: false, strokeWidth: 1.5 },
            { x, y: y(), color: named.color, shape: named.shape, tooltip },
          ),
        ],
      };
    };
  }

  /** Capacity curves: `points` of {name, rate, ms, outcome, why}, `curve` through their middles, `answers` of {name, low, high}, `limits` in ms. */
  function capacity(points, curve, answers, limits, names) {
    const values = [...points.map((point) => point.ms), ...limits.map((limit) => limit.limit)];
    const tooltip = [
      { field: "name", title: "target" },
      { field: "rate", title: "turns/s offered", format: ",.1~f" },
      { field: "achieved", title: "turns/s done", format: ",.1~f" },
      { field: "ms", title: "turn p99, ms", format: ",.3~r" },
      { field: "outcome", title: "step" },
      { field: "why", title: "why" },
    ];
    return (narrow) => {
      const named = series("name", names, narrow, { lines: true });
      const x = (field) => ({
        field,
        type: "quantitative",
        scale: log({ padding: 16 }),
        axis: {
          ...msAxis(
            "turns/s offered",
            points.map((point) => point.rate),
          ),
          grid: false,
        },
      });
      const y = (field) => ({
        field,
        type: "quantitative",
        scale: log({ padding: 16 }),
        axis: msAxis("turn response p99, ms", values),
      });
      const outcome = {
        field: "outcome",
        type: "nominal",
        scale: { domain: ["holds", "missed", "no evidence"], range: ["circle", "cross", "stroke"] },
        legend: legend(narrow),
      };
      return {
        height: narrow ? 260 : 320,
        data: { values: points },
        layer: [
          ...(answers.length
            ? [
                {
                  data: { values: answers },
                  mark: { type: "rect", opacity: 0.14 },
                  encoding: { x: x("low"), x2: { field: "high" }, color: named.color },
                },
              ]
            : []),
          ...limitLines(limits, y),
          {
            data: { values: curve },
            mark: { type: "line", strokeWidth: 2, opacity: 0.7 },
            encoding: { x: x("rate"), y: y("ms"), color: named.color, strokeDash: named.strokeDash },
          },
          {
            mark: { type: "point", size: 70, strokeWidth: 2, opacity: 1 },
            encoding: { x: x("rate"), y: y("ms"), color: named.color, shape: outcome, tooltip },
          },
        ],
      };
    };
  }

  Object.assign(dbv.drawing, { forest, trend, capacity });
})(window.dbverdict);
