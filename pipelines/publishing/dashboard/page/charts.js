// Charts: specifications that lie in the page, given rows and the colours of the theme.

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function themeConfig() {
  const font = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif";
  const text = color("soft");
  return {
    background: "transparent", font, aria: false,
    view: { stroke: null },
    axis: { labelColor: text, titleColor: text, gridColor: color("line"), domainColor: color("line"),
      tickColor: color("line"), labelFontSize: 12, domain: false, labelPadding: 6 },
    axisX: { grid: false },
    legend: { labelColor: text, titleColor: text, labelFontSize: 12, orient: "top", symbolType: "circle", offset: 4 },
    bar: { color: color("s1"), continuousBandSize: 14 },
    line: { color: color("s1") }, point: { color: color("s1") },
    scale: { bandPaddingInner: 0.25 },
    style: { before: { color: color("text"), opacity: 0.8 } },
  };
}

/** The specification with rows, parameters and series colours filled in. `series`: {name: colour}. */
function specOf(chart, { rows, series, params = {}, colors, rowHeight }) {
  const spec = structuredClone(page.figures.charts[chart]);
  if (rowHeight) spec.height = rowHeight * rows.length;
  spec.data = { values: rows };
  delete spec.datasets;
  for (const param of spec.params || []) if (param.name in params) param.value = params[param.name];
  const comparable = rows.some((row) => !missing(row.before));
  if (spec.layer && !comparable) spec.layer = spec.layer.filter((layer) => layer.encoding.x.field !== "before");
  const parts = [spec, ...(spec.layer || [])];
  for (const part of parts) {
    delete (part === spec ? {} : part).data;
    if (part.encoding && part.encoding.tooltip) part.encoding.tooltip = part.encoding.tooltip.filter((field) => compared() || field.field !== "before_text");
    const encoding = part.encoding && part.encoding.color;
    if (!encoding) continue;
    if (series) {
      encoding.scale = { domain: Object.keys(series), range: Object.values(series).map(color) };
      if (Object.keys(series).length === 1) encoding.legend = null;
    }
    if (colors) encoding.scale = { range: colors.map(color), zero: true };
  }
  spec.config = themeConfig();
  return spec;
}

/** A chart in words, in marks and as a table: a figure. Rows without any value: a note instead. */
function figure({ id, title, note, chart, rows, series, params, colors, rowHeight, says, columns }) {
  if (!rows.some((row) => !missing(row.value))) {
    return element("figure", { "data-chart": id }, element("h3", {}, title),
      emptyNote("No figures in this range."));
  }
  const place = element("div", { class: "chart", role: "img", "aria-label": `${title}. ${says}` });
  const numbers = element("details", {}, element("summary", {}, "Show the numbers"));
  numbers.addEventListener("toggle", () => {
    if (numbers.open && numbers.childElementCount === 1) {
      numbers.append(table({ label: `${title}, as a table`, columns, rows }));
    }
  });
  const spec = specOf(chart, { rows: rows.filter((row) => !missing(row.value)), series, params, colors, rowHeight });
  page.drawings.push(draw(place, spec));
  return element("figure", { "data-chart": id },
    element("figcaption", {}, element("h3", {}, title), note ? element("span", { class: "soft" }, note) : null),
    place, numbers);
}

/** Draws when the place is in the page, with an interpreter instead of eval: the page's policy
 *  allows no code but its own. */
async function draw(place, spec) {
  await new Promise((resume) => { requestAnimationFrame(resume); });
  if (!place.isConnected) return;
  const drawn = await window.vegaEmbed(place, spec,
    { mode: "vega-lite", ast: true, actions: false, renderer: "svg", defaultStyle: false,
      tooltip: { disableDefaultStyle: true } });
  place.querySelector("svg").setAttribute("aria-hidden", "true"); // the place says it in words
  page.views.push(drawn);
}

/** How dates stand below a chart. */
const dateParams = (grain) => ({ date_format: grain === "month" ? "%b %Y" : "%-d %b" });

/** Seconds in the unit that suits them: {divide, unit}. */
function unitFor(values) {
  const most = Math.max(0, ...values.filter((value) => !missing(value)));
  if (most > 4 * 86400) return { divide: 86400, unit: " d" };
  if (most > 5400) return { divide: 3600, unit: " h" };
  return most > 120 ? { divide: 60, unit: " min" } : { divide: 1, unit: " s" };
}

const mayChange = (view) => (view.windows.some((window) => window.is_provisional || window.is_open)
  ? "Lighter: not over yet, or may still change" : null);

/** Rows for a chart of windows: one for each of `parts` = {series: value(row)}. */
function windowRows(rows, view, parts, say) {
  return rows.flatMap((row) => Object.entries(parts).map(([series, value], place) => ({
    window_date: row.window_date,
    window: windowText(view.grain, row.window_date) + (row.is_open ? " (not over yet)" : row.is_provisional ? " (may still change)" : ""),
    series, place, value: value(row), text: say(value(row)), state: stateOf(row),
  })));
}

const windowColumns = [
  { title: "Window", cell: (row) => row.window },
  { title: "What", kind: "text", cell: (row) => row.series },
  { title: "Value", cell: (row) => row.text },
];

/** A trend of times: one line a series, in the unit that suits. Help Scout says 0 where nothing was
 *  answered yet: of a window that is not over that is no figure. */
function timeTrend({ id, title, rows, view, parts, series }) {
  const known = rows.map((row) => (row.is_open ? emptied(row) : row));
  const made = windowRows(known, view, parts, duration);
  const { divide, unit } = unitFor(made.map((row) => row.value));
  made.forEach((row) => { if (!missing(row.value)) row.value /= divide; });
  return figure({ id, title, note: mayChange(view), chart: "trend", rows: made, series,
    params: { ...dateParams(view.grain), unit }, columns: windowColumns, says: courseSays(made) });
}

const emptied = (row) => Object.fromEntries(Object.entries(row)
  .map(([column, value]) => [column, column.endsWith("_seconds") && value === 0 ? null : value]));

/** A trend in words: its first and its last value. */
function courseSays(rows) {
  const words = [];
  for (const name of new Set(rows.map((row) => row.series))) {
    const known = rows.filter((row) => row.series === name && !missing(row.value));
    if (known.length) words.push(`${name}: ${known[0].text} in ${known[0].window}, ${known[known.length - 1].text} in ${known[known.length - 1].window}.`);
  }
  return words.join(" ");
}
