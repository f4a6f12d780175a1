// Filters: what is chosen, and the elements that choose.

const filters = { from: "", to: "", grain: "week", inbox: null, team: null };

const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`);

/** Sets the dates that a preset stands for: so many days up to the last one. */
function applyPreset(value) {
  const { last_date: last, history_from: first } = page.figures;
  const from = value === "all" ? first : plusDays(last, 1 - Number(value));
  filters.from = from < first ? first : from;
  filters.to = last;
  byId("from").value = filters.from;
  byId("to").value = filters.to;
}

function setUpControls(changed) {
  for (const name of ["from", "to"]) {
    byId(name).min = page.figures.history_from;
    byId(name).max = page.figures.last_date;
  }
  fillSelect("inbox", "All inboxes", inboxes());
  fillSelect("team", "All teams", teams());
  applyPreset(chosen("range").value);
  chooseGrain();
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("controls").addEventListener("change", (event) => {
    takeChange(event.target);
    changed();
  });
}

/** Weeks, or days where no week is whole and has figures yet. */
function chooseGrain() {
  const views = ["week", "day"].map((grain) => viewOf({ ...filters, grain })).filter((view) => view.focus);
  const hasFigures = (view) => TILES.some((one) => pick(focusRow(one.mart, view), one.value));
  const { grain } = views.find(hasFigures) || views[0] || filters;
  filters.grain = grain;
  document.querySelector(`input[name="grain"][value="${grain}"]`).checked = true;
}

function fillSelect(id, all, choices) {
  byId(id).replaceChildren(element("option", { value: "" }, all),
    ...choices.map((choice) => element("option", { value: String(choice.id) }, choice.name)));
}

function takeChange(target) {
  if (target.name === "range") applyPreset(target.value);
  else if (target.name === "grain") filters.grain = target.value;
  else if (target.id === "inbox" || target.id === "team") {
    filters[target.id] = target.value === "" ? null : Number(target.value);
  } else if (target.value) {
    filters[target.id] = target.value;
    if (chosen("range")) chosen("range").checked = false;
  }
}

/** Why nothing can be shown, or null. */
function problemWith(view) {
  if (view.from > view.to) return "The range ends before it begins: choose another date.";
  if (!view.windows.length) return "Nothing is loaded for this range: choose another one.";
  if (!view.focus) return `No whole ${view.grain} lies in this range: choose a longer one, or a shorter step.`;
  return null;
}

/** The theme: the machine's, until the button says otherwise. */
function setUpTheme(changed) {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", `Switch to the ${theme === "dark" ? "light" : "dark"} theme`);
  };
  show(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => { show(dark.matches ? "dark" : "light"); changed(); });
  byId("theme").addEventListener("click", () => {
    show(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    changed();
  });
}
