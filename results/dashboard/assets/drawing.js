"use strict";
// What each chart draws, as Vega-Lite declarations. They take points and answer a specification.
(function (dbv) {
  const { series, msAxis } = dbv.chart;
  const PERCENT = "datum.value == 1 ? '0%' : datum.value == 2 ? '50%' : format(1 - 1 / datum.value, '.6~%')";
  const MARKS = new Set([2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]);
  const PERCENTILES = [1, 2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
  const log = (extra) => ({ type: "log", nice: false, ...extra });

  /** Percentile spectra: `lines` of {name, run, at, points: [[x, ms], …]}, where x = 1 / (1 - percentile). */
  function spectrum(lines) {
    const names = [...new Set(lines.map((line) => line.name))];
    const places = names.map((name) => lines.find((line) => line.name === name).at);
    const rows = lines.flatMap((line) =>
      line.points.map(([x, ms]) => ({
        name: line.name,
        run: line.run,
        x,
        ms,
        percentile: `${+(100 * (1 - 1 / x)).toFixed(4)} %`,
      })),
    );
    const several = lines.length > names.length;
    return (narrow) => {
      const named = series("name", names, narrow, { at: (index) => places[index] });
      const x = {
        field: "x",
        type: "quantitative",
        scale: log(),
        axis: { values: PERCENTILES, labelExpr: PERCENT, labelOverlap: true, title: "percentile" },
      };
      const y = {
        field: "ms",
        type: "quantitative",
        scale: log({ padding: 8 }),
        axis: msAxis(
          "ms",
          rows.map((row) => row.ms),
        ),
      };
      const tooltip = [
        { field: "run", title: "run" },
        { field: "percentile", title: "percentile" },
        { field: "ms", title: "ms", type: "quantitative", format: ",.3~r" },
      ];
      return {
        height: narrow ? 260 : 320,
        data: { values: rows },
        layer: [
          {
            mark: { type: "line", strokeWidth: several ? 1.5 : 2.25, opacity: several ? 0.75 : 1 },
            encoding: { x, y, color: named.color, detail: { field: "run" } },
          },
          {
            data: { values: rows.filter((row) => MARKS.has(row.x)) },
            mark: { type: "point", filled: true, size: 46, opacity: 1 },
            encoding: { x, y, color: named.color, shape: named.shape, tooltip },
          },
        ],
      };
    };
  }

  const LATENCIES = ["middle turn (p50)", "p99", "slowest turn"];

  /** A run's timeline: latency above, turns offered and done below, phases that were not measured shaded. */
  function timeline(found, bands) {
    const rows = Object.entries(found).flatMap(([name, points]) =>
      points.map(([second, value]) => ({ name, second, value })),
    );
    const last = Math.max(1, ...rows.map((row) => row.second), ...bands.map((band) => band.end));
    const x = {
      field: "second",
      type: "quantitative",
      scale: { domain: [0, last], nice: false },
      axis: { title: "seconds from the run's start", grid: false, format: "d", tickMinStep: 1 },
    };
    const shade = {
      data: { values: bands },
      mark: { type: "rect", color: "var(--shade)" },
      encoding: { x: { field: "start", type: "quantitative" }, x2: { field: "end" } },
    };
    const words = {
      data: { values: bands.filter((band) => band.end - band.start > last / 12) },
      mark: { type: "text", align: "left", baseline: "top", dx: 4, dy: 4, color: "var(--muted)", fontSize: 11 },
      encoding: { x: { field: "start", type: "quantitative" }, y: { value: 0 }, text: { field: "phase" } },
    };
    const part = (names, height, axis, scale, narrow, layers) => {
      const shown = names.filter((name) => found[name] && found[name].length);
      const drawn = series("name", shown, narrow, { lines: true });
      const y = { field: "value", type: "quantitative", scale, axis };
      const tooltip = [
        { field: "name", title: "series" },
        { field: "second", title: "second" },
        { field: "value", title: "value", format: ",.3~r" },
      ];
      const lines = {
        data: { values: rows.filter((row) => shown.includes(row.name)) },
        mark: { type: "line", strokeWidth: 1.8, point: { size: 22, filled: true, opacity: 0.9 } },
        encoding: { x, y, color: drawn.color, strokeDash: drawn.strokeDash, tooltip },
      };
      return { width: "container", height, layer: [shade, lines, ...layers] };
    };
    const latencies = rows.filter((row) => LATENCIES.includes(row.name)).map((row) => row.value);
    return {
      latency: (narrow) =>
        part(LATENCIES, 220, msAxis("turn response, ms", latencies), log({ padding: 12 }), narrow, [words]),
      rate: (narrow) => part(["offered", "done"], 120, { title: "turns/s", tickCount: 4 }, { zero: true }, narrow, []),
    };
  }

  /** A row a name, within it a line a series. */
  function rowAxes(rows, names, labelLimit) {
    const axis = { title: null, grid: true, tickBand: "extent", labelLimit, domain: false, ticks: false };
    return {
      y: { field: "row", type: "nominal", sort: rows, axis },
      yOffset: { field: "name", type: "nominal", sort: names, scale: { paddingOuter: 0.5 } },
    };
  }

  /** p50 and p99 by row: `points` of {row, name, at, p50, p99, run}. */
  function ranges(points, names, title, { perRow = 18, at = (index) => index } = {}) {
    const rows = [...new Set(points.map((point) => point.row))];
    const drawn = points.flatMap((point) =>
      [point.p50, point.p99].filter(dbv.figure.known).map((value) => Math.max(value, 0.001)),
    );
    const values = points.map((point) => ({ ...point, p50: floor(point.p50), p99: floor(point.p99) }));
    return (narrow) => {
      const named = series("name", names, narrow, { at });
      const { y, yOffset } = rowAxes(rows, names, narrow ? 120 : 200);
      const x = (field) => ({ field, type: "quantitative", scale: log({ padding: 10 }), axis: msAxis(title, drawn) });
      const tooltip = [
        { field: "row", title: "of" },
        { field: "name", title: "series" },
        { field: "run", title: "run" },
        { field: "p50", format: ",.3~r" },
        { field: "p99", format: ",.3~r" },
      ];
      const has = (...ends) => values.filter((value) => ends.every((end) => value[end] !== null));
      const layer = (of, mark, encoding) =>
        of.length ? [{ data: { values: of }, mark, encoding: { y, yOffset, color: named.color, ...encoding } }] : [];
      const point = { type: "point", size: 36, opacity: 0.9 };
      return {
        height: rows.length * Math.max(names.length * perRow, 28),
        layer: [
          ...layer(
            has("p50", "p99"),
            { type: "rule", strokeWidth: 1.5, opacity: 0.5 },
            { x: x("p50"), x2: { field: "p99" } },
          ),
          ...layer(has("p50"), { ...point, filled: true }, { x: x("p50"), shape: named.shape, tooltip }),
          ...layer(
            has("p99"),
            { ...point, filled: false, strokeWidth: 1.5 },
            { x: x("p99"), shape: named.shape, tooltip },
          ),
        ],
      };
    };
  }

  const floor = (value) => (dbv.figure.known(value) ? Math.max(value, 0.001) : null);

  dbv.drawing = { log, rowAxes, spectrum, timeline, ranges };
})(window.dbverdict);
