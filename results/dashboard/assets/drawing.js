"use strict";
// What each chart draws, as Vega-Lite declarations. They take points and answer a specification.
(function (dbv) {
  const { series, msAxis, legend } = dbv.chart;
  const PERCENT = "datum.value == 1 ? '0%' : datum.value == 2 ? '50%' : format(1 - 1 / datum.value, '.6~%')";
  const MARKS = new Set([2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]);
  const PERCENTILES = [1, 2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
  const TIMES = { year: "%Y", quarter: "%b %Y", month: "%b", week: "%d %b", date: "%d %b", hours: "%H:%M", minutes: "%H:%M", seconds: "%H:%M:%S", milliseconds: "%H:%M:%S" };
  const log = (extra) => ({ type: "log", nice: false, ...extra });

  /** Percentile spectra: `lines` of {name, run, at, points: [[x, ms], …]}, where x = 1 / (1 - percentile). */
  function spectrum(lines) {
    const names = [...new Set(lines.map((line) => line.name))];
    const places = names.map((name) => lines.find((line) => line.name === name).at);
    const rows = lines.flatMap((line) =>
      line.points.map(([x, ms]) => ({ name: line.name, run: line.run, x, ms, percentile: `${+(100 * (1 - 1 / x)).toFixed(4)} %` })),
    );
    const several = lines.length > names.length;
    return (narrow) => {
      const named = series("name", names, narrow, { at: (index) => places[index] });
      const x = { field: "x", type: "quantitative", scale: log(), axis: { values: PERCENTILES, labelExpr: PERCENT, labelOverlap: true, title: "percentile" } };
      const y = { field: "ms", type: "quantitative", scale: log({ padding: 8 }), axis: msAxis("ms", rows.map((row) => row.ms)) };
      const tooltip = [
        { field: "run", title: "run" },
        { field: "percentile", title: "percentile" },
        { field: "ms", title: "ms", type: "quantitative", format: ",.3~r" },
      ];
      return {
        height: narrow ? 260 : 320,
        data: { values: rows },
        layer: [
          { mark: { type: "line", strokeWidth: several ? 1.5 : 2.25, opacity: several ? 0.75 : 1 }, encoding: { x, y, color: named.color, detail: { field: "run" } } },
          { data: { values: rows.filter((row) => MARKS.has(row.x)) }, mark: { type: "point", filled: true, size: 46, opacity: 1 }, encoding: { x, y, color: named.color, shape: named.shape, tooltip } },
        ],
      };
    };
  }

  const LATENCIES = ["middle turn (p50)", "p99", "slowest turn"];

  /** A run's timeline: latency above, turns offered and done below, phases that were not measured shaded. */
  function timeline(found, bands) {
    const rows = Object.entries(found).flatMap(([name, points]) => points.map(([second, value]) => ({ name, second, value })));
    const last = Math.max(1, ...rows.map((row) => row.second), ...bands.map((band) => band.end));
    const x = { field: "second", type: "quantitative", scale: { domain: [0, last], nice: false }, axis: { title: "seconds from the run's start", grid: false, format: "d", tickMinStep: 1 } };
    const shade = { data: { values: bands }, mark: { type: "rect", color: "var(--shade)" }, encoding: { x: { field: "start", type: "quantitative" }, x2: { field: "end" } } };
    const words = { data: { values: bands.filter((band) => band.end - band.start > last / 12) }, mark: { type: "text", align: "left", baseline: "top", dx: 4, dy: 4, color: "var(--muted)", fontSize: 11 }, encoding: { x: { field: "start", type: "quantitative" }, y: { value: 0 }, text: { field: "phase" } } };
    const part = (names, height, axis, scale, narrow, layers) => {
      const shown = names.filter((name) => found[name] && found[name].length);
      const drawn = series("name", shown, narrow, { lines: true });
      const y = { field: "value", type: "quantitative", scale, axis };
      const tooltip = [{ field: "name", title: "series" }, { field: "second", title: "second" }, { field: "value", title: "value", format: ",.3~r" }];
      const lines = { data: { values: rows.filter((row) => shown.includes(row.name)) }, mark: { type: "line", strokeWidth: 1.8, point: { size: 22, filled: true, opacity: 0.9 } }, encoding: { x, y, color: drawn.color, strokeDash: drawn.strokeDash, tooltip } };
      return { width: "container", height, layer: [shade, lines, ...layers] };
    };
    const latencies = rows.filter((row) => LATENCIES.includes(row.name)).map((row) => row.value);
    return {
      latency: (narrow) => part(LATENCIES, 220, msAxis("turn response, ms", latencies), log({ padding: 12 }), narrow, [words]),
      rate: (narrow) => part(["offered", "done"], 120, { title: "turns/s", tickCount: 4 }, { zero: true }, narrow, []),
    };
  }

  /** p50 and p99 by row: `points` of {row, name, at, p50, p99, run}. */
  function ranges(points, names, title, { perRow = 18, at = (index) => index } = {}) {
    const rows = [...new Set(points.map((point) => point.row))];
    const drawn = points.flatMap((point) => [point.p50, point.p99].filter(dbv.figure.known).map((value) => Math.max(value, 0.001)));
    const values = points.map((point) => ({ ...point, p50: floor(point.p50), p99: floor(point.p99) }));
    return (narrow) => {
      const named = series("name", names, narrow, { at });
      const y = { field: "row", type: "nominal", sort: rows, axis: { title: null, grid: true, tickBand: "extent", labelLimit: narrow ? 120 : 200, domain: false, ticks: false } };
      const yOffset = { field: "name", type: "nominal", sort: names, scale: { paddingOuter: 0.5 } };
      const x = (field) => ({ field, type: "quantitative", scale: log({ padding: 10 }), axis: msAxis(title, drawn) });
      const tooltip = [{ field: "row", title: "of" }, { field: "name", title: "series" }, { field: "run", title: "run" }, { field: "p50", format: ",.3~r" }, { field: "p99", format: ",.3~r" }];
      const has = (...ends) => values.filter((value) => ends.every((end) => value[end] !== null));
      const layer = (of, mark, encoding) => (of.length ? [{ data: { values: of }, mark, encoding: { y, yOffset, color: named.color, ...encoding } }] : []);
      const point = { type: "point", size: 36, opacity: 0.9 };
      return {
        height: rows.length * Math.max(names.length * perRow, 28),
        layer: [
          ...layer(has("p50", "p99"), { type: "rule", strokeWidth: 1.5, opacity: 0.5 }, { x: x("p50"), x2: { field: "p99" } }),
          ...layer(has("p50"), { ...point, filled: true }, { x: x("p50"), shape: named.shape, tooltip }),
          ...layer(has("p99"), { ...point, filled: false, strokeWidth: 1.5 }, { x: x("p99"), shape: named.shape, tooltip }),
        ],
      };
    };
  }

  const floor = (value) => (dbv.figure.known(value) ? Math.max(value, 0.001) : null);

  /** Ratios with their intervals: `points` of {row, name, ratio, low, high}; 1 is the reference. */
  function forest(points, names, reference, at) {
    const rows = [...new Set(points.map((point) => point.row))];
    const ends = [1, ...points.flatMap((point) => [point.low, point.high])];
    const tooltip = [{ field: "row", title: "metric" }, { field: "name", title: "side" }, { field: "text", title: "ratio, 95 % interval" }];
    return (narrow) => {
      const named = series("name", names, narrow, { at });
      const axis = { ...msAxis(`ratio to ${reference}`, ends), labelExpr: "'×' + format(datum.value, ',.3~r')" };
      const x = (field) => ({ field, type: "quantitative", scale: log({ padding: 14 }), axis });
      const y = { field: "row", type: "nominal", sort: rows, axis: { title: null, grid: true, tickBand: "extent", labelLimit: narrow ? 130 : 240, domain: false, ticks: false } };
      const yOffset = { field: "name", type: "nominal", sort: names, scale: { paddingOuter: 0.5 } };
      return {
        data: { values: points },
        height: rows.length * Math.max(names.length * 16, 28),
        layer: [
          { data: { values: [{ one: 1 }] }, mark: { type: "rule", strokeWidth: 1.5, color: "var(--muted)", strokeDash: [4, 3] }, encoding: { x: x("one") } },
          { mark: { type: "rule", strokeWidth: 2.5 }, encoding: { y, yOffset, color: named.color, x: x("low"), x2: { field: "high" } } },
          { mark: { type: "point", filled: true, size: 64, opacity: 1 }, encoding: { y, yOffset, color: named.color, shape: named.shape, x: x("ratio"), tooltip } },
        ],
      };
    };
  }

  function limitLines(limits, y) {
    if (!limits.length) return []; // Vega warns of an empty layer
    const data = { values: limits };
    const words = { type: "text", align: "left", baseline: "bottom", dx: 4, dy: -3, color: "var(--bad)", fontSize: 11 };
    return [
      { data, mark: { type: "rule", color: "var(--bad)", strokeWidth: 1.5, strokeDash: [6, 4] }, encoding: { y: y("limit") } },
      { data, mark: words, encoding: { y: y("limit"), x: { value: 0 }, text: { field: "text" } } },
    ];
  }

  function marks(values, style, encoding) {
    return values.length ? [{ data: { values }, mark: { type: "point", size: 50, opacity: 0.9, ...style }, encoding }] : [];
  }

  /** A metric over time: `points` of {when, value, name, state, run}, `means` likewise, `limits` of {limit, text}. */
  function trend(points, means, names, at, title, limits, latency) {
    const [valid, other] = [true, false].map((wanted) => points.filter((point) => (point.state === "valid") === wanted));
    const values = [...points.map((point) => point.value), ...limits.map((limit) => limit.limit)];
    const logarithmic = latency && Math.min(...values) > 0;
    const x = { field: "when", type: "temporal", scale: { type: "utc", padding: 12 }, axis: { title: "run started (UTC)", labelOverlap: true, grid: false, tickCount: { expr: "width / 110" }, format: TIMES } };
    const tooltip = [{ field: "run", title: "run" }, { field: "name", title: "target" }, { field: "shown", title }, { field: "state", title: "state" }, { field: "revision", title: "revision" }];
    return (narrow) => {
      const named = series("name", names, narrow, { at });
      const scale = logarithmic ? log({ padding: 14 }) : { zero: true };
      const axis = logarithmic ? msAxis(title, values) : { title };
      const y = (field = "value") => ({ field, type: "quantitative", scale, axis });
      return {
        height: narrow ? 240 : 300,
        layer: [
          ...limitLines(limits, y),
          { data: { values: means }, mark: { type: "line", strokeWidth: 1.5, opacity: 0.6 }, encoding: { x, y: y(), color: named.color } },
          ...marks(valid, { filled: true }, { x, y: y(), color: named.color, shape: named.shape, tooltip }),
          ...marks(other, { filled: false, strokeWidth: 1.5 }, { x, y: y(), color: named.color, shape: named.shape, tooltip }),
        ],
      };
    };
  }

  /** Capacity curves: `points` of {name, rate, ms, outcome, text}, `answers` of {name, low, high}, `limits` in ms. */
  function capacity(points, answers, limits, names) {
    const values = [...points.map((point) => point.ms), ...limits.map((limit) => limit.limit)];
    const tooltip = [{ field: "name", title: "target" }, { field: "rate", title: "turns/s offered", format: ",.1~f" }, { field: "achieved", title: "turns/s done", format: ",.1~f" }, { field: "ms", title: "turn p99, ms", format: ",.3~r" }, { field: "outcome", title: "step" }, { field: "why", title: "why" }];
    return (narrow) => {
      const named = series("name", names, narrow, { lines: true });
      const x = (field) => ({ field, type: "quantitative", scale: log({ padding: 16 }), axis: { ...msAxis("turns/s offered", points.map((point) => point.rate)), grid: false } });
      const y = (field) => ({ field, type: "quantitative", scale: log({ padding: 16 }), axis: msAxis("turn response p99, ms", values) });
      const outcome = { field: "outcome", type: "nominal", scale: { domain: ["holds", "missed", "no evidence"], range: ["circle", "cross", "stroke"] }, legend: { ...legend(narrow), columns: 3 } };
      return {
        height: narrow ? 260 : 320,
        data: { values: points },
        layer: [
          ...(answers.length ? [{ data: { values: answers }, mark: { type: "rect", opacity: 0.14 }, encoding: { x: x("low"), x2: { field: "high" }, color: named.color } }] : []),
          ...limitLines(limits, y),
          { mark: { type: "line", strokeWidth: 2, opacity: 0.7 }, encoding: { x: x("rate"), y: y("ms"), color: named.color, strokeDash: named.strokeDash } },
          { mark: { type: "point", size: 70, strokeWidth: 2, opacity: 1 }, encoding: { x: x("rate"), y: y("ms"), color: named.color, shape: outcome, tooltip } },
        ],
      };
    };
  }

  dbv.drawing = { spectrum, timeline, ranges, forest, trend, capacity };
})(window.dbverdict);
