// What stands on top: the key figures of the window in focus, and what changed, in words.

const SLOWER = ["slower", "faster"];
const LONGER = ["longer", "shorter"];
const MORE = ["more", "fewer"];

const NO_ROW = "no figures in this window";

const TILES = [
  { id: "new_conversations", title: "New conversations", mart: "volume", value: "new_conversations",
    delta: "delta_new_conversations_pct", words: MORE, better: "neither", say: count },
  { id: "total_replies", title: "Replies sent", mart: "volume", value: "total_replies",
    delta: "delta_total_replies_pct", words: MORE, better: "neither", say: count },
  { id: "resolved", title: "Resolved", mart: "responsiveness", value: "resolved",
    delta: "delta_resolved_pct", words: MORE, better: "up", say: count },
  { id: "happiness_score", title: "Happiness score", mart: "happiness", value: "happiness_score",
    delta: "delta_happiness_score_points", words: ["higher", "lower"], better: "up", unit: " points", say: score },
  { id: "first_response_time_seconds", title: "First response time", mart: "responsiveness",
    value: "first_response_time_seconds", delta: "delta_first_response_time_pct", words: SLOWER, better: "down", say: duration },
  { id: "response_time_seconds", title: "Response time", mart: "responsiveness",
    value: "response_time_seconds", delta: "delta_response_time_pct", words: SLOWER, better: "down", say: duration },
  { id: "resolution_time_seconds", title: "Resolution time", mart: "responsiveness",
    value: "resolution_time_seconds", delta: "delta_resolution_time_pct", words: LONGER, better: "down", say: duration },
];

const FEWEST_RATINGS = 10; // of fewer, one rating moves the score by more than 10 points

/** Which way is good news: by day neither, since the day before is another weekday. */
const goodWay = (view, better) => (view.grain === "day" ? "neither" : better);

/** The same for the happiness score: neither where few rated. */
const goodScoreWay = (view, row) => (row && Math.min(row.ratings_count, row.previous_ratings_count) >= FEWEST_RATINGS
  ? goodWay(view, "up") : "neither");

/** What a figure was before, in words; null where that is not known. */
const beforeText = (view, value, say) => (missing(value) ? null : `${beforeLabel(view.grain)}: ${say(value)}`);

function renderTiles(view) {
  const made = TILES.map((one) => {
    if (!isThere(one.mart)) return tile({ id: one.id, title: one.title, value: NONE, note: "not loaded" });
    const row = focusRow(one.mart, view);
    const value = pick(row, one.value);
    const better = one.mart === "happiness" ? goodScoreWay(view, row) : goodWay(view, one.better);
    return tile({
      id: one.id, title: one.title, value: one.say(value), star: !missing(value) && row.is_provisional,
      said: row && change(changeFrom(row[`previous_${one.value}`], value, row[one.delta]), one.words, better, one.unit),
      before: beforeText(view, pick(row, `previous_${one.value}`), one.say), note: row ? null : NO_ROW,
      course: courseOf(one.mart, view).filter((at) => !at.is_open).map((at) => at[one.value]),
    });
  });
  fill("tiles", made, targetTile(view));
}

function targetTile(view) {
  const first = (row) => row.metric === "first response time";
  const row = focusRow("service_targets", view, view.inbox, first);
  const now = pick(row, "within_target_pct");
  const before = pick(row, "previous_within_target_pct");
  return tile({
    id: "within_target_pct", value: percent(now), star: row && row.is_provisional,
    title: row ? `First response within ${duration(row.target_seconds)}` : "First response in time",
    said: row && change(changeFrom(before, now, missing(now) || missing(before) ? null : now - before), ["better", "worse"], goodWay(view, "up"), " points"),
    before: beforeText(view, before, percent), note: row ? null : isThere("service_targets") ? NO_ROW : "not loaded",
    course: courseOf("service_targets", view, view.inbox, first).filter((at) => !at.is_open).map((at) => at.within_target_pct),
  });
}

function renderFocus(view) {
  const { date, is_provisional: moves } = view.focus;
  const where = view.inbox === null ? "all inboxes" : inboxes().find((inbox) => inbox.id === view.inbox).name;
  byId("focus").replaceChildren(element("b", {}, windowText(view.grain, date)), ", ", apart(where), ". ",
    element("span", { class: "soft small" },
      `The latest whole ${view.grain} in the range${compared() ? `, against ${beforeWords(view.grain)}` : ""}.`
      + (comparison() === "previous_period" && view.grain === "day"
        ? ` That was a ${weekdayOf(plusDays(date, -1))}, so no change is coloured as good or bad.` : "")
      + (moves ? " * Its numbers may still change: late ratings and replies count back." : "")));
}

const UNTAGGED = 1; // the id that Help Scout gives to conversations without a tag
const strong = (text) => element("b", {}, text);
const listed = (kind, tone, ...words) => element("li", { class: tone || null },
  element("span", { class: "kind" }, kind), element("span", {}, ...words));

/** By how many percent a row's first response got slower; null when there is nothing to compare. */
const slowdownOf = (row) => row && changeFrom(row.previous_first_response_time_seconds, row.first_response_time_seconds,
  row.delta_first_response_time_pct);

/** Inboxes by how much slower their first response got: {name, row, said}. */
function inboxesBySlowdown(view) {
  return inboxes().map((inbox) => {
    const row = focusRow("responsiveness", view, inbox.id);
    return { ...inbox, row, slowdown: slowdownOf(row) };
  }).filter((inbox) => !missing(inbox.slowdown)).sort((a, b) => b.slowdown - a.slowdown);
}

function renderChanged(view) {
  const lines = [slowdownLine(view), happinessLine(view), ...topicLines(view), staffLine(view), gapLine(view)].filter(Boolean);
  fill("changed", lines.length ? lines : element("li", { class: "empty" }, "Nothing to tell yet: there are no figures to compare."));
}

function slowdownLine(view) {
  const [first] = inboxesBySlowdown(view);
  if (!first) return null;
  const now = duration(first.row.first_response_time_seconds);
  const before = duration(first.row.previous_first_response_time_seconds);
  const said = change(slowdownOf(first.row), SLOWER, goodWay(view, "down"));
  if (first.slowdown < 0.5) return listed("Slower", null, "No inbox got slower than ", beforeWords(view.grain), ".");
  return listed("Slower", said.tone, strong(first.name), ` answers first after ${now}, `,
    changeText(said), ` than ${beforeWords(view.grain)} (${before}): the most of all inboxes.`);
}

function happinessLine(view) {
  const row = focusRow("happiness", view);
  if (!row || missing(row.happiness_score)) return null;
  const said = change(changeFrom(row.previous_happiness_score, row.happiness_score, row.delta_happiness_score_points),
    ["higher", "lower"], goodScoreWay(view, row), " points");
  return listed("Happiness", said.tone, "The score is ", strong(score(row.happiness_score)),
    ` from ${plural(row.ratings_count, "rating", "ratings")}`, compared() ? [", ", changeText(said)] : null, ".");
}

/** Where a topic goes by its mart, as the legend says it: a new one rises. */
const courseOfTopic = (row) => ({ rising: "Rising", new: "Rising", falling: "Falling" }[row.trend] || "Steady");

function topicLines(view) {
  const tags = focusRows("topics", view).filter((row) => row.topic_kind === "tag");
  if (!tags.length || !compared()) return [];
  const going = (way) => tags.filter((row) => courseOfTopic(row) === way)
    .sort((a, b) => Math.abs(b.change_count) - Math.abs(a.change_count));
  const isTag = (row) => row.topic_id !== UNTAGGED;
  const up = going("Rising").find(isTag);
  const falling = going("Falling");
  const down = falling.find(isTag) || falling[0];
  return [up ? topicLine(view, up.trend === "new" ? "New" : "Rising", up, "more")
    : listed("Rising", null, "No tag is rising (by at least 10 % and 3 conversations)."),
  down ? topicLine(view, "Falling", down, "fewer") : null];
}

function topicLine(view, kind, row, more) {
  const name = strong(nameOr(row.topic_name, "Tag", row.topic_id));
  return listed(kind, null, ...(row.topic_id === UNTAGGED ? [name] : ["The tag ", name]),
    `: ${plural(row.conversation_count, "conversation", "conversations")}, ${count(Math.abs(row.change_count))} ${more} than ${beforeWords(view.grain)}.`);
}

/** The hours of every day, all weekdays together, that hold at least four fifths: {from, to, share}. */
function busySpan(cells) {
  const hours = Array.from({ length: 24 }, (_, hour) => cells.filter((cell) => cell.hour === hour)
    .reduce((sum, cell) => sum + cell.value, 0));
  const total = hours.reduce((sum, value) => sum + value, 0);
  for (let length = 1; length <= 24; length += 1) {
    let best = { share: -1 };
    for (let from = 0; from + length <= 24; from += 1) {
      const share = hours.slice(from, from + length).reduce((sum, value) => sum + value, 0) / total;
      if (share > best.share) best = { from, to: from + length, share };
    }
    if (best.share >= 0.8) return best;
  }
  return null;
}

/** The busiest cell of the week. */
const busiest = (cells) => cells.reduce((most, cell) => (cell.value > most.value ? cell : most), cells[0]);

function staffLine(view) {
  const { cells } = weekCells(view);
  if (!cells.length) return null;
  const most = busiest(cells);
  const span = busySpan(cells);
  return listed("Staff", null, "Busiest on ", strong(`${WEEKDAYS[most.weekday - 1]} at ${hourText(most.hour)}`),
    `; ${count(span.share * 100)}% of the activity is between ${hourText(span.from)} and ${hourText(span.to)}.`);
}

function gapLine(view) {
  const [first] = focusRows("docs_gaps", view, null).sort((a, b) => b.search_count - a.search_count);
  if (!first) return null;
  return listed("Not found", null, "Searched most without a result: ", strong(first.search_term),
    `, ${plural(first.search_count, "time", "times")}.`);
}
