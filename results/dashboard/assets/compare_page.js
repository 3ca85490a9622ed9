"use strict";
// Picked runs side by side: what may be compared in one block, what may not in blocks of their own with the reason.
(function (dbv) {
  const { children, h, link, choice, callout, plural, button } = dbv.element;
  const { badge, ofTarget, ofState, swatch } = dbv.badge;
  const { instant } = dbv.figure;
  const SPANS = ["service", "response", "wait", "queue", "lag"];
  const NEVER_TOLD = /^(target\.(name|badge|endpoint|provider_reason)|experiment\.|floor\.|calibration\.|end\.|provenance\.command|load\.users$|workload\.issued)/;

  function wanted(params) {
    const experiment = params.get("experiment");
    if (!experiment) return dbv.picks.picked();
    const picks = params.getAll("pick").map((id) => dbv.store.byId.get(id)).filter(Boolean);
    return [...new Set([...dbv.store.runs.filter((run) => run.experiment === experiment), ...picks])];
  }

  /** The experiment whose own answer heads the page: nothing was added to it and no other reference chosen. */
  function answered(params, scope) {
    if (params.getAll("pick").length || params.get("ref") || scope !== "turns") return null;
    return dbv.store.index.experiments.find((found) => found.id === params.get("experiment") && found.answers.length);
  }

  function nothing(params) {
    const missing = params.getAll("pick").length ? "None of the runs of this link is in this dashboard." : "Pick two runs or more in the list of runs, or compare the runs of an experiment:";
    const items = dbv.store.index.experiments.slice(0, 20).map((found) =>
      h("li", {}, link(`${instant(found.started_utc)} UTC · ${found.scopes.map((scope) => scope.title).join(" / ")}`, dbv.address.link("compare", { experiment: found.id }))),
    );
    return [h("h1", { tabindex: "-1" }, "Compare"), h("p", { class: "lead" }, missing), h("ul", { class: "plain-list" }, items), h("p", { class: "actions" }, link("Go to the runs", "#/runs", { class: "primary" }))];
  }

  function sidesTable(block) {
    const columns = [
      { head: "side", row: true, cell: (side) => [swatch(side.at), h("strong", {}, side.label), " ", ofTarget(side.badge), side.at === 0 && block.sides.length > 1 ? [" ", badge("reference")] : ""] },
      { head: "valid rounds", figures: true, cell: (side) => `${side.evidence.length} of ${side.runs.length}` },
      { head: "runs", class: "run-links", cell: (side) => side.runs.map((run) => [runLink(run), run.state === "valid" ? "" : [" ", ofState(run.state)], " "]) },
    ];
    return dbv.table.table({ caption: "Sides: runs by target, and by revision where a target has several", columns, rows: block.sides });
  }

  const runLink = (run) =>
    link(run.round ? `round ${run.round}` : instant(run.started_utc), dbv.address.link("run", { id: run.id, pick: dbv.picks.ids() }), { title: run.id, "aria-label": `run ${run.id}` });

  function invalid(block) {
    const found = block.sides.flatMap((side) => side.runs.filter((run) => run.state !== "valid"));
    if (!found.length) return null;
    const items = found.map((run) => h("li", {}, ofState(run.state), ` ${run.target}, ${run.id}: ${run.why || "it never reached its end"}`));
    return callout("warn", h("p", {}, "Not evidence, and in no difference below:"), h("ul", {}, items));
  }

  function spectra(block, details, scope) {
    const lines = block.sides.flatMap((side) =>
      side.runs.map((run) => ({ name: side.label, run: `${run.id}${run.state === "valid" ? "" : ` (${run.state.toUpperCase()})`}`, at: side.at, state: run.state, points: details.get(run.id).spectra[scope] || [] })),
    );
    const drawn = lines.filter((line) => line.points.length && (line.state === "valid" || lines.every((other) => other.state !== "valid")));
    if (!drawn.length) return h("p", { class: "note" }, `No spectrum of ${scope}: too few samples.`);
    const at = (line, x) => dbv.figure.ms((line.points.find((point) => point[0] === x) || [])[1]);
    const table = dbv.table.table({
      caption: `Response by percentile, ms · ${block.load}`,
      columns: [
        { head: "run", row: true, cell: (line) => line.run },
        { head: "side", cell: (line) => line.name },
        ...[["50 %", 2], ["90 %", 10], ["99 %", 100], ["99.9 %", 1000]].map(([head, x]) => ({ head, figures: true, cell: (line) => at(line, x) })),
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
        details.get(run.id).operations.filter((operation) => operation.spans[span]).map((operation) => ({ row: operation.name, name: side.label, run: run.id, p50: operation.spans[span][0], p99: operation.spans[span][2] })),
      ),
    );
    const rows = points.filter((point) => point.p50 !== null);
    if (!rows.length) return null;
    const labels = block.sides.map((side) => side.label).filter((label) => rows.some((row) => row.name === label));
    const places = labels.map((label) => block.sides.find((side) => side.label === label).at);
    const operations = [...new Set(rows.map((row) => row.row))];
    const middle = (operation, label, name) => dbv.inference.middle(rows.filter((row) => row.row === operation && row.name === label && row[name] !== null).map((row) => row[name]));
    const table = dbv.table.table({
      caption: `${span}, means of the rounds, ms · ${block.load}`,
      columns: [
        { head: "operation", row: true, cell: (operation) => operation },
        ...labels.flatMap((label) => [["p50", "p50"], ["p99", "p99"]].map(([head, name]) => ({ head: `${label} ${head}`, figures: true, cell: (operation) => dbv.figure.ms(middle(operation, label, name)) }))),
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

  function scopeChoices() {
    const scopes = [...new Set(dbv.store.index.metrics.map((metric) => metric.scope))];
    return scopes.map((scope) => [scope === "turns" ? "" : scope, scope === "turns" ? "whole turns" : scope]);
  }

  function section(block, apart, { details, student, scope, span, primary, told }) {
    const metrics = dbv.store.index.metrics.filter((metric) => metric.scope === scope && (metric.scope !== "turns" || !/queue_p(50|90|999)/.test(metric.key)));
    const kind = block.kind;
    const several = block.sides.length > 1;
    return h(
      "section",
      { class: `kind ${kind.name}` },
      h("h2", {}, `${kind.heading}`, h("span", { class: "frame" }, block.frame)),
      h("p", { class: apart ? "apart" : "note" }, apart ? `Shown apart: ${apart}` : kind.sentence),
      invalid(block),
      several ? null : h("p", { class: "note" }, "One side: there is nothing to compare it with here."),
      several && !told ? dbv.differences.sentences(block, student, primary(block)) : null,
      sidesTable(block),
      dbv.differences.table(block, metrics, student, primary(block).key),
      several ? h("ul", { class: "basis" }, dbv.differences.basis(block, student, primary(block))) : null,
      several ? dbv.differences.drawn(block, metrics, student) : null,
      h("div", { class: "pair" }, spectra(block, details, scope === "turns" ? "turn" : scope), spans(block, details, span)),
    );
  }

  /** Why a block does not stand beside the first one. */
  function reason(block, first) {
    if (block === first) return "";
    if (block.scope === first.scope) return [first.kind, block.kind].find((kind) => kind.name !== "database").sentence;
    if (block.frame !== first.frame) return `measured as ${block.frame}, the first block as ${first.frame}: different loads are never compared.`;
    return "its workload or data are not the first block's.";
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

  function controls(blocks, params) {
    const labels = [...new Set(blocks.flatMap((block) => (block.sides.length > 1 ? block.sides.map((side) => side.label) : [])))];
    const change = (name) => (value) => dbv.address.change({ [name]: value });
    return h(
      "div",
      { class: "filters few" },
      labels.length ? choice("Reference", "ref", labels.map((label) => [label, label]), blocks.find((block) => block.sides.length > 1).sides[0].label, change("ref")) : null,
      choice("Sides by", "by", [["", "target, and revision where several"], ["target", "target"]], params.get("by") || "", change("by")),
      choice("Metrics of", "of", scopeChoices(), params.get("of") || "", change("of")),
      choice("Span", "span", SPANS.map((span) => [span === "service" ? "" : span, span]), params.get("span") || "", change("span")),
    );
  }

  async function render(params) {
    const runs = wanted(params);
    if (!runs.length) {
      return children(...nothing(params));
    }
    const scope = scopeChoices().some(([name]) => name === params.get("of")) ? params.get("of") || "turns" : "turns";
    const span = SPANS.includes(params.get("span")) ? params.get("span") : "service";
    const [student, found] = await Promise.all([dbv.store.student(), Promise.all(runs.map(dbv.store.details)), dbv.store.metricsOf(scope)]);
    const details = new Map(runs.map((run, at) => [run.id, found[at]]));
    const blocks = dbv.sides.blocks(runs, params.get("ref"), params.get("by"));
    const { primary: keys, kinds } = dbv.store.index;
    blocks.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
    const primary = (block) => {
      const key = keys[block.sides[0].runs[0].load_model] || keys[""];
      return dbv.store.metrics.get(scope === "turns" ? key : `${scope}.response_p99_ms`);
    };
    const experiment = answered(params, scope);
    const left = params.getAll("pick").filter((id) => !dbv.store.byId.has(id)).length;
    return children(
      h("h1", { tabindex: "-1" }, "Compare"),
      h("p", { class: "lead" }, `${plural(runs.length, "run")}, ${plural(blocks.reduce((sum, block) => sum + block.sides.length, 0), "side")}. The unit of evidence is the round; rounds measured side by side are paired.`),
      left ? callout("warn", `${plural(left, "picked run")} of this link ${left === 1 ? "is" : "are"} not in this dashboard.`) : "",
      experiment ? h("section", { class: "card", "aria-label": "The experiment's answer" }, h("p", { class: "eyebrow" }, `Experiment of ${instant(experiment.started_utc)} UTC`), dbv.answers.sentences(experiment)) : "",
      controls(blocks, params),
      ...blocks.map((block) => section(block, reason(block, blocks[0]), { details, student, scope, span, primary, told: Boolean(experiment) })),
      h("section", {}, h("h2", {}, "Facts that differ"), differing(runs, details)),
      h("p", { class: "note" }, "Each interval holds with 95 % by itself: of twenty metrics without any difference, one is expected to exclude none. The primary metric carries the verdict; an experiment's answer widens its interval for the number of its targets, so that all of them together hold with 95 %."),
      params.get("experiment") ? "" : h("p", { class: "actions" }, link("Change the picked runs", dbv.address.link("runs", { pick: runs.map((run) => run.id) })), " ", button("Pick none", () => dbv.address.change({ pick: [] }), { class: "quiet" })),
    );
  }

  dbv.pages.compare = { title: "Compare", render };
})(window.dbverdict);
