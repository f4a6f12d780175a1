// Topics that rise and fall, and what the Docs lack.

const KINDS = { tag: "Tags", "saved reply": "Saved replies", workflow: "Workflows", customer: "Customers" };

function renderTopics(view) {
  if (!isThere("topics")) return fill("topics", emptyNote("Topics are not loaded: the conversations report is missing."));
  const rows = focusRows("topics", view).filter((row) => row.topic_kind === shown.kind);
  const names = new Map(distinct(rows.map((row) => ({ id: row.topic_id,
    name: nameOr(row.topic_name, row.topic_kind.charAt(0).toUpperCase() + row.topic_kind.slice(1), row.topic_id) }))).map(({ id, name: one }) => [id, one]));
  const name = (row) => names.get(row.topic_id);
  const choose = element("fieldset", { class: "kinds" }, element("legend", { class: "soft small" }, "Kind of topic"),
    element("div", { class: "choice" }, Object.entries(KINDS).map(([kind, title]) => element("label", {},
      element("input", { type: "radio", name: "kind", value: kind, checked: kind === shown.kind,
        onchange: () => { shown.kind = kind; renderTopics(view); document.querySelector(`input[name="kind"][value="${kind}"]`).focus(); } }),
      element("span", {}, title)))));
  if (!rows.length) return fill("topics", choose, emptyNote(detailNote(view, "topics") || "None in this window."));
  const columns = [
    { title: KINDS[shown.kind].replace(/ies$/, "y").replace(/s$/, ""), kind: "text", cell: name, sort: name },
    { title: "Conversations", cell: (row) => count(row.conversation_count), sort: (row) => row.conversation_count },
    { title: "Share", cell: (row) => percent(row.conversation_pct), sort: (row) => row.conversation_pct },
    ...(compared() ? [
      { title: beforeTitle(), cell: (row) => count(row.previous_conversation_count), sort: (row) => row.previous_conversation_count },
      { title: "Change", cell: (row) => signed(row.change_count), sort: (row) => row.change_count },
      { title: "Trend", kind: "text", cell: (row) => row.trend, sort: (row) => row.trend },
    ] : []),
  ];
  return fill("topics", choose, element("div", { class: compared() ? "columns" : null }, compared() ? topicChart(view, rows, name) : null,
    table({ caption: `${windowText(view.grain, view.focus.date)}${against(view.grain)}`, label: KINDS[shown.kind], columns, rows, sorted: { at: 1, down: true } })));
}

const signed = (value) => (missing(value) ? NONE : value > 0 ? `+${count(value)}` : value < 0 ? `−${count(-value)}` : "0");

function topicChart(view, rows, name) {
  const changed = rows.filter((row) => row.change_count).sort((a, b) => b.change_count - a.change_count);
  const more = changed.filter((row) => row.change_count > 0).slice(0, 7);
  const fewer = changed.filter((row) => row.change_count < 0).slice(-7);
  const made = [...more, ...fewer].map((row) => ({ topic: name(row), value: row.change_count, text: `${count(row.conversation_count)} (${signed(row.change_count)})`,
    before_text: count(row.previous_conversation_count), series: courseOfTopic(row) }));
  const up = more.filter((row) => courseOfTopic(row) === "Rising");
  const down = fewer.filter((row) => courseOfTopic(row) === "Falling");
  const said = [up[0] ? `${isolated(name(up[0]))} rises the most (${signed(up[0].change_count)})` : null,
    down.length ? `${isolated(name(down[down.length - 1]))} falls the most (${signed(down[down.length - 1].change_count)})` : null].filter(Boolean).join(", ") || "None rises or falls by much";
  return figure({ id: "topics", title: `More or fewer conversations than ${beforeWords(view.grain)}`, chart: "change", rowHeight: 26, rows: made,
    series: { Rising: "rise", Falling: "fall", Steady: "before" }, says: `${said}.`,
    columns: [{ title: "Topic", cell: (row) => row.topic }, { title: "Conversations", cell: (row) => row.text }, { title: beforeTitle(), cell: (row) => row.before_text }] });
}

/** Why lists by day may be missing: they are kept for the latest days only. */
function detailNote(view) {
  return view.grain === "day" && view.focus.date < plusDays(page.figures.last_date, -92)
    ? "Lists by day are kept in this page for the last 92 days: choose weeks or months." : null;
}

function renderDocs(view) {
  if (!isThere("docs_health")) return fill("docs", emptyNote("Docs are not loaded: their report is missing."));
  const row = focusRow("docs_health", view, null);
  const small = (id, title, column, say, said) => tile({ id, title, value: say(pick(row, column)), said,
    before: beforeText(view, pick(row, `previous_${column}`), say), note: row ? null : NO_ROW });
  const changed = (column, delta, ...words) => row && change(changeFrom(row[`previous_${column}`], row[column], row[delta]), ...words);
  const tiles = element("div", { class: "tiles few" },
    small("visitor_count", "Visitors", "visitor_count", count, changed("visitor_count", "delta_visitor_count_pct", MORE, "neither")),
    small("found_an_answer_pct", "Found an answer", "found_an_answer_pct", percent,
      changed("found_an_answer_pct", "delta_found_an_answer_points", ["better", "worse"], goodWay(view, "up"), " points")),
    small("failed_pct", "Left without an article", "failed_pct", percent));
  const course = windowRows(courseOf("docs_health", view, null), view, { "Found an answer": (at) => at.found_an_answer_pct }, percent);
  return fill("docs", element("div", {}, tiles, figure({ id: "docs", title: "Visitors who found an answer", note: mayChange(view), chart: "trend",
    rows: course, series: { "Found an answer": "s3" }, params: { ...dateParams(view.grain), unit: "%" }, says: courseSays(course), columns: windowColumns })),
  element("div", { id: "gaps" }, gaps(view)));
}

function gaps(view) {
  const rows = focusRows("docs_gaps", view, null).sort((a, b) => b.search_count - a.search_count);
  if (!rows.length) return emptyNote(detailNote(view) || "Every search found something.");
  const most = rows[0].search_count;
  const meter = (row) => {
    const bar = element("span", { class: "meter", "aria-hidden": "true" });
    bar.style.width = `${(row.search_count / most) * 100}%`;
    return bar;
  };
  return [table({ caption: `What to write next: searches without a result, ${windowText(view.grain, view.focus.date)}`, rows, columns: [
    { title: "Searched for", kind: "words", cell: (row) => row.search_term, sort: (row) => row.search_term },
    { title: "Times", cell: (row) => count(row.search_count), sort: (row) => row.search_count },
    compared() ? { title: beforeTitle(), cell: (row) => count(row.previous_search_count), sort: (row) => row.previous_search_count } : null,
    { title: "", kind: "meter-cell", cell: meter }].filter(Boolean) })];
}
