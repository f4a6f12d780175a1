// Agents, happiness, and what customers said.

const shown = { sort: { at: 1, down: true }, comments: 9, rating: "", kind: "tag" };

const inTeam = (view) => {
  if (view.team === null) return () => true;
  const { users } = teams().find((team) => team.id === view.team);
  return (user) => users.has(user);
};

function renderAgents(view) {
  if (!isThere("agents")) return fill("agents", emptyNote("Figures of agents are not loaded: the user reports are missing."));
  const belongs = inTeam(view);
  const rows = focusRows("agents", view, null).filter((row) => belongs(row.user_id));
  if (!rows.length) return fill("agents", emptyNote("Nobody of this team has figures in this window."));
  const number = (title, column, say) => ({ title, cell: (row) => say(row[column]), sort: (row) => row[column] });
  const changed = (column, say, delta, words, better) => (row) => (missing(row[delta]) ? say(row[column])
    : stacked(say(row[column]), changeText(change(row[delta], words, better))));
  const columns = [
    { title: "Agent", kind: "text", cell: (row) => nameOr(row.user_name, "User", row.user_id), sort: (row) => nameOr(row.user_name, "User", row.user_id) },
    { title: "Replies", cell: changed("total_replies", count, "delta_total_replies_pct", MORE, "neither"), sort: (row) => row.total_replies },
    number("Customers helped", "customers_helped", count),
    number("Resolved", "resolved", count),
    { title: "Response time", cell: changed("response_time_seconds", duration, "delta_response_time_pct", SLOWER, goodWay(view, "down")), sort: (row) => row.response_time_seconds },
    number("Resolution time", "resolution_time_seconds", duration),
    number("Handle time", "handle_time_seconds", duration),
    { title: "Happiness", cell: (row) => (missing(row.ratings_count) ? score(row.happiness_score)
      : stacked(score(row.happiness_score), plural(row.ratings_count, "rating", "ratings"))), sort: (row) => row.happiness_score },
    number("Chats", "chat_count", count),
  ];
  const notes = [windowText(view.grain, view.focus.date), view.inbox === null ? null : "in all inboxes",
    view.grain === "day" ? "times and chats by week and month only" : null].filter(Boolean).join(", ");
  return fill("agents", table({ caption: notes, label: "Agents", columns, rows,
    sorted: { ...shown.sort, remember: (state) => { shown.sort = { ...state }; } } }));
}

function renderHappiness(view) {
  if (!isThere("happiness")) return fill("happiness", emptyNote("Happiness is not loaded: its report is missing."));
  const rows = courseOf("happiness", view);
  const scores = windowRows(rows, view, { Score: (row) => row.happiness_score }, score);
  const ratings = windowRows(rows, view, { Great: (row) => row.great_count, Okay: (row) => row.okay_count, "Not good": (row) => row.not_good_count }, count);
  return fill("happiness",
    figure({ id: "happiness", title: "Happiness score", note: "Great % minus not good %", chart: "trend", rows: scores,
      series: { Score: "s1" }, params: { ...dateParams(view.grain), unit: "" }, says: courseSays(scores), columns: windowColumns }),
    figure({ id: "ratings", title: "Ratings", note: mayChange(view), chart: "stack", rows: ratings,
      series: { Great: "s3", Okay: "before", "Not good": "s2" }, params: dateParams(view.grain), says: courseSays(ratings), columns: windowColumns }),
    element("div", { class: "wide", id: "comments" }, comments(view)));
}

function comments(view) {
  if (!isThere("ratings")) return [emptyNote("Comments are not loaded: the report of ratings is missing.")];
  const belongs = inTeam(view);
  const rows = allRows("ratings").filter((row) => row.rated_date >= view.from && row.rated_date <= view.to
    && (view.inbox === null || row.inbox_id === view.inbox) && belongs(row.user_id)
    && (shown.rating === "" || row.rating_label === shown.rating));
  const again = () => byId("comments").replaceChildren(...comments(view));
  const choose = element("select", { id: "rating", onchange: (event) => { shown.rating = event.target.value; shown.comments = 9; again(); byId("rating").focus(); } },
    [["", "All ratings"], ["great", "Great"], ["okay", "Okay"], ["not good", "Not good"]]
      .map(([value, text]) => element("option", { value, selected: value === shown.rating }, text)));
  const head = element("div", { class: "row" },
    element("h3", {}, `Comments in the range: ${count(rows.length)}`),
    element("div", {}, element("label", { for: "rating" }, "Rating"), choose));
  const list = element("ul", { class: "comments" }, rows.slice(0, shown.comments).map(comment));
  const more = rows.length > shown.comments ? element("button", { type: "button", onclick: () => { shown.comments += 18; again(); } }, "Show more") : null;
  return [head, rows.length ? list : emptyNote("No comments in this range."), more].filter(Boolean);
}

function comment(row) {
  const tone = row.rating_label === "great" ? "great" : row.rating_label === "not good" ? "bad" : "";
  const label = nameOr(row.rating_label, "Rating", "");
  return element("li", {}, element("span", { class: `chip ${tone}` }, label.charAt(0).toUpperCase() + label.slice(1)),
    element("blockquote", {}, row.rating_comments),
    element("span", { class: "meta" }, apart(nameOr(row.customer_name, "Customer", row.customer_id)), " on ", apart(nameOr(row.user_name, "User", row.user_id)),
      `, ${dateText(row.rated_date)}, conversation ${missing(row.conversation_number) ? NONE : row.conversation_number}`));
}
