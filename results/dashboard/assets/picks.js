"use strict";
// The runs a person picked: kept in the address, shown at the foot of the page.
(function (dbv) {
  const { h, link, button, plural } = dbv.element;

  let [readFrom, found] = [null, []]; // a list asks once a row

  function ids() {
    if (readFrom !== location.hash) [readFrom, found] = [location.hash, dbv.address.read().params.getAll("pick")];
    return found;
  }

  const picked = () =>
    ids()
      .map((id) => dbv.store.byId.get(id))
      .filter(Boolean);

  function change(next) {
    dbv.address.change({ pick: next }, { quiet: true });
  }

  function toggle(id, on) {
    const rest = ids().filter((found) => found !== id);
    change(on ? [...rest, id] : rest);
  }

  const add = (more) => change([...new Set([...ids(), ...more])]);

  function show() {
    const bar = document.getElementById("picked");
    const found = ids();
    const { page } = dbv.address.read();
    bar.hidden = !found.length || page === "compare";
    if (bar.hidden) return;
    bar.replaceChildren(
      h("span", { class: "picked-count" }, `${plural(found.length, "run")} picked`),
      link(found.length > 1 ? "Compare" : "Compare (pick another)", dbv.address.link("compare", { pick: found }), {
        class: "primary",
      }),
      button("Clear", () => change([]), { class: "quiet" }),
    );
  }

  function box(run) {
    const label = `pick ${run.target}, ${dbv.figure.instant(run.started_utc)}${run.round === null ? "" : `, round ${run.round}`}`;
    return h("input", {
      type: "checkbox",
      class: "pick",
      "aria-label": label,
      checked: ids().includes(run.id),
      onchange: (event) => toggle(run.id, event.target.checked),
    });
  }

  dbv.picks = { ids, picked, add, show, box };
})(window.dbverdict);
