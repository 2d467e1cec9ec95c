// Names that a run refused, marked in the composer's matrix beside it: lanes and matrix come from different parts of the
// page, and only here they meet. A lane marks them in its header line.
const mark = () => {
  const refused = new Map();
  for (const name of document.querySelectorAll(".lane .header-line mark[data-tone='bad']")) {
    const letters = refused.get(name.textContent) ?? [];
    refused.set(name.textContent, [...letters, name.closest(".lane").dataset.letter]);
  }
  for (const box of document.querySelectorAll("#matrix input[name='on']")) {
    const cell = box.closest("td");
    const [beta, letter] = [box.dataset.beta, cell.dataset.letter];
    const isRefused = box.checked && Boolean(refused.get(beta)?.includes(letter));
    cell.toggleAttribute("data-refused", isRefused);
    if (isRefused) box.setAttribute("aria-description", "refused in the run beside it");
    else box.removeAttribute("aria-description");
  }
  for (const row of document.querySelectorAll("#matrix tbody tr")) {
    const letters = [...row.querySelectorAll("td[data-refused]")].map((cell) => cell.dataset.letter);
    const head = row.querySelector("th");
    if (letters.length) head.dataset.refused = letters.join(", ");
    else delete head?.dataset.refused;
  }
};

for (const name of ["htmx:sse:after:message", "htmx:after:swap", "change"]) document.addEventListener(name, mark);
mark();
