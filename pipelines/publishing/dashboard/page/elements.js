// The page's elements. Figures and customers' words enter as text only, never as markup.

const byId = (id) => document.getElementById(id);

/** An element with attributes (`on…` are listeners) and children: elements, texts, or nothing. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const fill = (id, ...children) => byId(id).replaceChildren(...children.flat().filter(Boolean));
const emptyNote = (text) => element("p", { class: "empty" }, text);
const soft = (text) => element("p", { class: "soft small" }, text);

/** Words of others amid ours: they cannot turn the direction of what follows. */
const apart = (text) => element("bdi", {}, text);

/** What `change` said, coloured by whether it is good news. */
const changeText = (said) => element("span", { class: `change ${said.tone}` }, said.text);

/** A key figure: title, value, its change, what it was before in words, and its course so far; or a
 *  note why there is none. */
function tile({ id, title, value, said, before, course, star, note }) {
  return element("article", { class: "tile", "data-figure": id },
    element("h3", {}, title),
    element("div", { class: "value" }, value, star ? element("abbr", { title: "may still change" }, "*") : null),
    element("div", { class: "foot" }, note || null, said ? changeText(said) : null,
      before ? element("span", { class: "before" }, before) : null),
    course ? sparkline(course) : null);
}

/** A small line of the values, without axes: decoration, the numbers stand beside it. */
function sparkline(values) {
  const known = values.filter((value) => !missing(value));
  if (known.length < 3) return null;
  const low = Math.min(...known);
  const spread = Math.max(...known) - low || 1;
  const points = values.map((value, at) => (missing(value) ? null
    : `${(at / (values.length - 1)) * 100},${24 - ((value - low) / spread) * 20}`)).filter(Boolean);
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 26");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "polyline");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

/** A table. Columns: {title, cell(row) → text or element, sort(row)?, kind?: "text" | "words"};
 *  the first column heads its row. Columns with `sort` are sorted by their header's button. */
function table({ caption, columns, rows, sorted, rowClass, label }) {
  const body = element("tbody");
  const state = { at: sorted ? sorted.at : -1, down: sorted ? sorted.down : true };
  const heads = columns.map((column, at) => {
    const button = column.sort
      ? element("button", { type: "button", onclick: () => resort(at) }, column.title) : column.title;
    return element("th", { scope: "col", class: column.kind || null }, button);
  });
  function resort(at) {
    state.down = state.at === at ? !state.down : columns[at].kind !== "text";
    state.at = at;
    show();
    if (sorted && sorted.remember) sorted.remember(state);
  }
  function show() {
    const key = state.at < 0 ? null : columns[state.at].sort;
    const ordered = key ? [...rows].sort((a, b) => compare(key(a), key(b), state.down)) : rows;
    heads.forEach((head, at) => {
      if (!columns[at].sort) return;
      head.setAttribute("aria-sort", at !== state.at ? "none" : state.down ? "descending" : "ascending");
    });
    body.replaceChildren(...ordered.map((row) => element("tr", { class: rowClass ? rowClass(row) : null },
      columns.map((column, at) => element(at ? "td" : "th",
        { scope: at ? null : "row", class: column.kind || null }, column.cell(row))))));
  }
  show();
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label || caption },
    element("table", {}, caption ? element("caption", {}, caption) : null,
      element("thead", {}, element("tr", {}, heads)), body));
}

/** For sorting: what is missing comes last either way. */
function compare(a, b, down) {
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  const order = typeof a === "string" ? a.localeCompare(b) : a - b;
  return down ? -order : order;
}

/** Two lines in one cell. */
const stacked = (above, below) => [above, element("span", { class: "sub" }, below)];
