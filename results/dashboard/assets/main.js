"use strict";
// Which page is shown: the address decides.
(function (dbv) {
  const { h, link, callout, plural } = dbv.element;
  let shown = null;
  let handled = null;

  dbv.say = (text) => {
    const status = document.getElementById("status");
    if (status.textContent !== text) status.textContent = text;
  };

  function navigation(page, params) {
    const picks = dbv.picks.ids();
    const experiment = page === "compare" ? params.get("experiment") : "";
    const entries = [
      ["runs", "Runs", { pick: picks }],
      ["compare", picks.length ? `Compare (${picks.length})` : "Compare", { pick: picks, experiment }],
      ["trend", "Trend", { pick: picks }],
      ["capacity", "Capacity", { pick: picks }],
    ];
    const items = entries.map(([name, text, target]) =>
      link(text, dbv.address.link(name, target), { "aria-current": name === page ? "page" : null }),
    );
    document.getElementById("nav").replaceChildren(...items);
  }

  async function route() {
    if (location.hash === handled) return; // a click on a link is told twice, as popstate and as hashchange
    handled = location.hash;
    const { page, params } = dbv.address.read();
    const found = Object.hasOwn(dbv.pages, page) ? dbv.pages[page] : dbv.pages.runs;
    navigation(page, params);
    dbv.picks.show();
    if (shown === page && found.refresh) {
      found.refresh(params);
      return;
    }
    const moved = shown !== null && shown !== page;
    const [focus, scroll] = [document.activeElement?.id, window.scrollY];
    shown = page;
    document.title = `${found.title} · dbverdict`;
    const children = await contents(found, params);
    if (location.hash !== handled || shown !== page) return; // somebody went on meanwhile
    const root = document.getElementById("main");
    root.replaceChildren(...children);
    found.refresh?.(params);
    root.dataset.page = page;
    settle(root, moved, focus, scroll);
  }

  async function contents(found, params) {
    try {
      return await found.render(params);
    } catch (error) {
      return [h("h1", { tabindex: "-1" }, found.title), callout("bad", error.message)];
    }
  }

  /** After a change of page the focus is on its heading; after a change within it, where it was. */
  function settle(root, moved, focus, scroll) {
    if (moved) {
      window.scrollTo(0, 0);
      root.querySelector("h1")?.focus({ preventScroll: true });
      dbv.say(document.title);
    } else if (focus) {
      document.getElementById(focus)?.focus({ preventScroll: true });
      window.scrollTo(0, scroll);
    }
  }

  function foot() {
    const { made_utc: made, version } = dbv.store.index;
    document
      .getElementById("foot")
      .replaceChildren(
        h(
          "p",
          {},
          `dbverdict ${version} · written ${dbv.figure.instant(made)} UTC from ${plural(dbv.store.runs.length, "run")} · the data: `,
          link("runs.csv", "data/runs.csv"),
          ", ",
          link("capacity.csv", "data/capacity.csv"),
        ),
        h(
          "p",
          {},
          "With pandas: ",
          h("code", {}, 'pd.read_csv("data/runs.csv", keep_default_na=False, na_values=[""])'),
          ", since a target is named null.",
        ),
      );
  }

  dbv.theme.connect(document.getElementById("theme"));
  try {
    dbv.store.open();
    foot();
    dbv.address.listen(route);
    route();
  } catch (error) {
    document.getElementById("main").replaceChildren(callout("bad", error.message));
  }
})(window.dbverdict);
