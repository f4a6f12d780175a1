// The figures that lie in the page, and the rows of them that the filters leave.

const page = { figures: null, marts: {}, grouped: {} };

/** A packed part of the page as text. */
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/** Columns as rows; of columns of words each word lies in the page once. Where nothing is compared,
 *  comparisons of older loads are left out. */
function asRows(packed) {
  const columns = {};
  for (const [name, column] of Object.entries(packed)) {
    columns[name] = Array.isArray(column) ? column : column.at.map((at) => column.words[at]);
  }
  const names = Object.keys(columns).filter((name) => compared() || !/^(previous|delta|change)_/.test(name));
  const many = columns[names[0]].length;
  return Array.from({ length: many }, (_, at) => {
    const row = {};
    for (const name of names) row[name] = columns[name][at];
    return row;
  });
}

const key = (grain, inbox) => `${grain}|${inbox ?? "all"}`;
const isThere = (mart) => mart in page.figures.marts;

/** All rows of a mart. */
function allRows(mart) {
  if (!(mart in page.marts)) {
    page.marts[mart] = isThere(mart) ? asRows(page.figures.marts[mart]) : [];
    page.marts[mart].forEach(dropUnrated);
  }
  return page.marts[mart];
}

/** Help Scout says 0 where nobody rated: that is no score, and nothing to compare with. */
function dropUnrated(row) {
  if (row.ratings_count === 0) row.happiness_score = null;
  if (row.previous_ratings_count === 0) row.previous_happiness_score = null;
  if (row.ratings_count === 0 || row.previous_ratings_count === 0) row.delta_happiness_score_points = null;
}

/** The rows of a mart for one grain and inbox (null: the total; undefined: it has no inboxes). */
function rowsOf(mart, grain, inbox) {
  if (!(mart in page.grouped)) {
    const groups = {};
    for (const row of allRows(mart)) (groups[key(row.grain, row.inbox_id)] ??= []).push(row);
    page.grouped[mart] = groups;
  }
  return page.grouped[mart][key(grain, inbox)] || [];
}

/** The windows of a grain that touch the range, oldest first: {date, is_open, is_provisional}. */
function windowsIn(grain, from, to) {
  const found = new Map();
  for (const mart of ["volume", "responsiveness", "happiness", "docs_health"]) {
    for (const row of rowsOf(mart, grain, null)) {
      if (row.window_date > to || lastDay(grain, row.window_date) < from) continue;
      if (!found.has(row.window_date)) {
        found.set(row.window_date, { date: row.window_date, is_open: row.is_open, is_provisional: row.is_provisional });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** What the sections show: the filters, the windows in the range, and the one in focus, which is
 *  the latest whole one (null when there is none). */
function viewOf(filters) {
  const windows = windowsIn(filters.grain, filters.from, filters.to);
  const whole = windows.filter((window) => !window.is_open);
  return { ...filters, windows, dates: new Set(windows.map((window) => window.date)),
    focus: whole.length ? whole[whole.length - 1] : null };
}

/** The row of a mart in the focus window. */
function focusRow(mart, view, inbox = view.inbox, matches = () => true) {
  if (!view.focus) return null;
  return rowsOf(mart, view.grain, inbox)
    .find((row) => row.window_date === view.focus.date && matches(row)) || null;
}

/** The rows of a mart in the focus window. */
function focusRows(mart, view, inbox = view.inbox) {
  if (!view.focus) return [];
  return rowsOf(mart, view.grain, inbox).filter((row) => row.window_date === view.focus.date);
}

/** The rows of a mart in the windows of the range, oldest first. */
const courseOf = (mart, view, inbox = view.inbox, matches = () => true) =>
  rowsOf(mart, view.grain, inbox).filter((row) => view.dates.has(row.window_date) && matches(row))
    .sort((a, b) => (a.window_date < b.window_date ? -1 : 1));

const stateOf = (row) => (row.is_open ? "open" : row.is_provisional ? "provisional" : "final");

/** Inboxes as {id, name}, the busiest name first as the mart has them. */
function inboxes() {
  const found = new Map();
  for (const mart of ["volume", "responsiveness", "happiness"]) {
    for (const row of allRows(mart)) {
      if (row.inbox_id !== null) found.set(row.inbox_id, nameOr(row.inbox_name, "Inbox", row.inbox_id));
    }
  }
  return distinct([...found].map(([id, name]) => ({ id, name }))).sort((a, b) => a.name.localeCompare(b.name));
}

/** Teams as {id, name, users}. */
function teams() {
  const found = new Map();
  for (const row of allRows("agent_teams")) {
    if (!found.has(row.team_id)) found.set(row.team_id, { id: row.team_id, name: nameOr(row.team_name, "Team", row.team_id), users: new Set() });
    found.get(row.team_id).users.add(row.user_id);
  }
  return distinct([...found.values()]).sort((a, b) => a.name.localeCompare(b.name));
}

/** Conversations in which something happened, by weekday and hour: of the month in focus, else of
 *  the average week of the range's whole weeks. One counts in each of its hours, so cells do not
 *  add up to conversations. {cells, caption}; cells: {weekday, hour, value}. */
function weekCells(view) {
  const sums = new Map();
  const add = (rows) => rows.forEach((row) => {
    const at = `${row.weekday}|${row.hour}`;
    sums.set(at, (sums.get(at) || 0) + row.conversation_count);
  });
  let weeks = 1;
  let period = "";
  if (view.grain === "month") {
    add(focusRows("busy_hours", view));
    period = view.focus ? windowText("month", view.focus.date) : "";
  } else {
    const whole = windowsIn("week", view.from, view.to).filter((window) => !window.is_open).map((window) => window.date);
    const dates = new Set(whole);
    add(rowsOf("busy_hours", "week", view.inbox).filter((row) => dates.has(row.window_date)));
    weeks = whole.length;
    period = weeks === 1 ? windowName("week", whole[0]) : `an average week of the ${weeks} whole weeks`;
  }
  const cells = [];
  for (let weekday = 1; weekday <= 7; weekday += 1) {
    for (let hour = 0; hour < 24; hour += 1) {
      cells.push({ weekday, hour, value: weeks ? (sums.get(`${weekday}|${hour}`) || 0) / weeks : 0 });
    }
  }
  return { cells: sums.size ? cells : [], caption: `Conversations with activity, by weekday and hour (${period})` };
}
