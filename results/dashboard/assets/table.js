"use strict";
// Tables that scroll in their own box, with headings a screen reader can follow and figures set to the right.
(function (dbv) {
  const { h } = dbv.element;

  function heading(column, sort) {
    const attributes = { scope: "col", class: column.figures ? "figure" : null };
    if (!column.sort)
      return h("th", attributes, column.hidden ? h("span", { class: "unseen" }, column.head) : column.head);
    const down = sort.by === `-${column.sort}`;
    const up = sort.by === column.sort;
    attributes["aria-sort"] = up ? "ascending" : down ? "descending" : null;
    const next = down ? column.sort : up || column.up ? (up ? `-${column.sort}` : column.sort) : `-${column.sort}`;
    const arrow = h("span", { class: "arrow", "aria-hidden": "true" }, up ? "↑" : down ? "↓" : "");
    const control = h(
      "button",
      { type: "button", class: "sort", onclick: () => sort.change(next) },
      column.head,
      arrow,
    );
    return h("th", attributes, control);
  }

  function row(columns, found, rowClass) {
    const cells = columns.map((column) => {
      const attributes = { class: [column.figures ? "figure" : "", column.class || ""].join(" ").trim() || null };
      const content = column.cell(found);
      return column.row ? h("th", { scope: "row", ...attributes }, content) : h("td", attributes, content);
    });
    return h("tr", { class: rowClass ? rowClass(found) : null }, cells);
  }

  /** A table; each column has `head`, `cell(row)`, and perhaps `figures`, `row` (row heading), `sort`, `class`. */
  function table({ caption, columns, rows, sort, rowClass, shown = true, className = "" }) {
    const element = h(
      "table",
      { class: className || null },
      h("caption", { class: shown ? null : "unseen" }, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((column) => heading(column, sort)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((found) => row(columns, found, rowClass)),
      ),
    );
    return h(
      "div",
      { class: `scroll ${className}-box`, tabindex: "0", role: "region", "aria-label": caption },
      element,
    );
  }

  function facts(caption, entries) {
    return table({
      caption,
      shown: false,
      className: "facts",
      columns: [
        { head: "fact", row: true, cell: (entry) => entry[0] },
        { head: "value", cell: (entry) => entry[1] },
      ],
      rows: entries,
    });
  }

  dbv.table = { table, facts };
})(window.dbverdict);
