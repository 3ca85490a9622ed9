"use strict";
// The differences within one block: a table, each side against the reference, and the same drawn.
(function (dbv) {
  const { h } = dbv.element;
  const { plain, ratio, signed, withUnit, known, digits } = dbv.figure;
  const { badge, swatch } = dbv.badge;
  const KINDS = { better: "good", worse: "bad", "no difference": "neutral", inconclusive: "neutral" };

  function judged(block, metric, student) {
    const [reference, ...others] = block.sides;
    return others.map((side) => {
      const found = dbv.sides.evidence(reference, side, metric.key);
      const compared = dbv.inference.compare(found.a, found.b, found.paired, student);
      const told = compared ? dbv.inference.verdict(metric, compared, dbv.store.index.practical_share) : "";
      const doubt = compared ? doubtOf(reference, side, metric, told) : "";
      return { side, metric, found, compared, verdict: doubt ? "inconclusive" : told, doubt };
    });
  }

  /** Why a verdict is none: quick failures shorten latencies, and a harness that was the limit hides the database. */
  function doubtOf(a, b, metric, verdict) {
    const errors = dbv.store.metrics.get("turns.errors");
    const [before, after] = [a, b].map((side) => middleOf(side, errors) || 0);
    if (metric.unit === "ms" && ["better", "no difference"].includes(verdict) && after > before + errors.floor) {
      return "quick failures shorten it";
    }
    const bound = [a, b].some((side) => side.evidence.some((run) => run.flags.includes("generator-bound")));
    return /[.](throughput|goodput)$/.test(metric.key) && bound ? "the harness was the limit, not the database" : "";
  }

  const middleOf = (side, metric) => dbv.inference.middle(side.evidence.map((run) => run[metric.key]).filter(known));

  function why(part) {
    const { a, b } = part.found;
    if (!a.length && !b.length) return "neither side gives it";
    if (!a.length || !b.length) return "only one side gives it";
    return "one round a side: no interval is possible";
  }

  function interval(part) {
    if (!part.compared) return h("span", { class: "lacking" }, why(part));
    const { ratio: found, difference } = part.compared;
    if (!found) {
      const unit = part.metric.unit;
      return `${signed(difference.estimate, unit)} (${signed(difference.low, unit)} to ${signed(difference.high, unit)})`;
    }
    return [h("strong", {}, ratio(found.estimate)), ` (${digits(found.low, 3)} to ${digits(found.high, 3)})`];
  }

  function table(block, metrics, student, primary) {
    const [reference, ...others] = block.sides;
    const rows = metrics.map((metric) => ({ metric, parts: judged(block, metric, student) }));
    const head = (side, what) => [h("span", { class: "side-name" }, swatch(side.at), side.label), what];
    const columns = [
      {
        head: "metric",
        row: true,
        cell: (row) => [
          row.metric.label,
          row.metric.unit ? h("span", { class: "unit" }, ` ${row.metric.unit}`) : "",
          row.metric.key === primary ? [" ", badge("primary")] : "",
        ],
      },
      {
        head: head(reference, others.length ? " (reference)" : ""),
        figures: true,
        cell: (row) => plain(middleOf(reference, row.metric), row.metric.unit),
      },
      ...others.flatMap((side, at) => [
        { head: head(side, ""), figures: true, cell: (row) => plain(middleOf(side, row.metric), row.metric.unit) },
        { head: "ratio (95 % interval)", figures: true, class: "interval", cell: (row) => interval(row.parts[at]) },
        {
          head: "verdict",
          cell: (row) => (row.parts[at].verdict ? badge(row.parts[at].verdict, KINDS[row.parts[at].verdict]) : ""),
        },
      ]),
    ];
    const shown = rows.filter((row) => block.sides.some((side) => middleOf(side, row.metric) !== null));
    if (!shown.length) return h("p", { class: "note" }, "No valid round gives any of these metrics.");
    return dbv.table.table({
      caption: `Means of the valid rounds${others.length ? `, and each side against ${reference.label}` : ""} · ${block.load}`,
      columns,
      rows: shown,
      className: "differences",
    });
  }

  function drawn(block, metrics, student) {
    const points = metrics.flatMap((metric) =>
      judged(block, metric, student)
        .filter((part) => part.compared && part.compared.ratio)
        .map((part) => {
          const { estimate, low, high } = part.compared.ratio;
          const text = `${ratio(estimate)} (${digits(low, 3)} to ${digits(high, 3)})`;
          return { row: metric.label, name: part.side.label, ratio: estimate, low, high, text };
        }),
    );
    if (!points.length) return null;
    const [reference, ...others] = block.sides;
    const names = others.map((side) => side.label).filter((label) => points.some((point) => point.name === label));
    const places = names.map((label) => others.find((side) => side.label === label).at);
    return dbv.chart.chart({
      title: "Ratio to the reference, with its 95 % interval",
      load: `${block.load} · ${block.kind.name}`,
      described: `Each metric of ${names.join(", ")} as a ratio to ${reference.label}. Dashed line: no difference. An interval that crosses it leaves open which is larger.`,
      spec: dbv.drawing.forest(points, names, reference.label, (at) => places[at]),
    });
  }

  function basis(block, student, primary) {
    const [, ...others] = block.sides;
    if (!others.length) return "";
    const parts = judged(block, primary, student);
    return parts.map((part) => {
      const { a, b, paired, unit, caveat } = part.found;
      const on = paired ? `${a.length} paired ${unit}` : `${b.length} against ${a.length} ${unit}, not paired`;
      const lacking = part.compared ? "" : ` (${why(part)})`;
      const doubt = part.doubt ? ` No verdict: ${part.doubt}.` : "";
      return h("li", {}, `${part.side.label}: ${on}${lacking}.${part.compared && caveat ? ` ${caveat}` : ""}${doubt}`);
    });
  }

  /** The primary metric's finding in a sentence for each side. */
  function sentences(block, student, primary) {
    const reference = block.sides[0];
    return judged(block, primary, student).map((part) => {
      const { side, compared, verdict } = part;
      if (!compared)
        return h(
          "p",
          { class: "answer" },
          h("span", { class: "verdict" }, "no interval"),
          ` ${side.label} against ${reference.label}: ${primary.label}: ${why(part)}.`,
        );
      const told = {
        better: "is better than",
        worse: "is worse than",
        "no difference": "does not differ much from",
        inconclusive: "may or may not differ from",
      }[verdict];
      const values = `${withUnit(compared.b, primary.unit)} against ${withUnit(compared.a, primary.unit)}`;
      return h(
        "p",
        { class: "answer" },
        h("span", { class: `verdict ${verdict.replace(/\W+/g, "-")}` }, verdict),
        ` ${side.label} ${told} ${reference.label}: ${primary.label} ${values}, `,
        compared.ratio ? "ratio " : "difference ",
        interval(part),
        ".",
      );
    });
  }

  dbv.differences = { table, drawn, basis, sentences };
})(window.dbverdict);
