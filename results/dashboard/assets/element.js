"use strict";
// Elements from names and texts. Texts are text nodes, never markup: a run folder may come from a stranger.
(function (dbv) {
  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : String(value));
    }
    element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  const link = (text, target, attributes) => h("a", { href: target, ...attributes }, text);

  const button = (text, onclick, attributes) => h("button", { type: "button", onclick, ...attributes }, text);

  /** A labelled choice; `options` are [value, text] pairs or {group, options}. */
  function choice(label, name, options, value, onchange) {
    const option = ([key, text]) => h("option", { value: key, selected: key === value }, text);
    const select = h(
      "select",
      { id: `choice-${name}`, name, onchange: (event) => onchange(event.target.value) },
      options.map((entry) =>
        Array.isArray(entry) ? option(entry) : h("optgroup", { label: entry.group }, entry.options.map(option)),
      ),
    );
    return h("div", { class: "field" }, h("label", { for: `choice-${name}` }, label), select);
  }

  function callout(kind, ...children) {
    return h("div", { class: `callout ${kind}`, role: kind === "bad" ? "alert" : "note" }, ...children);
  }

  const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;

  /** What a page shows, in order, without what is absent. */
  const children = (...found) => found.flat(2).filter((child) => child !== null && child !== undefined && child !== "");

  dbv.element = { children, h, link, button, choice, callout, plural };
})(window.dbverdict);
