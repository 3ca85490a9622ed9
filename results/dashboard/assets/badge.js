"use strict";
// What limits the word of a figure, as small labels: words first, colour only besides.
(function (dbv) {
  const { h } = dbv.element;

  const badge = (text, kind = "neutral") => h("span", { class: `badge ${kind}` }, text);

  const ofTarget = (name) => badge(name, name === "emulator" ? "emulator" : "neutral");

  function ofState(state) {
    return badge(state === "valid" ? "valid" : state.toUpperCase(), state === "valid" ? "good" : "bad");
  }

  const flags = (run) =>
    run.flags
      .split(", ")
      .filter(Boolean)
      .map((flag) => badge(flag, "warn"));

  const swatch = (at) =>
    h("span", { class: "swatch", style: `background: ${dbv.chart.colour(at)}`, "aria-hidden": "true" });

  dbv.badge = { badge, ofTarget, ofState, flags, swatch };
})(window.dbverdict);
