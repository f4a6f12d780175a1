// How far the numbers can be trusted: a strip on top, and the whole account of it at the end.

const total = (column) => allRows("coverage").reduce((sum, row) => sum + row[column], 0);

/** Up to where each report that has anything loaded reaches, the one that lags most first. */
function reportsReach() {
  const latest = new Map();
  for (const row of allRows("coverage")) {
    if (row.loaded_count && row.covered_until > (latest.get(row.report) || "")) latest.set(row.report, row.covered_until);
  }
  return [...latest.values()].sort();
}

/** The reports of which Help Scout has no window at all. */
function unavailableReports() {
  const rows = allRows("coverage");
  const has = new Set(rows.filter((row) => row.unavailable_count < row.window_count).map((row) => row.report));
  return [...new Set(rows.map((row) => row.report))].filter((report) => !has.has(report));
}

/** The reports of Help Scout that disagree with another one, or with themselves, a row each. */
function disagreeingReports() {
  const found = new Map();
  for (const row of allRows("coverage")) if (row.disagreeing_checks) found.set(row.report, row);
  return [...found.values()];
}

/** What Help Scout refuses while it answers for others, a row each, with the reports concerned. */
function refusedItems() {
  const found = new Map();
  for (const row of allRows("coverage")) {
    for (const item of (row.refused_items || "").split("; ").filter(Boolean)) found.set(item, (found.get(item) || new Set()).add(row.report));
  }
  return [...found].map(([item, reports]) => ({ item, reports: [...reports] }));
}

const hoursBetween = (from, to) => (new Date(`${to.replace(" ", "T")}Z`) - new Date(`${from.replace(" ", "T")}Z`)) / 3600000;

function renderStrip() {
  const { publication: known } = page.figures;
  const reaches = reportsReach();
  const behind = reaches.filter((one) => hoursBetween(one, reaches[reaches.length - 1]) > 24).length;
  const lost = unavailableReports();
  const mark = (kind) => element("span", { class: `dot ${kind}`, "aria-hidden": "true" });
  const item = (kind, ...words) => element("span", {}, kind === null ? null : mark(kind), element("span", {}, ...words));
  const lacking = known.missing_windows + known.failed_windows;
  const provisional = total("provisional_count");
  const incomplete = total("incomplete_count");
  const disagreeing = disagreeingReports().length;
  const refused = refusedItems().length;
  fill("strip",
    item(null, "Loaded up to ", strong(reaches.length ? momentText(reaches[0]) : NONE), ` (${known.timezone.replaceAll("_", " ")})`),
    behind ? item("warn", strong(plural(behind, "report lags behind", "reports lag behind"))) : null,
    ...lost.map((report) => item("warn", strong(report.replaceAll("_", " ")), " is not available")),
    item(null, "Published ", strong(momentText(known.published_at))),
    lacking ? item("warn", strong(plural(lacking, "window is missing", "windows are missing")), lackingText(known)) : item("", "No gaps"),
    known.checks_failed ? item("warn", strong(plural(known.checks_failed, "check fails", "checks fail")))
      : item("", `${plural(known.checks_held, "check holds", "checks hold")}${known.checks_drifted ? `, ${known.checks_drifted} drifted` : ""}`),
    refused ? item("note", strong(plural(refused, "item is", "items are")), " refused by Help Scout") : null,
    disagreeing ? item("note", strong(plural(disagreeing, "report of Help Scout disagrees", "reports of Help Scout disagree"))) : null,
    incomplete ? item("warn", `${plural(incomplete, "window", "windows")} read in part`) : null,
    item("note", `${plural(provisional, "window", "windows")} may still change`),
    element("a", { href: "#trust-card" }, "Details"));
}

const lackingText = (known) => ` (${[known.missing_windows ? `${count(known.missing_windows)} not loaded` : null,
  known.failed_windows ? `${count(known.failed_windows)} failed` : null].filter(Boolean).join(", ")})`;

/** What the checks came to; of what none came to nothing is said. */
const checksText = (known) => [`${plural(known.checks_held, "check", "checks")} of the numbers against each other held`,
  known.checks_disagreeing ? `${count(known.checks_disagreeing)} found that reports of Help Scout disagree` : null,
  known.checks_failed ? `${count(known.checks_failed)} failed` : null,
  known.checks_skipped ? `${count(known.checks_skipped)} could not be run` : null,
  known.checks_drifted ? `${count(known.checks_drifted)} found that a number changed after it was loaded` : null].filter(Boolean);

/** 20 Nov 2026, 23:05 */
const momentText = (text) => `${dateText(text)}, ${text.slice(11, 16)}`;

function renderTrust() {
  const { publication: known, absent, first_date: first, history_from: from } = page.figures;
  const rows = allRows("coverage");
  const lacks = (row) => row.failed_count + row.unavailable_count + row.incomplete_count;
  const disagreeing = disagreeingReports();
  const refused = refusedItems();
  const words = [
    `${checksText(known).join(", ")}.`,
    disagreeing.length ? "Where reports of Help Scout disagree, each number is shown as its own report has it. The table says which checks found that, and since when." : null,
    "A window is provisional while nights still read it again: late ratings, replies and merges count back into it.",
    "Averages and counts of customers are asked of Help Scout for each day, week and month: none is added up or averaged here.",
    first < from ? `The page shows figures from ${dateText(from)} on; the warehouse has them from ${dateText(first)}.` : null,
    absent.length ? `Not loaded, so not shown: ${absent.map((name) => name.replaceAll("_", " ")).join(", ")}.` : null,
  ].filter(Boolean);
  const columns = [
    { title: "Report", kind: "text", cell: (row) => row.report.replaceAll("_", " "), sort: (row) => row.report },
    { title: "Of each", kind: "text", cell: (row) => row.slice_kind.replaceAll("mailbox", "inbox"), sort: (row) => row.slice_kind },
    { title: "By", kind: "text", cell: (row) => row.grain, sort: (row) => row.grain },
    { title: "From", cell: (row) => dateText(row.first_date), sort: (row) => row.first_date },
    { title: "To", cell: (row) => dateText(row.last_date), sort: (row) => row.last_date },
    { title: "Loaded", cell: (row) => `${count(row.loaded_count)} of ${count(row.window_count)}`, sort: (row) => row.loaded_count },
    { title: "Provisional", cell: (row) => count(row.provisional_count), sort: (row) => row.provisional_count },
    { title: "Failed", cell: (row) => count(row.failed_count), sort: (row) => row.failed_count },
    { title: "Unavailable", cell: (row) => count(row.unavailable_count), sort: (row) => row.unavailable_count },
    { title: "In part", cell: (row) => count(row.incomplete_count), sort: (row) => row.incomplete_count },
  ];
  const isRefusedOnly = (row) => row.refused_items && row.loaded_count && !row.failed_count && !row.incomplete_count;
  const troubled = rows.filter((row) => (lacks(row) || row.last_error) && !isRefusedOnly(row));
  const everything = element("details", { id: "coverage" }, element("summary", {}, `Coverage of all reports (${count(rows.length)} lines)`));
  everything.addEventListener("toggle", () => {
    if (everything.open && everything.childElementCount === 1) everything.append(table({ label: "Coverage of all reports", columns, rows, sorted: { at: 0, down: false } }));
  });
  fill("trust", element("ul", { class: "rules" }, words.map((text) => element("li", {}, text))),
    disagreeing.length ? table({ caption: "Reports of Help Scout that disagree", columns: [columns[0],
      { title: "What does not hold", kind: "words", cell: (row) => row.disagreeing_checks.replaceAll("_", " ") },
      { title: "Since", cell: (row) => dateText(row.disagrees_since) },
      { title: "By up to", cell: (row) => percent(row.largest_difference_pct) }], rows: disagreeing }) : null,
    refused.length ? table({ caption: "Refused by Help Scout: the app's user may not see it", columns: [
      { title: "What", kind: "words", cell: (row) => row.item },
      { title: "In these reports", kind: "words", cell: (row) => row.reports.map((name) => name.replaceAll("_", " ")).join(", ") }], rows: refused }) : null,
    troubled.length ? table({ caption: "Reports with windows that are missing", columns: [...columns.slice(0, 3), ...columns.slice(5),
      { title: "Last error", kind: "words", cell: (row) => row.last_error || "" }], rows: troubled }) : null,
    everything);
}
