// The keyboard: "/" searches, "?" lists the keys, "[" and "]" move between columns, Escape closes or leaves.
// ⌘/Ctrl+Enter presses Stop where something runs, Resume where it is paused, else Run: buttons with data-key="stop", "resume"
// and "run".
const typing = (element) => element.closest("input, textarea, select, [contenteditable]");

const find = (selector) => [...document.querySelectorAll(selector)].find((element) => element.checkVisibility());

const moveBetweenColumns = (step) => {
  const columns = [...document.querySelectorAll("[data-column]")];
  if (!columns.length) return;
  const here = columns.findIndex((column) => column.contains(document.activeElement));
  const next = columns[(here < 0 ? (step > 0 ? 0 : columns.length - 1) : here + step + columns.length) % columns.length];
  next.focus();
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
};

const search = () => {
  const field = find("[data-key='search']");
  if (field) field.focus();
  else location.assign(document.querySelector("[data-key='history']").href);
};

// Up and down lead through what stands under a field to search in.
const moveBetweenHits = (event) => {
  const hits = [...event.target.closest("[data-arrows]").querySelectorAll("input, li button")].filter((hit) => hit.checkVisibility());
  const next = hits[hits.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) event.preventDefault(), next.focus();
};

const actions = {
  "c": () => find("[data-key='palette']")?.click(),
  "/": search,
  "?": () => document.querySelector("#keys").showModal(),
  "[": () => moveBetweenColumns(-1),
  "]": () => moveBetweenColumns(1),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
    const button = find("[data-key='stop']") ?? find("[data-key='resume']") ?? find("[data-key='run']");
    if (button) event.preventDefault(), button.click();
    return;
  }
  if (/^Arrow(Up|Down)$/.test(event.key) && event.target.closest("[data-arrows]")) return moveBetweenHits(event);
  if (event.key === "Escape" && typing(event.target)) return event.target.blur();
  if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
  const act = actions[event.key];
  if (act) event.preventDefault(), act();
});

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-key='help']")) document.querySelector("#keys").showModal();
});
