// What every page hears of hands: keys, and presses of the pointer.
//
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

// A press is never lost: what would draw the page anew while the pointer is down on a control waits until it is up again.
// Between the two a button may be replaced, by the answer to the field that was just left or by a run that goes on, and
// browsers then send the click to nobody.
const CONTROLS = "button, a, summary, label, input, select, [role='button']";
const LONGEST_MS = 2000;

let released = null; // settles when the pointer is up and its click was heard
let release = () => {};

document.addEventListener("pointerdown", ({ target }) => {
  if (!target.closest(CONTROLS)) return;
  release();
  const held = new Promise((done) => (release = done));
  released = held;
  held.then(() => released === held && (released = null));
  setTimeout(release, LONGEST_MS);
});
// The click comes after these, in a task of its own.
for (const name of ["pointerup", "pointercancel", "dragstart"]) {
  document.addEventListener(name, () => setTimeout(release, 0), true);
}
window.addEventListener("blur", () => release());

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const fetch = ctx.fetch;
  ctx.fetch = async (address, asked) => {
    const answer = await fetch(address, asked);
    const read = answer.text.bind(answer);
    // What is drawn is read first: the pointer may go down while it still comes. Streams are not read so.
    answer.text = async () => {
      const text = await read();
      await released;
      asked.signal?.throwIfAborted();
      return text;
    };
    return answer;
  };
});
document.addEventListener("htmx:sse:before:message", ({ detail }) => released && detail.waitUntil(released));
