// The history by keyboard: j and k (or the arrows) move between rows, Enter opens the comparison, e its exchanges.
// What is chosen to be compared is remembered from page to page of this tab, until it is opened or cleared.
const typing = (element) => element.closest("input:not([type='checkbox']), textarea, select, summary, [contenteditable]");
const rows = () => [...document.querySelectorAll("[data-row]")];
const rowOf = (element) => element.closest("tbody")?.querySelector("[data-row]");
const KEPT = "history-chosen";

const move = (step) => {
  const all = rows();
  const here = all.indexOf(rowOf(document.activeElement));
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : here + step];
  next?.querySelector("th a").focus();
  next?.scrollIntoView({ block: "nearest" });
};

const toggle = (opener) => {
  const opened = document.getElementById(opener.getAttribute("aria-controls"));
  const isOpen = opener.getAttribute("aria-expanded") === "true";
  opener.setAttribute("aria-expanded", String(!isOpen));
  opened.hidden = isOpen;
  if (!isOpen && !opened.querySelector("ul")) opener.dispatchEvent(new CustomEvent("open"));
};

const keys = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  e: () => {
    const opener = rowOf(document.activeElement)?.querySelector(".opener");
    if (opener) toggle(opener);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key.startsWith("Arrow") && !rowOf(document.activeElement)) return; // else the page scrolls
  const act = keys[event.key];
  if (act) event.preventDefault(), act();
});

document.addEventListener("click", ({ target }) => {
  const opener = target.closest(".opener");
  if (opener) toggle(opener);
  if (target.closest("[data-choose-none]")) keep([]);
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(target)) menu.open = false;
});

// Choosing ------------------------------------------------------------------------------------------------------------
const kept = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");

const show = () => {
  const form = document.querySelector("#chosen");
  if (!form) return;
  const chosen = kept();
  form.hidden = chosen.length === 0;
  form.querySelector("[data-chosen-labels]").textContent = `${chosen.length} chosen: ${chosen.map(([, label]) => label).join(", ")}`;
  for (const old of form.querySelectorAll("[name='exchange']")) old.remove();
  for (const [value] of chosen) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "exchange", value }));
  form.querySelector("[data-kind='primary']").disabled = chosen.length < 2;
  for (const box of document.querySelectorAll("[data-choose]")) box.checked = chosen.some(([id]) => id === box.dataset.choose);
};

const keep = (chosen) => {
  sessionStorage.setItem(KEPT, JSON.stringify(chosen));
  show();
};

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-choose]")) return;
  const others = kept().filter(([id]) => id !== target.dataset.choose);
  keep(target.checked ? [...others, [target.dataset.choose, target.dataset.label]] : others);
});
document.addEventListener("submit", ({ target }) => {
  if (target.id === "chosen") sessionStorage.removeItem(KEPT);
});
document.addEventListener("htmx:after:swap", show);
show();
