"use strict";
// The view is in the address, behind the #: a link shows a colleague the same, and the back button works.
(function (dbv) {
  let listener = () => {};

  function read() {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
    return { page: path || "runs", params: new URLSearchParams(query || "") };
  }

  /** The address of a page; `params` holds texts or lists of texts, and what is empty is left out. */
  function link(page, params = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) {
      for (const text of Array.isArray(value) ? value : [value]) if (text) query.append(name, text);
    }
    const text = query.toString();
    return `#/${page}${text ? `?${text}` : ""}`;
  }

  function object(params) {
    const found = {};
    for (const name of new Set(params.keys())) {
      const values = params.getAll(name);
      found[name] = values.length > 1 || name === "pick" ? values : values[0];
    }
    return found;
  }

  /** Change some of the present view's parameters; `quiet` leaves no step for the back button. */
  function change(changes, { quiet = false } = {}) {
    const { page, params } = read();
    const target = link(page, { ...object(params), ...changes });
    if (target === location.hash) return;
    history[quiet ? "replaceState" : "pushState"](null, "", target);
    listener();
  }

  function listen(callback) {
    listener = callback;
    window.addEventListener("popstate", callback);
    window.addEventListener("hashchange", callback);
  }

  dbv.address = { read, link, change, listen };
})(window.dbverdict);
