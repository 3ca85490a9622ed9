"use strict";
// What stands side by side beyond the differences: spectra, spans, and the facts that are not alike.
(function (dbv) {
  const { h } = dbv.element;
  const NEVER_TOLD =
    /^(target\.(name|badge|endpoint|provider_reason)|experiment\.|floor\.|calibration\.|end\.|provenance\.command|load\.users$|workload\.issued)/;

  function spectra(block, details, scope) {
    const lines = block.sides.flatMap((side) =>
      side.runs.map((run) => ({
        name: side.label,
        run: `${run.id}${run.state === "valid" ? "" : ` (${run.state.toUpperCase()})`}`,
        at: side.at,
        state: run.state,
        points: details.get(run.id).spectra[scope] || [],
      })),
    );
    const drawn = lines.filter(
      (line) => line.points.length && (line.state === "valid" || lines.every((other) => other.state !== "valid")),
    );
    if (!drawn.length) return h("p", { class: "note" }, `No spectrum of ${scope}: too few samples.`);
    const at = (line, x) => dbv.figure.ms((line.points.find((point) => point[0] === x) || [])[1]);
    const table = dbv.table.table({
      caption: `Response by percentile, ms · ${block.load}`,
      columns: [
        { head: "run", row: true, cell: (line) => line.run },
        { head: "side", cell: (line) => line.name },
        ...[
          ["50 %", 2],
          ["90 %", 10],
          ["99 %", 100],
          ["99.9 %", 1000],
        ].map(([head, x]) => ({ head, figures: true, cell: (line) => at(line, x) })),
      ],
      rows: drawn,
    });
    const what = scope === "turn" ? "Turn response by percentile" : `Response of ${scope} by percentile`;
    return dbv.chart.chart({
      title: what,
      load: `${block.load} · ${block.kind.name}`,
      described: `One line a valid run, from the fastest at the left to the slowest at the right; a line ends where fewer than 10 samples lie beyond.`,
      spec: dbv.drawing.spectrum(drawn),
      table,
    });
  }

  function spans(block, details, span) {
    const points = block.sides.flatMap((side) =>
      side.evidence.flatMap((run) =>
        details
          .get(run.id)
          .operations.filter((operation) => operation.spans[span])
          .map((operation) => ({
            row: operation.name,
            name: side.label,
            run: run.id,
            p50: operation.spans[span][0],
            p99: operation.spans[span][2],
          })),
      ),
    );
    const rows = points.filter((point) => point.p50 !== null);
    if (!rows.length) return null;
    const labels = block.sides.map((side) => side.label).filter((label) => rows.some((row) => row.name === label));
    const places = labels.map((label) => block.sides.find((side) => side.label === label).at);
    const operations = [...new Set(rows.map((row) => row.row))];
    const middle = (operation, label, name) =>
      dbv.inference.middle(
        rows.filter((row) => row.row === operation && row.name === label && row[name] !== null).map((row) => row[name]),
      );
    const table = dbv.table.table({
      caption: `${span}, means of the rounds, ms · ${block.load}`,
      columns: [
        { head: "operation", row: true, cell: (operation) => operation },
        ...labels.flatMap((label) =>
          [
            ["p50", "p50"],
            ["p99", "p99"],
          ].map(([head, name]) => ({
            head: `${label} ${head}`,
            figures: true,
            cell: (operation) => dbv.figure.ms(middle(operation, label, name)),
          })),
        ),
      ],
      rows: operations,
    });
    return dbv.chart.chart({
      title: `Where the time goes: ${span}`,
      load: `${block.load} · ${block.kind.name}`,
      described: `${span} of each operation, a mark for each valid run. Filled: p50. Hollow: p99. What is under 0.001 ms is drawn there.`,
      spec: dbv.drawing.ranges(rows, labels, "ms (p50 to p99)", { perRow: 14, at: (index) => places[index] }),
      table,
    });
  }

  function differing(runs, details) {
    const names = new Set();
    for (const run of runs) for (const name of Object.keys(details.get(run.id).facts)) names.add(name);
    const sides = new Map();
    for (const run of runs) sides.set(run.target, [...(sides.get(run.target) || []), run]);
    const values = (of, name) => [...new Set(of.map((run) => details.get(run.id).facts[name] ?? dbv.figure.ABSENT))];
    const rows = [...names].filter((name) => !NEVER_TOLD.test(name) && values(runs, name).length > 1).sort();
    if (!rows.length) return h("p", { class: "note" }, "No fact differs.");
    return dbv.table.table({
      caption: "Facts that differ between the picked runs",
      shown: false,
      className: "facts",
      columns: [
        { head: "fact", row: true, cell: (name) => name },
        ...[...sides].map(([target, of]) => ({ head: target, cell: (name) => values(of, name).join("; ") })),
      ],
      rows,
    });
  }

  dbv.alike = { spectra, spans, differing };
})(window.dbverdict);
