"use strict";
// Charts: Vega-Lite out of a file of the site, loaded when the first is drawn. Colours are variables of the style
// sheet, so that a chart follows the theme and prints dark on white; each chart has its data as a table beside it.
(function (dbv) {
  const { h, callout } = dbv.element;
  const SERIES = 7;
  const DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3], [4, 4], [1, 4]];
  const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke"];

  const colour = (at) => `var(--series-${(at % SERIES) + 1})`;
  const dash = (at) => DASHES[at % DASHES.length];
  const shape = (at) => SHAPES[at % SHAPES.length];

  function config() {
    const font = getComputedStyle(document.body).fontFamily;
    const words = { labelColor: "var(--muted)", titleColor: "var(--ink)", labelFont: font, titleFont: font };
    return {
      background: "transparent",
      font,
      view: { stroke: "transparent" },
      axis: {
        ...words,
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 500,
        titlePadding: 8,
        gridColor: "var(--grid)",
        domainColor: "var(--line-strong)",
        tickColor: "var(--line-strong)",
        tickSize: 4,
      },
      legend: { ...words, labelColor: "var(--ink)", labelFontSize: 12, labelLimit: 320, symbolStrokeWidth: 2 },
      text: { color: "var(--ink)", font },
      rule: { color: "var(--muted)" },
    };
  }

  /** A figure: heading, chart, words for who cannot see it, and its data as a table. */
  function chart({ title, load, described, spec, table }) {
    const canvas = h("div", { class: "vega", role: "img", "aria-label": described });
    const figure = h(
      "figure",
      { class: "chart" },
      h("figcaption", {}, h("span", { class: "chart-title" }, title), h("span", { class: "chart-load" }, load)),
      canvas,
      h("p", { class: "note" }, described),
      table ? h("details", {}, h("summary", {}, "The same as a table"), table) : null,
    );
    draw(canvas, spec);
    return figure;
  }

  async function draw(canvas, spec) {
    try {
      const embed = await dbv.store.library();
      await new Promise((then) => setTimeout(then)); // until the page has put the canvas in its place
      const narrow = canvas.clientWidth < 520;
      const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: "container", ...spec(narrow) };
      await embed(canvas, { ...full, config: config() }, { actions: false, renderer: "svg", ast: false });
      canvas.dataset.drawn = "true";
    } catch (error) {
      canvas.replaceChildren(callout("bad", `The chart could not be drawn: ${error.message}`));
    }
  }

  const legend = (narrow) => ({ orient: "top", title: null, columns: narrow ? 1 : 4, symbolSize: 90, offset: 12 });

  /** Colour, dash and shape of a field whose values are `names`, in that order everywhere. */
  function series(field, names, narrow, { at = (index) => index } = {}) {
    const scale = (of) => ({ domain: names, range: names.map((_, index) => of(at(index))) });
    const shown = names.length > 1 ? legend(narrow) : null;
    return {
      color: { field, type: "nominal", scale: scale(colour), legend: shown },
      strokeDash: { field, type: "nominal", scale: scale(dash), legend: shown },
      shape: { field, type: "nominal", scale: scale(shape), legend: shown },
    };
  }

  /** A logarithmic axis of milliseconds, labelled 1, 2, 5, 10 …, closer in a short range. */
  function msAxis(title, values) {
    const [lowest, highest] = values.length ? [Math.min(...values), Math.max(...values)] : [1, 10];
    const parts = highest >= 10 * lowest ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
    const ticks = [];
    for (let power = Math.floor(Math.log10(lowest)); power <= Math.ceil(Math.log10(highest)); power += 1) {
      for (const part of parts) {
        const step = part * 10 ** power;
        if (lowest <= step && step <= highest) ticks.push(Number(step.toPrecision(3)));
      }
    }
    const shown = ticks.length > 1 ? ticks : [lowest, highest];
    return { title, values: shown, labelExpr: "format(datum.value, ',.3~r')", labelOverlap: true };
  }

  dbv.chart = { chart, colour, dash, shape, series, legend, msAxis };
})(window.dbverdict);
