"use strict";
// A metric over time, one workload and load at a time, kinds of target apart, with the limits it is held to.
(function (dbv) {
  const { children, h, link, choice } = dbv.element;
  const { plain, withUnit, instant, known } = dbv.figure;

  function frames() {
    const found = new Map();
    for (const run of dbv.store.runs) {
      if (run.capacity) continue;
      if (!found.has(run.scope))
        found.set(run.scope, {
          scope: run.scope,
          frame: run.frame,
          load: run.load,
          fingerprint: run.fingerprint,
          count: 0,
        });
      found.get(run.scope).count += 1;
    }
    const all = [...found.values()].sort((a, b) => b.count - a.count);
    const twice = (frame) => all.filter((other) => other.frame === frame).length > 1;
    return all.map((one) => ({
      ...one,
      text: `${one.frame}${twice(one.frame) ? ` · stream ${one.fingerprint.slice(0, 8)}` : ""} (${one.count})`,
    }));
  }

  function metricChoices() {
    const groups = new Map();
    for (const metric of dbv.store.index.metrics)
      groups.set(metric.scope, [...(groups.get(metric.scope) || []), [metric.key, metric.label]]);
    return [...groups].map(([group, options]) => ({ group, options }));
  }

  function points(runs, metric) {
    return runs.map((run) => ({
      when: Date.parse(run.started_utc),
      value: run[metric.key],
      shown: withUnit(run[metric.key], metric.unit),
      name: run.target,
      state: run.state,
      run: run.id,
      revision: run.git_revision,
      group: run.experiment || run.id,
    }));
  }

  /** The mean of the valid rounds of each experiment, in the middle of its time. */
  function means(all) {
    const found = new Map();
    for (const point of all.filter((one) => one.state === "valid")) {
      const key = JSON.stringify([point.name, point.group]);
      found.set(key, [...(found.get(key) || []), point]);
    }
    return [...found.values()].map((of) => ({
      name: of[0].name,
      when: of.reduce((sum, point) => sum + point.when, 0) / of.length,
      value: dbv.inference.middle(of.map((point) => point.value)),
    }));
  }

  function limitsOf(metric, names) {
    return dbv.store.index.slos
      .filter((slo) => slo.metric === metric.key && (slo.target === null || names.includes(slo.target)))
      .map((slo) => ({ limit: slo.limit, text: `SLO${slo.target ? ` ${slo.target}` : ""}: ${slo.text}` }));
  }

  function section(kind, runs, metric, frame, targets) {
    const found = runs.filter(
      (run) => run.kind === kind.name && known(run[metric.key]) && !Number.isNaN(Date.parse(run.started_utc)),
    );
    if (!found.length) return null;
    const names = [...new Set(found.map((run) => run.target))];
    const limits = limitsOf(metric, names);
    const title = `${metric.label}${metric.unit ? `, ${metric.unit}` : ""}`;
    const rows = [...found].reverse();
    const table = dbv.table.table({
      caption: `${title} · ${frame.load} · newest first`,
      columns: [
        {
          head: "started (UTC)",
          row: true,
          cell: (run) => link(instant(run.started_utc), dbv.address.link("run", { id: run.id })),
        },
        { head: "target", cell: (run) => run.target },
        {
          head: title,
          figures: true,
          cell: (run) =>
            run.state === "valid" ? plain(run[metric.key], metric.unit) : `(${plain(run[metric.key], metric.unit)})`,
        },
        { head: "state", cell: (run) => dbv.badge.ofState(run.state) },
        { head: "revision", class: "code", cell: (run) => run.git_revision },
      ],
      rows,
    });
    return h(
      "section",
      { class: `kind ${kind.name}` },
      h("h2", {}, kind.heading),
      h("p", { class: "note" }, kind.sentence),
      dbv.chart.chart({
        title,
        load: `${frame.frame} · ${kind.name}`,
        described: `A mark a run: filled where it is evidence, hollow where it is not. The line joins the means of the valid rounds of each experiment.${limits.length ? ` Dashed: ${limits.map((limit) => limit.text).join("; ")}.` : ""}`,
        spec: dbv.drawing.trend(
          points(found, metric),
          means(points(found, metric)),
          names,
          (at) => targets.indexOf(names[at]),
          title,
          limits,
          metric.unit === "ms",
        ),
        table,
      }),
    );
  }

  async function render(params) {
    const all = frames();
    if (!all.length) {
      return children(h("h1", { tabindex: "-1" }, "Trend"), h("p", {}, "There is no run to follow over time."));
    }
    const frame = all.find((one) => one.scope === params.get("scope")) || all[0];
    const saturated = dbv.store.runs.find((run) => run.scope === frame.scope).load_model === "saturate";
    const { primary } = dbv.store.index;
    const metric =
      dbv.store.metrics.get(params.get("metric")) || dbv.store.metrics.get(saturated ? primary.saturate : primary[""]);
    await dbv.store.metricsOf(metric.scope);
    const of = dbv.store.runs.filter((run) => run.scope === frame.scope && !run.capacity);
    const targets = [...new Set(of.map((run) => run.target))];
    const chosen = targets.includes(params.get("target")) ? params.get("target") : "";
    const runs = chosen ? of.filter((run) => run.target === chosen) : of;
    const change = (name) => (value) => dbv.address.change({ [name]: value });
    const sections = dbv.store.index.kinds.map((kind) => section(kind, runs, metric, frame, targets)).filter(Boolean);
    return children(
      h("h1", { tabindex: "-1" }, "Trend"),
      h("p", { class: "lead" }, "One workload under one load at a time: different loads are never compared."),
      h(
        "div",
        { class: "filters few" },
        choice("Metric", "metric", metricChoices(), metric.key, change("metric")),
        choice(
          "Workload and load",
          "scope",
          all.map((one) => [one.scope, one.text]),
          frame.scope,
          change("scope"),
        ),
        choice(
          "Target",
          "target",
          [["", "All targets"], ...targets.map((name) => [name, name])],
          chosen,
          change("target"),
        ),
      ),
      ...(sections.length
        ? sections
        : [h("p", { class: "empty" }, `No run gives ${metric.label}: it did not occur, or rests on too few samples.`)]),
    );
  }

  dbv.pages.trend = { title: "Trend", render };
})(window.dbverdict);
