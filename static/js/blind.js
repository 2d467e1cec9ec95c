// Judging by keyboard: 1 the left answer, 2 the right one, 0 neither. One vote a page: a key held down votes once.
const form = document.querySelector("form[data-votes]");
let voted = false;

form?.addEventListener("submit", (event) => {
  if (voted) event.preventDefault();
  voted = true;
});
// Going back brings the page as it was left.
addEventListener("pageshow", () => { voted = false; });

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.target.closest("input:not([type='hidden']), textarea, select") || document.querySelector("dialog[open]")) return;
  const button = ["0", "1", "2"].includes(event.key) && form?.querySelector(`button[value="${event.key}"]`);
  if (button) event.preventDefault(), button.click();
});
