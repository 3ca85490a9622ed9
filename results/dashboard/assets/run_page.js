"use strict";
// One run: what it was, whether it is evidence, its figures, spectra, timeline, spans and facts.
(function (dbv) {
  const { children, h, link, choice, callout, button } = dbv.element;
  const { ms, rate, share, count, instant, known } = dbv.figure;
  const { badge, ofTarget, ofState, flags } = dbv.badge;

  const tile = (label, value, unit) =>
    h(
      "div",
      { class: "tile" },
      h("dt", {}, label),
      h("dd", {}, value, unit ? h("span", { class: "unit" }, ` ${unit}`) : ""),
    );

  function tiles(run) {
    return h(
      "dl",
      { class: "tiles" },
      tile("turn p50", ms(run["turns.response_p50_ms"]), "ms"),
      tile("turn p99", ms(run["turns.response_p99_ms"]), "ms"),
      tile("throughput", rate(run["turns.throughput"]), "turns/s"),
      tile("errors", share(run["turns.errors"])),
      tile("turns", count(run["turns.samples"])),
      tile("harness lag p99", ms(run.lag_p99_ms), "ms"),
      tile("engine CPU", share(run.engine_cpu)),
    );
  }

  function why(run, details) {
    if (run.state === "valid") return null;
    const reasons = details.reasons.map((reason) => h("li", {}, `${reason.figure}: ${reason.remedy}.`));
    const end = run.state === "incomplete" ? h("p", {}, details.end || "The run never reached its end.") : null;
    return callout(
      "bad",
      h(
        "p",
        {},
        h("strong", {}, "Not evidence. "),
        "Its figures help to find the fault and say nothing of the target.",
      ),
      end,
      reasons.length ? h("ul", {}, reasons) : null,
    );
  }

  function spectrum(run, details) {
    const lines = [
      { name: "turn response", at: 0, run: run.id, points: details.spectra.turn || [] },
      { name: "service, all operations", at: 1, run: run.id, points: details.service },
    ].filter((line) => line.points.length);
    if (!lines.length) return h("p", { class: "note" }, "No spectrum: too few samples.");
    const marks = [
      ["50 %", 2],
      ["90 %", 10],
      ["99 %", 100],
      ["99.9 %", 1000],
    ];
    return dbv.chart.chart({
      title: "By percentile",
      load: `${run.load} · ${run.badge}`,
      described:
        "How long a person waits for a whole turn, and how long one operation takes in database, network and driver. A line ends where fewer than 10 samples lie beyond.",
      spec: dbv.drawing.spectrum(lines),
      table: dbv.table.table({
        caption: `By percentile, ms · ${run.load}`,
        columns: [
          { head: "what", row: true, cell: (line) => line.name },
          ...marks.map(([head, x]) => ({
            head,
            figures: true,
            cell: (line) => ms((line.points.find((point) => point[0] === x) || [])[1]),
          })),
        ],
        rows: lines,
      }),
    });
  }

  function timeline(run, details) {
    const names = Object.keys(details.timeline);
    if (!names.length) return [];
    const { latency, rate: rates } = dbv.drawing.timeline(details.timeline, details.phases);
    const seconds = [...new Set(names.flatMap((name) => details.timeline[name].map(([second]) => second)))].sort(
      (a, b) => a - b,
    );
    const lookup = Object.fromEntries(names.map((name) => [name, new Map(details.timeline[name])]));
    const each = details.seconds_a_point > 1 ? ` A point stands for ${details.seconds_a_point} s.` : "";
    const table = dbv.table.table({
      caption: `Over time · ${run.load}`,
      columns: [
        { head: "second", row: true, cell: (second) => count(second) },
        ...names.map((name) => ({
          head: name,
          figures: true,
          cell: (second) => (["offered", "done"].includes(name) ? rate : ms)(lookup[name].get(second)),
        })),
      ],
      rows: seconds,
    });
    return [
      dbv.chart.chart({
        title: "Over time: turn response",
        load: `${run.load} · ${run.badge}`,
        described: `Turn response second by second. Grey: ramp, warm-up and drain, which are not measured. p99 only where a second holds 1,000 turns.${each}`,
        spec: latency,
      }),
      dbv.chart.chart({
        title: "Over time: turns offered and done",
        load: `${run.load} · ${run.badge}`,
        described: "Turns that were due, and turns that were completed, a second.",
        spec: rates,
        table,
      }),
    ];
  }

  function spans(run, details) {
    const operations = details.operations.filter((operation) => operation.name !== "turn");
    const names = ["queue", "lag", "wait", "service"];
    const points = operations.flatMap((operation) =>
      names.map((name) => ({
        row: operation.name,
        name,
        run: run.id,
        p50: operation.spans[name]?.[0] ?? null,
        p99: operation.spans[name]?.[2] ?? null,
      })),
    );
    if (!points.some((point) => known(point.p50))) return null;
    return dbv.chart.chart({
      title: "Where the time goes",
      load: `${run.load} · ${run.badge}`,
      described:
        "The four spans of each operation: queue (for the person's own previous turn), lag (the harness was late), wait (for a free connection), service (database, network, driver). Filled: p50. Hollow: p99. What is under 0.001 ms is drawn there.",
      spec: dbv.drawing.ranges(points, names, "ms (p50 to p99)", { perRow: 12 }),
    });
  }

  function operations(run, details) {
    const span = (operation, name, at) => ms(operation.spans[name]?.[at]);
    const columns = [
      { head: "operation", row: true, cell: (found) => found.name },
      { head: "count", figures: true, cell: (found) => count(found.count) },
      ...[
        ["response", "p50", 0],
        ["response", "p90", 1],
        ["response", "p99", 2],
        ["response", "p99.9", 3],
        ["service", "p50", 0],
        ["service", "p99", 2],
        ["wait", "p99", 2],
        ["queue", "p99", 2],
        ["lag", "p99", 2],
      ].map(([name, label, at]) => ({
        head: `${name} ${label}`,
        figures: true,
        cell: (found) => span(found, name, at),
      })),
      { head: "errors", figures: true, cell: (found) => count(found.errors) },
      {
        head: "kinds",
        cell: (found) =>
          Object.entries(found.kinds)
            .map(([kind, number]) => `${kind} ${count(number)}`)
            .join(", "),
      },
    ];
    return dbv.table.table({ caption: `Each operation, ms · ${run.load}`, columns, rows: details.operations });
  }

  function limits(run, details) {
    if (!details.limits.length) return null;
    const columns = [
      { head: "limit on", row: true, cell: (limit) => limit.name },
      { head: "limit", cell: (limit) => limit.limit },
      { head: "value", figures: true, cell: (limit) => limit.value },
      { head: "kept", cell: (limit) => badge(limit.ok ? "yes" : "MISSED", limit.ok ? "good" : "bad") },
    ];
    return h(
      "section",
      {},
      h("h2", {}, "Limits"),
      dbv.table.table({
        caption: `Limits the run was held to · ${run.load}`,
        shown: false,
        columns,
        rows: details.limits,
      }),
    );
  }

  function others(run) {
    const alike = dbv.store.runs.filter((other) => other.experiment && other.experiment === run.experiment);
    if (alike.length < 2 || run.capacity) return null; // the steps of a search are each under a load of their own
    return link("Compare its experiment", dbv.address.link("compare", { experiment: run.experiment }));
  }

  function foldedFacts(title, entries, open) {
    if (!entries.length) return null;
    return h("details", { open }, h("summary", {}, title), dbv.table.facts(title, entries));
  }

  async function render(params) {
    const run = dbv.store.byId.get(params.get("id"));
    if (!run) {
      return children(
        h("h1", { tabindex: "-1" }, "No such run"),
        h("p", {}, "It is not in this dashboard. ", link("All runs", "#/runs")),
      );
    }
    const details = await dbv.store.details(run);
    const picked = dbv.picks.ids().includes(run.id);
    return children(
      h("p", { class: "eyebrow" }, link("Runs", dbv.address.link("runs", { pick: dbv.picks.ids() })), ` · ${run.id}`),
      h(
        "h1",
        { tabindex: "-1" },
        run.target,
        " ",
        h("span", { class: "badges" }, ofTarget(run.badge), ofState(run.state), flags(run)),
      ),
      h(
        "p",
        { class: "lead" },
        `${run.frame} · started ${instant(run.started_utc)} UTC${run.round ? ` · round ${run.round}` : ""}`,
      ),
      why(run, details) || "",
      tiles(run),
      h(
        "p",
        { class: "actions" },
        picked ? badge("picked") : button("Pick for comparison", () => dbv.picks.add([run.id]), { class: "primary" }),
        " ",
        others(run) || "",
      ),
      h(
        "section",
        {},
        h("h2", {}, "Charts"),
        h("div", { class: "charts" }, spectrum(run, details), timeline(run, details), spans(run, details)),
      ),
      h("section", {}, h("h2", {}, "Operations"), operations(run, details)),
      limits(run, details) || "",
      h(
        "section",
        {},
        h("h2", {}, "Where these figures come from"),
        foldedFacts("Facts", Object.entries(details.facts), true) || "",
        foldedFacts("Were the answers right?", Object.entries(details.integrity), false) || "",
      ),
    );
  }

  dbv.pages.run = { title: "Run", render };
})(window.dbverdict);
