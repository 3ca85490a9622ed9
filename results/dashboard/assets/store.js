"use strict";
// The data beside the page. A page opened from a disk may not fetch, so every file is a script that calls `take`.
(function (dbv) {
  const taken = new Map();
  const waiting = new Map();
  const runs = [];
  const byId = new Map();

  dbv.take = (name, content) => taken.set(name, content);

  function load(name, source) {
    if (taken.has(name)) return Promise.resolve(taken.get(name));
    if (!waiting.has(name)) waiting.set(name, inject(name, source));
    return waiting.get(name);
  }

  function inject(name, source) {
    return new Promise((resolve, reject) => {
      const element = document.createElement("script");
      const fail = () => {
        waiting.delete(name);
        reject(new Error(`${source} could not be loaded: copy the whole folder of the dashboard`));
      };
      element.src = source;
      element.onload = () => (taken.has(name) ? resolve(taken.get(name)) : fail());
      element.onerror = fail;
      document.head.append(element);
    });
  }

  function addColumns(columns) {
    for (const column of columns) {
      for (let at = 0; at < runs.length; at += 1) {
        runs[at][column.name] = column.texts ? column.texts[column.at[at]] : (column.numbers[at] ?? null);
      }
    }
  }

  function open() {
    const index = taken.get("runs");
    if (!index) throw new Error("data/runs.js could not be loaded: copy the whole folder of the dashboard");
    const count = index.columns[0].at.length;
    for (let at = 0; at < count; at += 1) runs.push({});
    addColumns(index.columns);
    for (const run of runs) byId.set(run.id, run);
    dbv.store.index = index;
    dbv.store.metrics = new Map(index.metrics.map((metric) => [metric.key, metric]));
  }

  async function metricsOf(scope) {
    const name = `metrics:${scope}`;
    if (scope === "turns" || waiting.get(`${name}:added`)) return;
    addColumns(await load(name, `data/metrics/${scope}.js`));
    waiting.set(`${name}:added`, true);
  }

  dbv.store = {
    open,
    runs,
    byId,
    metricsOf,
    details: (run) => load(`run:${run.id}`, `data/runs/${encodeURIComponent(run.file)}.js`),
    capacity: () => load("capacity", "data/capacity.js"),
    student: () => load("student", "data/student.js"),
    library: () => load("vega", "assets/vega.js"),
  };
})(window.dbverdict);
