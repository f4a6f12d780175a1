// Numbers, times and dates as people say them. All dates are local days of the company, as text.

const NONE = "–";
const DAY_MS = 86400000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LONG_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December"];
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const BEFORE = { day: "the day before", week: "the week before", month: "the month before" };

const missing = (value) => value === null || value === undefined;

const FORMATS = [0, 1].map((digits) =>
  new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }));

/** 12,345; with one decimal only where asked for. */
function count(value, decimals = 0) {
  if (missing(value)) return NONE;
  return FORMATS[decimals].format(value).replace(/^-(?=[0.,]*$)/, "").replace("-", "−");
}

/** 3.5 or 12: one decimal below ten, unless it is whole. */
function short(value) {
  if (missing(value)) return NONE;
  return count(value, Math.abs(value) < 9.95 && Math.round(value * 10) % 10 !== 0 ? 1 : 0);
}

const percent = (value) => (missing(value) ? NONE : `${count(value, 1)}%`);
const score = (value) => (missing(value) ? NONE : count(value, 1));

/** 45 s, 12 min, 2 h 14 min, 3 d 4 h. */
function duration(seconds) {
  if (missing(seconds)) return NONE;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 2880) {
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
  }
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d${hours % 24 ? ` ${hours % 24} h` : ""}`;
}

const toDay = (text) => new Date(`${text.slice(0, 10)}T00:00:00Z`);
const toText = (day) => day.toISOString().slice(0, 10);
const plusDays = (text, days) => toText(new Date(toDay(text).getTime() + days * DAY_MS));

/** 9 Nov 2026 */
function dateText(text) {
  if (missing(text)) return NONE;
  const day = toDay(text);
  return `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
}

const weekdayOf = (text) => WEEKDAYS[(toDay(text).getUTCDay() + 6) % 7];

/** Friday 20 Nov 2026, Week of 16 Nov 2026, November 2026. */
function windowText(grain, text) {
  const day = toDay(text);
  if (grain === "month") return `${LONG_MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
  return grain === "week" ? `Week of ${dateText(text)}` : `${weekdayOf(text)} ${dateText(text)}`;
}

/** The same within a line: Friday 20 Nov 2026, the week of 16 Nov 2026, November 2026. */
const windowName = (grain, text) => windowText(grain, text).replace(/^Week/, "the week");

/** The last local day of a window. */
function lastDay(grain, text) {
  if (grain === "day") return text;
  if (grain === "week") return plusDays(text, 6);
  const day = toDay(text);
  return toText(new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)));
}

const hourText = (hour) => `${hour}:00`;

/** A change in words and whether it is good news: {text, tone}. `words` are [up, down], `better`
 *  says which way is good: "up", "down" or "neither". */
function change(value, words, better, unit = "%") {
  if (!compared()) return { text: "", tone: "flat" };
  if (missing(value)) return { text: "nothing to compare with", tone: "flat" };
  const size = short(Math.abs(value));
  if (size === "0") return { text: "no change", tone: "flat" };
  const way = value > 0 ? "up" : "down";
  const tone = better === "neither" ? "flat" : better === way ? "good" : "bad";
  const arrow = way === "up" ? "▲" : "▼";
  return { text: `${arrow} ${size}${unit} ${words[way === "up" ? 0 : 1]}`, tone };
}

/** What windows are compared with: previous_period, previous_year, 364d, a range, or none. */
const comparison = () => page.figures.publication.compare_to || "previous_period";
const compared = () => comparison() !== "none";

/** What a window is compared with, in words. */
function beforeWords(grain) {
  if (comparison() === "previous_period") return BEFORE[grain];
  const which = comparison().replace(/^(\d+)d$/, "$1 days before").replace("..", " to ").replaceAll("_", " ");
  return `the window compared with (${which})`;
}

/** The same as the end of a caption; nothing where nothing is compared. */
const against = (grain) => (compared() ? ` against ${beforeWords(grain)}` : "");

/** The same in front of a value, and on top of a column. */
const beforeLabel = (grain) => (comparison() !== "previous_period" ? "compared with" : grain ? BEFORE[grain] : "before");
const beforeTitle = () => (comparison() === "previous_period" ? "Before" : "Compared with");

/** The change from `before`, or null: from nothing, or from the 0 that Help Scout says for it, there
 *  is no change to tell. */
const changeFrom = (before, now, value) => (missing(before) || (before === 0 && now > 0) ? null : value);

/** The text between marks that keep its direction from turning the words around it. */
const isolated = (text) => `\u2068${text}\u2069`;

/** Items {id, name} with the id in the names that several have: charts tell items by their names. */
function distinct(items) {
  const times = new Map();
  for (const { name } of items) times.set(name, (times.get(name) || 0) + 1);
  return items.map((item) => (times.get(item.name) > 1 ? { ...item, name: `${isolated(item.name)} (${item.id})` } : item));
}

/** The name, or what is left where personal data is not kept. */
const nameOr = (name, kind, id) => (missing(name) || name === "" ? `${kind} ${id}` : name);

const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;
const pick = (row, column) => (row ? row[column] : null);
