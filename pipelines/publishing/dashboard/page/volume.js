// Inboxes against each other, volume, the busiest hours, and how fast customers are answered.

function renderInboxes(view) {
  if (!isThere("responsiveness")) return fill("inboxes", emptyNote("Response times are not loaded: the productivity report is missing."));
  const slowest = inboxesBySlowdown(view)[0];
  const rows = [...inboxes(), { id: null, name: "All inboxes" }].map((inbox) => ({
    ...inbox, speed: focusRow("responsiveness", view, inbox.id), volume: focusRow("volume", view, inbox.id),
    mood: focusRow("happiness", view, inbox.id),
    target: focusRow("service_targets", view, inbox.id, (row) => row.metric === "first response time"),
  }));
  const before = (row, column, say) => (missing(pick(row, `previous_${column}`)) ? "" : `${beforeLabel()}: ${say(row[`previous_${column}`])}`);
  const measured = rows.find((row) => row.target);
  const columns = [
    { title: "Inbox", kind: "text", cell: (row) => row.name, sort: (row) => row.name },
    { title: "First response", cell: (row) => stacked(duration(pick(row.speed, "first_response_time_seconds")),
      before(row.speed, "first_response_time_seconds", duration)), sort: (row) => pick(row.speed, "first_response_time_seconds") },
    compared() ? { title: "Change", cell: (row) => changeText(change(slowdownOf(row.speed), SLOWER, goodWay(view, "down"))), sort: (row) => slowdownOf(row.speed) } : null,
    { title: measured ? `Within ${duration(measured.target.target_seconds)}` : "In time", cell: (row) => percent(pick(row.target, "within_target_pct")), sort: (row) => pick(row.target, "within_target_pct") },
    { title: "Resolution", cell: (row) => stacked(duration(pick(row.speed, "resolution_time_seconds")),
      before(row.speed, "resolution_time_seconds", duration)), sort: (row) => pick(row.speed, "resolution_time_seconds") },
    { title: "New conversations", cell: (row) => stacked(count(pick(row.volume, "new_conversations")),
      before(row.volume, "new_conversations", count)), sort: (row) => pick(row.volume, "new_conversations") },
    { title: "Happiness", cell: (row) => stacked(score(pick(row.mood, "happiness_score")),
      row.mood ? plural(row.mood.ratings_count, "rating", "ratings") : ""), sort: (row) => pick(row.mood, "happiness_score") },
  ].filter(Boolean);
  return fill("inboxes", compared() ? inboxesChart(view, rows, slowest) : null, element("div", { id: "inbox-table" }, table({
    caption: `${windowText(view.grain, view.focus.date)}${against(view.grain)}`, label: "Inboxes", columns, rows,
    sorted: { at: compared() ? 2 : 1, down: true },
    rowClass: (row) => (row.id === null ? "total" : slowest && view.grain !== "day" && slowest.slowdown >= 0.5 && row.id === slowest.id ? "slowest" : null),
  })));
}

function inboxesChart(view, rows, slowest) {
  const compared = rows.filter((row) => row.id !== null && row.speed
    && !missing(row.speed.first_response_time_seconds) && !missing(slowdownOf(row.speed)));
  const { divide, unit } = unitFor(compared.flatMap((row) => [row.speed.first_response_time_seconds, row.speed.previous_first_response_time_seconds]));
  const made = compared.sort((a, b) => slowdownOf(b.speed) - slowdownOf(a.speed)).map((row) => ({
    inbox: row.name, value: row.speed.first_response_time_seconds / divide, before: row.speed.previous_first_response_time_seconds / divide,
    text: duration(row.speed.first_response_time_seconds), before_text: duration(row.speed.previous_first_response_time_seconds),
    change: change(slowdownOf(row.speed), SLOWER, "down").text,
    series: view.grain === "day" ? "change" : slowdownOf(row.speed) >= 0.5 ? "slower" : "faster or the same",
  }));
  return figure({ id: "inboxes", title: "First response time by inbox", note: `○ ${beforeWords(view.grain)}   ● ${windowName(view.grain, view.focus.date)}`,
    chart: "compare", rowHeight: 34, rows: made, params: { unit },
    series: view.grain === "day" ? { change: "before" } : { slower: "fall", "faster or the same": "s1" },
    says: slowest ? `${isolated(slowest.name)} slowed down the most: ${change(slowest.slowdown, SLOWER, "down").text}.` : "",
    columns: [{ title: "Inbox", cell: (row) => row.inbox }, { title: "Now", cell: (row) => row.text },
      { title: beforeTitle(), cell: (row) => row.before_text }, { title: "Change", cell: (row) => row.change }] });
}

/** New conversations by channel: of days from the volume report, of longer windows from the
 *  channels' own reports, which have weeks and months. */
function channelRows(view) {
  if (view.grain === "day") {
    return ["email", "chat", "phone"].flatMap((channel, place) => allRows("volume_daily")
      .filter((row) => row.channel === channel && row.inbox_id === view.inbox && view.dates.has(row.window_date))
      .map((row) => ({ row, channel, place, value: row.new_conversations })));
  }
  const sources = [["email", "email_health", "created_count"], ["chat", "chat_health", "chat_count"], ["phone", "phone_health", "calls_created"]];
  return sources.flatMap(([channel, mart, column], place) => courseOf(mart, view)
    .map((row) => ({ row, channel, place, value: row[column] })));
}

const CHANNELS = { email: "E-mail", chat: "Chat", phone: "Phone" };

/** Which channels the chart lacks, in words: "Chat is not loaded."; null when it has all. */
function lackingChannels(view) {
  const lacks = (channel) => (view.grain === "day" ? !allRows("volume_daily").some((row) => row.channel === channel)
    : !allRows(`${channel}_health`).length);
  return Object.keys(CHANNELS).filter(lacks).map((channel) => `${CHANNELS[channel]} is not loaded.`).join(" ") || null;
}

function renderVolume(view) {
  const rows = channelRows(view).map(({ row, channel, place, value }) => ({
    window_date: row.window_date, window: windowText(view.grain, row.window_date) + (row.is_open ? " (not over yet)" : ""),
    series: CHANNELS[channel], place, value, text: count(value), state: stateOf(row),
  })).sort((a, b) => (a.window_date < b.window_date ? -1 : a.window_date > b.window_date ? 1 : a.place - b.place));
  const focus = rows.filter((row) => row.window_date === view.focus.date);
  const mix = focus.map((row) => `${row.series} ${row.text}`).join(", ");
  fill("volume", figure({ id: "volume", title: `New conversations, by ${view.grain} and channel`, note: mayChange(view),
    chart: "stack", rows, series: { "E-mail": "s1", Chat: "s2", Phone: "s3" }, params: dateParams(view.grain),
    says: `${windowText(view.grain, view.focus.date)}: ${mix}.`, columns: windowColumns }),
  lackingChannels(view) ? soft(lackingChannels(view)) : null,
  mix ? soft(`${windowText(view.grain, view.focus.date)}: ${mix}. ${chatText(view)}`) : null,
  view.grain === "day" ? null : soft("By week and month, chats are those of the chat report: Beacon chats, third-party chat left out. By day they are those of the volume report."));
}

/** How chats went, in a sentence. */
function chatText(view) {
  const row = focusRow("chat_health", view);
  if (!row || !row.chat_count) return "";
  return `Chats waited ${duration(row.wait_time_seconds)} on average and took ${duration(row.duration_seconds)}; ${percent(row.missed_pct)} were missed.`;
}

function renderHours(view) {
  if (!isThere("busy_hours")) return fill("hours", emptyNote("The busiest hours are not loaded: the report of busy times is missing."));
  const { cells, caption } = weekCells(view);
  if (!cells.length) return fill("hours", emptyNote("No whole week lies in this range."));
  const rows = cells.map((cell) => ({ hour: cell.hour, weekday: WEEKDAYS[cell.weekday - 1].slice(0, 3), value: cell.value,
    when: `${WEEKDAYS[cell.weekday - 1]} ${hourText(cell.hour)}`, text: short(cell.value) }));
  const most = busiest(cells);
  const span = busySpan(cells);
  const says = `Busiest: ${WEEKDAYS[most.weekday - 1]} ${hourText(most.hour)} to ${hourText(most.hour + 1)}, ${short(most.value)} conversations. `
    + `${count(span.share * 100)}% of the activity is between ${hourText(span.from)} and ${hourText(span.to)}.`;
  return fill("hours", figure({ id: "hours", title: caption, chart: "heat", rows, colors: ["heat0", "heat1"], says,
    columns: [{ title: "When", cell: (row) => row.when }, { title: "Conversations with activity", cell: (row) => row.text }] }), soft(says));
}

function renderSpeed(view) {
  if (!isThere("responsiveness")) return fill("speed", emptyNote("Response times are not loaded: the productivity report is missing."));
  const rows = courseOf("responsiveness", view);
  const ranges = focusRows("response_distribution", view).filter((row) => row.metric === "first response time")
    .sort((a, b) => a.range_id - b.range_id).map((row) => ({ range_id: row.range_id, range_label: nameOr(row.range_label, "Range", row.range_id),
      value: row.conversation_pct, before: row.previous_conversation_pct, text: `${percent(row.conversation_pct)} (${count(row.conversation_count)})`,
      upto: percent(row.cumulative_pct), before_text: percent(row.previous_conversation_pct) }));
  const top = [...ranges].sort((a, b) => b.value - a.value)[0];
  return fill("speed",
    timeTrend({ id: "response", title: "First response and response time", rows, view,
      parts: { "First response": (row) => row.first_response_time_seconds, Response: (row) => row.response_time_seconds },
      series: { "First response": "s1", Response: "s2" } }),
    timeTrend({ id: "resolution", title: "Resolution time", rows, view,
      parts: { Resolution: (row) => row.resolution_time_seconds }, series: { Resolution: "s3" } }),
    element("div", { class: "wide" }, figure({ id: "distribution", title: `How long the first response took, ${windowText(view.grain, view.focus.date)}`,
      note: compared() ? `Line: ${beforeWords(view.grain)}` : null, chart: "ranges", rowHeight: 26, rows: ranges,
      says: top ? `Most often ${top.range_label}: ${top.text} of the conversations.` : "",
      columns: [{ title: "First response", cell: (row) => row.range_label }, { title: "Share (conversations)", cell: (row) => row.text },
        { title: "So far", cell: (row) => row.upto }, compared() ? { title: beforeTitle(), cell: (row) => row.before_text } : null].filter(Boolean) })));
}
