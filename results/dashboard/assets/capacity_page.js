"use strict";
// How much each target can take: latency against the rate offered, and the interval in which the limit lies.
(function (dbv) {
  const { children, h, link } = dbv.element;
  const { ms, rate, share, instant, known } = dbv.figure;
  const { badge, ofTarget } = dbv.badge;
  const STOPS = {
    slo_missed: "the limit was missed",
    database_saturated: "the database was saturated",
    generator_exhausted: "the load generator was the limit",
    interrupted: "interrupted",
  };

  function answer(search) {
    const { answer: kind, low_turns: low, high_turns: high } = search;
    if (kind === "interval" && known(low) && known(high)) return `${rate(low)} to ${rate(high)}`;
    if (kind === "lower_bound" && known(low)) return `at least ${rate(low)}`;
    if (known(high)) return `below ${rate(high)}`;
    return dbv.figure.ABSENT;
  }

  function outcome(step) {
    if (step.valid === false || step.holds === null) return "no evidence";
    return step.holds ? "holds" : "missed";
  }

  function groups(searches) {
    const found = new Map();
    for (const search of searches) {
      const key = JSON.stringify([search.kind, search.workload, search.fingerprint, search.load, search.slo]);
      found.set(key, [...(found.get(key) || []), search]);
    }
    return [...found.values()];
  }

  /** A name for each search in a chart: its target, with the day where one was searched several times. */
  function names(searches) {
    const twice = (target) => searches.filter((search) => search.target === target).length > 1;
    const plain = searches.map((search) =>
      twice(search.target) ? `${search.target}, ${instant(search.started_utc)}` : search.target,
    );
    return plain.map((name, at) => (plain.indexOf(name) === at ? name : `${name} #${at + 1}`));
  }

  function answers(searches, labels, load) {
    const columns = [
      {
        head: "target",
        row: true,
        cell: ([search, label, at]) => [
          h("span", { class: "side-name" }, dbv.badge.swatch(at), h("strong", {}, label)),
          " ",
          ofTarget(search.badge),
          search.status === "complete" ? "" : [" ", badge("INCOMPLETE", "bad")],
        ],
      },
      { head: "holds up to, turns/s", figures: true, cell: ([search]) => answer(search) },
      { head: "ended because", cell: ([search]) => STOPS[search.stop] },
      { head: "in a sentence", class: "sentence", cell: ([search]) => search.detail },
      { head: "searched (UTC)", class: "nowrap", cell: ([search]) => instant(search.started_utc) },
    ];
    return dbv.table.table({
      caption: `Capacity · ${load}`,
      columns,
      rows: searches.map((search, at) => [search, labels[at], at]),
    });
  }

  /** The curve: at each rate the mean of the measurements that are evidence. */
  function curve(points) {
    const found = new Map();
    for (const point of points.filter((one) => one.outcome !== "no evidence")) {
      const key = JSON.stringify([point.name, point.rate]);
      found.set(key, [...(found.get(key) || []), point]);
    }
    return [...found.values()].map((of) => ({ ...of[0], ms: dbv.inference.middle(of.map((point) => point.ms)) }));
  }

  function stepRun(step) {
    const run = dbv.store.byId.get(step.run);
    return run ? link("run", dbv.address.link("run", { id: run.id }), { "aria-label": `run ${run.id}` }) : "";
  }

  function steps(search, label) {
    const columns = [
      { head: "step", row: true, cell: ([, at]) => String(at + 1) },
      { head: "phase", cell: ([step]) => step.phase },
      { head: "turns/s offered", figures: true, cell: ([step]) => rate(step.rate_turns) },
      { head: "turns/s done", figures: true, cell: ([step]) => rate(step.achieved_turns) },
      { head: "ops/s done", figures: true, cell: ([step]) => rate(step.achieved_ops) },
      { head: "turn p50, ms", figures: true, cell: ([step]) => ms(step.turn_p50_ms) },
      { head: "turn p99, ms", figures: true, cell: ([step]) => ms(step.turn_p99_ms) },
      { head: "errors", figures: true, cell: ([step]) => share(step.errors) },
      {
        head: "outcome",
        cell: ([step]) => badge(outcome(step), { holds: "good", missed: "bad" }[outcome(step)] || "neutral"),
      },
      { head: "why", class: "sentence", cell: ([step]) => step.why },
      { head: "run", cell: ([step]) => stepRun(step) },
    ];
    return h(
      "details",
      {},
      h("summary", {}, `Steps of ${label}`),
      dbv.table.table({
        caption: `Steps of ${label} · ${search.load}`,
        columns,
        rows: search.steps.map((step, at) => [step, at]),
      }),
    );
  }

  function section(searches) {
    const first = searches[0];
    const kind = dbv.store.index.kinds.find((found) => found.name === first.kind);
    const labels = names(searches);
    const points = searches.flatMap((search, at) =>
      search.steps
        .filter((step) => step.turn_p99_ms > 0 && step.rate_turns > 0)
        .map((step) => ({
          name: labels[at],
          rate: step.rate_turns,
          achieved: step.achieved_turns,
          ms: step.turn_p99_ms,
          outcome: outcome(step),
          why: step.why,
        })),
    );
    const bands = searches
      .map((search, at) => ({ name: labels[at], low: search.low_turns, high: search.high_turns }))
      .filter((band) => known(band.low) && known(band.high) && band.low > 0);
    const limits = first.slo.filter((limit) => limit.metric === "turns.response_p99_ms" && limit.limit > 0);
    const slo = first.slo.map((limit) => limit.text).join("; ");
    return h(
      "section",
      { class: `kind ${kind.name}` },
      h("h2", {}, kind.heading, h("span", { class: "frame" }, `${first.workload} · ${first.load}`)),
      h("p", { class: "note" }, kind.sentence),
      h("p", { class: "note" }, `Limits: ${slo || "none told"}.`),
      answers(searches, labels, first.load),
      points.length
        ? dbv.chart.chart({
            title: "Turn response p99 against the rate offered",
            load: `${first.workload} · ${first.load} · ${first.badge}`,
            described:
              "One mark a step; the line joins the means of the steps that are evidence. Shaded: the interval in which the highest rate that holds the limits lies. Dashed: the limit of the turn response p99.",
            spec: dbv.drawing.capacity(points, curve(points), bands, limits, labels),
          })
        : null,
      searches.map((search, at) => steps(search, labels[at])),
    );
  }

  async function render() {
    const searches = [...(await dbv.store.capacity())].reverse();
    const order = dbv.store.index.kinds.map((kind) => kind.name);
    const found = groups(searches).sort((a, b) => order.indexOf(a[0].kind) - order.indexOf(b[0].kind));
    return children(
      h("h1", { tabindex: "-1" }, "Capacity"),
      h(
        "p",
        { class: "lead" },
        "The highest rate that holds the limits, as an interval between a rate that held and one that did not.",
      ),
      ...(found.length
        ? found.map(section)
        : [h("p", { class: "empty" }, "No capacity search among these runs: `dbverdict capacity` makes one.")]),
    );
  }

  dbv.pages.capacity = { title: "Capacity", render };
})(window.dbverdict);
