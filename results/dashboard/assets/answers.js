"use strict";
// What each experiment came to: the newest first and whole, the earlier ones a line each.
(function (dbv) {
  const { h, link, plural } = dbv.element;
  const { ms, rate, share, instant } = dbv.figure;
  const { badge, ofTarget } = dbv.badge;

  function targets(group, load) {
    const columns = [
      {
        head: "target",
        row: true,
        cell: (found) => [
          h("strong", {}, found.target),
          " ",
          ofTarget(found.badge),
          found.flags.map((flag) => badge(flag, flag === flag.toUpperCase() ? "bad" : "warn")),
        ],
      },
      { head: "valid rounds", figures: true, cell: (found) => `${found.valid} of ${found.rounds}` },
      { head: "turn p50, ms", figures: true, cell: (found) => evidence(found, ms(found.p50_ms)) },
      { head: "turn p99, ms", figures: true, cell: (found) => evidence(found, ms(found.p99_ms)) },
      { head: "turns/s", figures: true, cell: (found) => evidence(found, rate(found.throughput)) },
      { head: "errors", figures: true, cell: (found) => evidence(found, share(found.errors)) },
    ];
    return h(
      "section",
      { class: `kind ${group.kind}` },
      dbv.table.table({ caption: `${group.heading} · ${load}`, columns, rows: group.targets, className: "summary" }),
      h("p", { class: "note" }, group.sentence),
    );
  }

  const evidence = (found, text) => (found.valid ? text : `(${text})`);

  const classOf = (answer) => answer.verdict.replace(/\W+/g, "-");

  function sentences(experiment) {
    if (!experiment.answers.length) return [h("p", { class: "answer plain" }, lone(experiment))];
    return experiment.answers.map((answer) =>
      h(
        "p",
        { class: `answer ${classOf(answer)}` },
        h("span", { class: `verdict ${classOf(answer)}` }, answer.verdict),
        " ",
        answer.sentence,
      ),
    );
  }

  function lone(experiment) {
    const names = experiment.scopes.flatMap((scope) =>
      scope.groups.flatMap((group) => group.targets.map((found) => found.target)),
    );
    return `${[...new Set(names)].join(", ")}: nothing here can be ranked against another.`;
  }

  function compareLink(experiment, text) {
    return link(text, dbv.address.link("compare", { experiment: experiment.id }), { class: "primary" });
  }

  function newest(experiment) {
    return h(
      "section",
      { class: "card newest", "aria-labelledby": "newest" },
      h(
        "p",
        { class: "eyebrow" },
        `Newest experiment · ${instant(experiment.started_utc)} UTC · ${plural(experiment.runs.length, "run")}`,
      ),
      h("h2", { id: "newest" }, experiment.scopes.map((scope) => scope.title).join(" / ")),
      sentences(experiment),
      h(
        "div",
        { class: "groups" },
        experiment.scopes.map((scope) => scope.groups.map((group) => targets(group, scope.load))),
      ),
      h(
        "p",
        { class: "note" },
        "Each line: the valid rounds' histograms put together. An answer compares the means of the rounds.",
      ),
      h("p", { class: "actions" }, compareLink(experiment, "Compare its runs")),
    );
  }

  function earlier(experiments) {
    if (!experiments.length) return null;
    const items = experiments.map((experiment) =>
      h(
        "li",
        {},
        h(
          "p",
          { class: "eyebrow" },
          `${instant(experiment.started_utc)} UTC · ${experiment.scopes.map((scope) => scope.title).join(" / ")}`,
        ),
        sentences(experiment),
        link("Compare its runs", dbv.address.link("compare", { experiment: experiment.id }), {
          "aria-label": `Compare the runs of ${experiment.id}`,
        }),
      ),
    );
    const first = 3;
    const more = items.slice(first);
    return h(
      "section",
      { "aria-labelledby": "earlier" },
      h("h2", { id: "earlier" }, "Earlier experiments"),
      h("ul", { class: "earlier" }, items.slice(0, first)),
      more.length
        ? h(
            "details",
            {},
            h("summary", {}, `${plural(more.length, "more experiment")}`),
            h("ul", { class: "earlier" }, more),
          )
        : null,
    );
  }

  dbv.answers = { newest, earlier, sentences };
})(window.dbverdict);
