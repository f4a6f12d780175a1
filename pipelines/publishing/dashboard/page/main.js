// Unpacks what lies in the page, draws, and draws again when a filter changes.

const SECTIONS = [renderFocus, renderTiles, renderChanged, renderInboxes, renderVolume, renderHours,
  renderSpeed, renderAgents, renderHappiness, renderTopics, renderDocs];

let renderings = 0;

/** Draws all sections anew, once for all changes of a moment. `data-ready` says that the charts are
 *  drawn, too. */
async function render() {
  delete document.documentElement.dataset.ready;
  renderings += 1;
  const mine = renderings;
  await Promise.resolve();
  if (mine !== renderings) return;
  (page.views || []).forEach((drawn) => drawn.finalize());
  page.views = [];
  page.drawings = [];
  const view = viewOf(filters);
  const problem = problemWith(view);
  byId("problem").hidden = !problem;
  byId("problem").textContent = problem || "";
  document.querySelectorAll("main > .card:not(#trust-card), #tiles, #focus").forEach((part) => { part.hidden = Boolean(problem); });
  if (!problem) SECTIONS.forEach((section) => section(view));
  await Promise.all(page.drawings);
  if (mine === renderings) document.documentElement.dataset.ready = "yes";
}

/** Adds the drawing library, whose hash the page's policy names. */
async function addLibrary() {
  const script = document.createElement("script");
  script.textContent = await unpacked("library");
  document.head.append(script);
}

async function start() {
  const [text] = await Promise.all([unpacked("payload"), addLibrary()]);
  page.figures = JSON.parse(text);
  byId("account").textContent = page.figures.publication.account;
  setUpTheme(render);
  setUpControls(render);
  renderStrip();
  renderTrust();
  await render();
}

start().catch((error) => {
  byId("problem").hidden = false;
  byId("problem").textContent = `This page could not be drawn: ${error.message}. A browser of 2023 or later is needed.`;
  throw error;
});
