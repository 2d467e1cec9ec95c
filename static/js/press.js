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
