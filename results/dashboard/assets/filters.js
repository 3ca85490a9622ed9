"use strict";
// Which runs are listed: the filters, the search and the order, all of them in the address.
(function (dbv) {
  const { h, choice } = dbv.element;
  const CHOICES = [
    ["target", "Target", "All targets"],
    ["workload", "Workload", "All workloads"],
    ["load", "Load", "All loads"],
    ["badge", "Badge", "All badges"],
    ["state", "Validity", "All states"],
    ["git_revision", "Git revision", "All revisions"],
  ];
  const SEARCHED = [
    "id",
    "target",
    "driver",
    "provider",
    "server",
    "workload",
    "load",
    "badge",
    "state",
    "experiment",
    "git_revision",
    "flags",
  ];

  function settings(params) {
    const found = Object.fromEntries(CHOICES.map(([name]) => [name, params.get(name) || ""]));
    return {
      ...found,
      q: params.get("q") || "",
      steps: params.get("steps") || "",
      sort: params.get("sort") || "-started_utc",
    };
  }

  function matches(run, wanted) {
    if (!wanted.steps && run.capacity) return false;
    if (wanted.steps === "only" && !run.capacity) return false;
    if (CHOICES.some(([name]) => wanted[name] && run[name] !== wanted[name])) return false;
    const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return true;
    const text = SEARCHED.map((name) => run[name])
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  }

  function ordered(runs, sort) {
    const down = sort.startsWith("-");
    const name = sort.replace(/^-/, "");
    const known = (run) => run[name] !== null && run[name] !== undefined && run[name] !== "";
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en") : a - b) * (down ? -1 : 1);
    return [...runs].sort((a, b) => (known(a) && known(b) ? compare(a[name], b[name]) : known(b) - known(a)));
  }

  function listed(wanted) {
    return ordered(
      dbv.store.runs.filter((run) => matches(run, wanted)),
      wanted.sort,
    );
  }

  function options(name, all) {
    const counts = new Map();
    for (const run of dbv.store.runs) counts.set(run[name], (counts.get(run[name]) || 0) + 1);
    const found = [...counts]
      .filter(([value]) => value !== "")
      .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
    return [["", all], ...found.map(([value, count]) => [value, `${value} (${count})`])];
  }

  function form(wanted) {
    const search = h("input", {
      type: "search",
      id: "search",
      value: wanted.q,
      placeholder: "target, version, experiment …",
      oninput: (event) => dbv.address.change({ q: event.target.value }, { quiet: true }),
    });
    const change = (name) => (value) => dbv.address.change({ [name]: value });
    const steps = dbv.store.runs.some((run) => run.capacity)
      ? choice(
          "Capacity steps",
          "steps",
          [
            ["", "Hidden"],
            ["all", "Shown"],
            ["only", "Only these"],
          ],
          wanted.steps,
          change("steps"),
        )
      : null;
    return h(
      "form",
      {
        class: "filters",
        role: "search",
        "aria-label": "Filter the runs",
        onsubmit: (event) => event.preventDefault(),
      },
      h("div", { class: "field wide" }, h("label", { for: "search" }, "Search"), search),
      CHOICES.map(([name, label, all]) => choice(label, name, options(name, all), wanted[name], change(name))),
      steps,
    );
  }

  /** Bring the controls to what the address says, as after the back button, leaving the focus where it is. */
  function update(wanted) {
    for (const [name] of [...CHOICES, ["steps"]]) {
      const control = document.getElementById(`choice-${name}`);
      if (control) control.value = wanted[name];
    }
    const search = document.getElementById("search");
    if (search.value !== wanted.q) search.value = wanted.q;
  }

  const active = (wanted) => Boolean(wanted.q || wanted.steps || CHOICES.some(([name]) => wanted[name]));

  const cleared = () => ({ q: "", steps: "", ...Object.fromEntries(CHOICES.map(([name]) => [name, ""])) });

  dbv.filters = { settings, listed, form, update, active, cleared };
})(window.dbverdict);
