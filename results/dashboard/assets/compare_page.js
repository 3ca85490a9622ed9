"use strict";
// Picked runs side by side: what may be compared in one block, what may not in blocks of their own with the reason.
(function (dbv) {
  const { children, h, link, choice, callout, plural, button } = dbv.element;
  const { badge, ofTarget, ofState, swatch } = dbv.badge;
  const { instant } = dbv.figure;
  const SPANS = ["service", "response", "wait", "queue", "lag"];

  function wanted(params) {
    const experiment = params.get("experiment");
    if (!experiment) return dbv.picks.picked();
    const picks = params
      .getAll("pick")
      .map((id) => dbv.store.byId.get(id))
      .filter(Boolean);
    return [...new Set([...dbv.store.runs.filter((run) => run.experiment === experiment), ...picks])];
  }

  /** The experiment whose own answer heads the page: nothing was added to it and no other reference chosen. */
  function answered(params, scope) {
    if (params.getAll("pick").length || params.get("ref") || scope !== "turns") return null;
    return dbv.store.index.experiments.find((found) => found.id === params.get("experiment") && found.answers.length);
  }

  function nothing(params) {
    const missing = params.getAll("pick").length
      ? "None of the runs of this link is in this dashboard."
      : "Pick two runs or more in the list of runs, or compare the runs of an experiment:";
    const items = dbv.store.index.experiments
      .slice(0, 20)
      .map((found) =>
        h(
          "li",
          {},
          link(
            `${instant(found.started_utc)} UTC · ${found.scopes.map((scope) => scope.title).join(" / ")}`,
            dbv.address.link("compare", { experiment: found.id }),
          ),
        ),
      );
    return [
      h("h1", { tabindex: "-1" }, "Compare"),
      h("p", { class: "lead" }, missing),
      h("ul", { class: "plain-list" }, items),
      h("p", { class: "actions" }, link("Go to the runs", "#/runs", { class: "primary" })),
    ];
  }

  function sidesTable(block) {
    const columns = [
      {
        head: "side",
        row: true,
        cell: (side) => [
          h("span", { class: "side-name" }, swatch(side.at), h("strong", {}, side.label)),
          " ",
          ofTarget(side.badge),
          side.at === 0 && block.sides.length > 1 ? [" ", badge("reference")] : "",
        ],
      },
      { head: "valid rounds", figures: true, cell: (side) => `${side.evidence.length} of ${side.runs.length}` },
      {
        head: "runs",
        class: "run-links",
        cell: (side) =>
          side.runs.map((run) => [runLink(run), run.state === "valid" ? "" : [" ", ofState(run.state)], " "]),
      },
    ];
    return dbv.table.table({
      caption: `Sides: runs by target, and by revision where a target has several · ${block.load}`,
      columns,
      rows: block.sides,
    });
  }

  const runLink = (run) =>
    link(
      run.round ? `round ${run.round}` : instant(run.started_utc),
      dbv.address.link("run", { id: run.id, pick: dbv.picks.ids() }),
      { title: run.id, "aria-label": `run ${run.id}` },
    );

  function invalid(block) {
    const found = block.sides.flatMap((side) => side.runs.filter((run) => run.state !== "valid"));
    if (!found.length) return null;
    const items = found.map((run) =>
      h("li", {}, ofState(run.state), ` ${run.target}, ${run.id}: ${run.why || "it never reached its end"}`),
    );
    return callout("warn", h("p", {}, "Not evidence, and in no difference below:"), h("ul", {}, items));
  }

  function scopeChoices() {
    const scopes = [...new Set(dbv.store.index.metrics.map((metric) => metric.scope))];
    return scopes.map((scope) => [scope === "turns" ? "" : scope, scope === "turns" ? "whole turns" : scope]);
  }

  function section(block, apart, { details, student, scope, span, primary, told }) {
    const metrics = dbv.store.index.metrics.filter(
      (metric) => metric.scope === scope && (metric.scope !== "turns" || !/queue_p(50|90|999)/.test(metric.key)),
    );
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
      h(
        "div",
        { class: "pair" },
        dbv.alike.spectra(block, details, scope === "turns" ? "turn" : scope),
        dbv.alike.spans(block, details, span),
      ),
    );
  }

  /** Why a block does not stand beside the first one. */
  function reason(block, first) {
    if (block === first) return "";
    if (block.scope === first.scope) return [first.kind, block.kind].find((kind) => kind.name !== "database").sentence;
    if (block.frame !== first.frame)
      return `measured as ${block.frame}, the first block as ${first.frame}: different loads are never compared.`;
    return "its workload or data are not the first block's.";
  }

  function controls(blocks, params) {
    const labels = [
      ...new Set(blocks.flatMap((block) => (block.sides.length > 1 ? block.sides.map((side) => side.label) : []))),
    ];
    const change = (name) => (value) => dbv.address.change({ [name]: value });
    return h(
      "div",
      { class: "filters few" },
      labels.length
        ? choice(
            "Reference",
            "ref",
            labels.map((label) => [label, label]),
            blocks.find((block) => block.sides.length > 1).sides[0].label,
            change("ref"),
          )
        : null,
      choice(
        "Sides by",
        "by",
        [
          ["", "target, and revision where several"],
          ["target", "target"],
        ],
        params.get("by") || "",
        change("by"),
      ),
      choice("Metrics of", "of", scopeChoices(), params.get("of") || "", change("of")),
      choice(
        "Span",
        "span",
        SPANS.map((span) => [span === "service" ? "" : span, span]),
        params.get("span") || "",
        change("span"),
      ),
    );
  }

  async function render(params) {
    const runs = wanted(params);
    if (!runs.length) {
      return children(...nothing(params));
    }
    const scope = scopeChoices().some(([name]) => name === params.get("of")) ? params.get("of") || "turns" : "turns";
    const span = SPANS.includes(params.get("span")) ? params.get("span") : "service";
    const [student, found] = await Promise.all([
      dbv.store.student(),
      Promise.all(runs.map(dbv.store.details)),
      dbv.store.metricsOf(scope),
    ]);
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
      h(
        "p",
        { class: "lead" },
        `${plural(runs.length, "run")}, ${plural(
          blocks.reduce((sum, block) => sum + block.sides.length, 0),
          "side",
        )}. The unit of evidence is the round; rounds measured side by side are paired, and several sessions of a side count as one value each.`,
      ),
      left
        ? callout(
            "warn",
            `${plural(left, "picked run")} of this link ${left === 1 ? "is" : "are"} not in this dashboard.`,
          )
        : "",
      experiment
        ? h(
            "section",
            { class: "card", "aria-label": "The experiment's answer" },
            h("p", { class: "eyebrow" }, `Experiment of ${instant(experiment.started_utc)} UTC`),
            dbv.answers.sentences(experiment),
          )
        : "",
      controls(blocks, params),
      ...blocks.map((block) =>
        section(block, reason(block, blocks[0]), { details, student, scope, span, primary, told: Boolean(experiment) }),
      ),
      h("section", {}, h("h2", {}, "Facts that differ"), dbv.alike.differing(runs, details)),
      h(
        "p",
        { class: "note" },
        "Each interval holds with 95 % by itself: of twenty metrics without any difference, one is expected to exclude none. The primary metric carries the verdict; an experiment's answer widens its interval for the number of its targets, so that all of them together hold with 95 %.",
      ),
      params.get("experiment")
        ? ""
        : h(
            "p",
            { class: "actions" },
            link("Change the picked runs", dbv.address.link("runs", { pick: runs.map((run) => run.id) })),
            " ",
            button("Pick none", () => dbv.address.change({ pick: [] }), { class: "quiet" }),
          ),
    );
  }

  dbv.pages.compare = { title: "Compare", render };
})(window.dbverdict);
