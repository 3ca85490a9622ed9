"use strict";
// All runs: the answers first, then the list to search, filter, sort and pick from.
(function (dbv) {
  const { children, h, link, button, plural } = dbv.element;
  const { ms, rate, share, instant, count } = dbv.figure;
  const STEP = 100;
  let most = STEP;

  const page = (run) => dbv.address.link("run", { id: run.id, pick: dbv.picks.ids() });

  const bracketed = (run, text) => (run.state === "valid" ? text : `(${text})`);

  function columns() {
    return [
      { head: "pick", hidden: true, class: "pick-cell", cell: dbv.picks.box },
      {
        head: "target",
        row: true,
        sort: "target",
        up: true,
        cell: (run) => [link(run.target, page(run)), " ", dbv.badge.ofTarget(run.badge), dbv.badge.flags(run)],
      },
      { head: "started (UTC)", sort: "started_utc", class: "nowrap", cell: (run) => instant(run.started_utc) },
      { head: "round", figures: true, sort: "round", up: true, cell: (run) => count(run.round) },
      { head: "workload", sort: "workload", up: true, cell: (run) => run.workload },
      {
        head: "load",
        sort: "load",
        up: true,
        class: "load",
        cell: (run) => [run.load, run.connections === null ? "" : ` · ${count(run.connections)} conn.`],
      },
      {
        head: "turn p50, ms",
        figures: true,
        sort: "turns.response_p50_ms",
        up: true,
        cell: (run) => bracketed(run, ms(run["turns.response_p50_ms"])),
      },
      {
        head: "turn p99, ms",
        figures: true,
        sort: "turns.response_p99_ms",
        up: true,
        cell: (run) => bracketed(run, ms(run["turns.response_p99_ms"])),
      },
      {
        head: "turns/s",
        figures: true,
        sort: "turns.throughput",
        cell: (run) => bracketed(run, rate(run["turns.throughput"])),
      },
      {
        head: "errors",
        figures: true,
        sort: "turns.errors",
        cell: (run) => bracketed(run, share(run["turns.errors"])),
      },
      { head: "state", sort: "state", up: true, cell: (run) => dbv.badge.ofState(run.state) },
      {
        head: "revision",
        sort: "git_revision",
        up: true,
        class: "code",
        cell: (run) => h("span", { title: run.git_revision }, run.git_revision.slice(0, 7) || dbv.figure.ABSENT),
      },
    ];
  }

  function list(wanted) {
    const found = dbv.filters.listed(wanted);
    const shown = found.slice(0, most);
    const sort = { by: wanted.sort, change: (next) => dbv.address.change({ sort: next }) };
    const table = dbv.table.table({
      caption: "Runs, each with its load model",
      columns: columns(),
      rows: shown,
      sort,
      shown: false,
      className: "runs",
      rowClass: (run) => (run.state === "valid" ? "" : "no-evidence"),
    });
    const hidden = wanted.steps ? 0 : dbv.store.runs.filter((run) => run.capacity).length;
    const told = `${plural(found.length, "run")} of ${count(dbv.store.runs.length)}`;
    dbv.say(told);
    return [
      h(
        "div",
        { class: "list-head" },
        h("p", { id: "count" }, told, hidden ? ` · ${plural(hidden, "capacity step")} hidden` : ""),
        dbv.filters.active(wanted)
          ? button("Clear filters", () => dbv.address.change(dbv.filters.cleared()), { class: "quiet" })
          : null,
        found.length && found.length <= STEP
          ? button(`Pick all ${found.length}`, () => dbv.picks.add(found.map((run) => run.id)), { class: "quiet" })
          : null,
      ),
      found.length ? table : h("p", { class: "empty" }, "No run matches these filters."),
      shown.length < found.length ? more(found.length) : null,
      h(
        "p",
        { class: "note" },
        "In brackets: from runs that are no evidence. –: too few samples to say (p50 needs 20, p99 1,000). An emulator's latency is no evidence about the managed database.",
      ),
    ];
  }

  function more(total) {
    const raise = (by) => () => {
      most += by;
      refresh(dbv.address.read().params);
    };
    return h(
      "p",
      { class: "actions" },
      button(`Show ${STEP} more`, raise(STEP)),
      " ",
      button(`Show all ${count(total)}`, raise(total)),
    );
  }

  function refresh(params) {
    const wanted = dbv.filters.settings(params);
    dbv.filters.update(wanted);
    const results = document.getElementById("results");
    const held = focused(results);
    results.replaceChildren(...list(wanted).filter(Boolean));
    if (held) held();
  }

  /** How to find the control that has the focus again after the list was drawn anew. */
  function focused(results) {
    const active = document.activeElement;
    if (!results.contains(active)) return null;
    const all = (root) => [...root.querySelectorAll("button, input, a, [tabindex]")];
    const label = active.getAttribute("aria-label") || active.textContent.replace(/[↑↓]/g, "");
    const same = (element) =>
      (element.getAttribute("aria-label") || element.textContent.replace(/[↑↓]/g, "")) === label &&
      element.tagName === active.tagName;
    const at = all(results).filter(same).indexOf(active);
    return () => all(results).filter(same)[at]?.focus({ preventScroll: true });
  }

  function render(params) {
    const wanted = dbv.filters.settings(params);
    const [newest, ...earlier] = dbv.store.index.experiments;
    most = STEP;
    return children(
      h("h1", { class: newest ? "unseen" : null, tabindex: "-1" }, "Runs"),
      newest ? dbv.answers.newest(newest) : "",
      dbv.answers.earlier(earlier) || "",
      h(
        "section",
        { "aria-labelledby": "all" },
        h("h2", { id: "all" }, "All runs"),
        dbv.filters.form(wanted),
        h("div", { id: "results" }),
      ),
    );
  }

  dbv.pages = { runs: { title: "Runs", render, refresh } };
})(window.dbverdict);
