"use strict";
// Charts: Vega-Lite out of a file of the site, loaded when the first is drawn. Colours are variables of the style
// sheet, so that a chart follows the theme and prints dark on white; each chart has its data as a table beside it.
(function (dbv) {
  const { h, callout } = dbv.element;
  const SERIES = 7;
  const DASHES = [
    [1, 0],
    [6, 3],
    [2, 2],
    [8, 3, 2, 3],
    [12, 3],
    [4, 4],
    [1, 4],
  ];
  const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke"];

  const colour = (at) => `var(--series-${(at % SERIES) + 1})`;
  const dash = (at) => DASHES[at % DASHES.length];
  const shape = (at) => SHAPES[at % SHAPES.length];

  function config(narrow) {
    const font = getComputedStyle(document.body).fontFamily;
    const words = { labelColor: "var(--muted)", titleColor: "var(--ink)", labelFont: font, titleFont: font };
    return {
      aria: false, // one description for the whole chart instead of one for each mark
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
      legend: {
        ...words,
        labelColor: "var(--ink)",
        labelFontSize: 12,
        labelLimit: 320,
        symbolStrokeWidth: 2,
        symbolOpacity: 1,
        ...(narrow ? { layout: { top: { direction: "vertical", anchor: "start" } } } : {}),
      },
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
      await embed(canvas, { ...full, config: config(narrow) }, { actions: false, renderer: "svg", ast: false });
      canvas.dataset.drawn = "true";
    } catch (error) {
      canvas.replaceChildren(callout("bad", `The chart could not be drawn: ${error.message}`));
    }
  }

  const LONG = 600; // a legend's stroke must be long enough to show its dashes

  const legend = (narrow, more) => ({
    orient: "top",
    title: null,
    columns: narrow ? 1 : 4,
    symbolSize: 90,
    offset: 12,
    ...more,
  });

  /** Colour and shape of a field whose values are `names`, in that order everywhere; with `lines` colour and dash. */
  function series(field, names, narrow, { at = (index) => index, lines = false } = {}) {
    const more = lines ? { symbolType: "stroke", symbolSize: LONG } : {};
    const shown = names.length > 1 || lines ? legend(narrow, more) : null;
    const of = (value) => ({
      field,
      type: "nominal",
      scale: { domain: names, range: names.map((_, index) => value(at(index))) },
      legend: shown,
    });
    return lines ? { color: of(colour), strokeDash: of(dash) } : { color: of(colour), shape: of(shape) };
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
    const shown = ticks.length > 2 ? ticks : even(lowest, highest);
    return { title, values: shown, labelExpr: "format(datum.value, ',.3~r')", labelOverlap: true };
  }

  /** About four ticks of 1, 2 or 5 for a range too short for a logarithm's. */
  function even(lowest, highest) {
    const raw = (highest - lowest || lowest || 1) / 4;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((part) => part * power >= raw) * power;
    const first = Math.ceil(lowest / step - 1e-9);
    const found = Array.from({ length: Math.floor(highest / step + 1e-9) - first + 1 }, (_, at) =>
      Number(((first + at) * step).toPrecision(6)),
    );
    return found.length ? found : [lowest];
  }

  dbv.chart = { chart, colour, series, legend, msAxis };
})(window.dbverdict);
