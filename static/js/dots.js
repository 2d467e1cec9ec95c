// Walking through the dots of a drawing with the arrow keys. Each drawing is one stop of the tab key: the dot that was last
// walked to, or its first. Left and right follow the values of a column, up and down lead to the nearest dot of the next one.
const rowsOf = (drawing) =>
  [...drawing.querySelectorAll(".plot-row")].map((row) => [...row.querySelectorAll("a")]).filter((dots) => dots.length);

const place = (dot) => Number(dot.querySelector("circle").getAttribute("cx"));

const nearest = (dots, x) => dots.reduce((best, dot) => (Math.abs(place(dot) - x) < Math.abs(place(best) - x) ? dot : best));

const next = (rows, dot, key) => {
  const at = rows.findIndex((dots) => dots.includes(dot));
  const dots = rows[at];
  const index = dots.indexOf(dot);
  switch (key) {
    case "ArrowLeft": return dots[index - 1];
    case "ArrowRight": return dots[index + 1];
    case "Home": return dots[0];
    case "End": return dots.at(-1);
    case "ArrowUp": return at > 0 ? nearest(rows[at - 1], place(dot)) : undefined;
    case "ArrowDown": return at + 1 < rows.length ? nearest(rows[at + 1], place(dot)) : undefined;
  }
};

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const dot = event.target.closest?.("svg[data-dots] a");
  if (!dot) return;
  const drawing = dot.closest("svg");
  const to = next(rowsOf(drawing), dot, event.key);
  if (!to) return;
  event.preventDefault();
  for (const stop of drawing.querySelectorAll('a[tabindex="0"]')) stop.setAttribute("tabindex", "-1");
  to.setAttribute("tabindex", "0");
  to.focus();
});
