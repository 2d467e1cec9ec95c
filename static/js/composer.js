// The composer: says what is saved, sends what is still unsaved before Run, and leads to the place of a problem.
// htmx does the rest: every control posts its own change, one after the other.
const RETRY_MS = 3000;
const FIELDS = "textarea[hx-post], input[hx-post]:not([type='checkbox'])";

const sent = new WeakMap(); // field → the value that was last sent
const failed = new Set(); // fields whose last request was refused or lost
const counted = new WeakSet(); // requests that move "Saving…"
let waiting = 0;
let isLost = false; // the last edit that no field holds was refused or lost
let goTo = null;
let retry = 0;

const composer = () => document.querySelector("#composer");
const fields = () => [...(composer()?.querySelectorAll(FIELDS) ?? [])];
const isUnsaved = (field) => field.value !== (sent.get(field) ?? field.defaultValue);

const say = (state) => {
  const line = document.querySelector("#saved");
  if (line && line.dataset.state !== state) {
    line.dataset.state = state;
    line.textContent = line.dataset[state];
  }
};

const sayHowItStands = () => {
  for (const field of failed) if (!field.isConnected) failed.delete(field);
  if (waiting) say("saving");
  else if (failed.size || isLost) say("failed");
  else say(fields().some(isUnsaved) ? "typing" : "saved");
};

document.addEventListener("input", ({ target }) => {
  if (target.matches?.(FIELDS) && composer()?.contains(target)) sayHowItStands();
});

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const source = ctx.sourceElement;
  if (ctx.request.method === "GET" || !composer()?.contains(source)) return;
  // The answer before this one may replace the element, and what is not in the page inherits no queue.
  if (!source.hasAttribute("hx-sync")) source.setAttribute("hx-sync", composer().getAttribute("hx-sync:inherited"));
  counted.add(ctx);
  waiting += 1;
  if (source.matches(FIELDS)) sent.set(source, source.value);
  sayHowItStands();
});

document.addEventListener("htmx:before:request", (event) => {
  const source = event.detail.ctx.sourceElement;
  const text = composer()?.querySelector("[data-json]");
  const holdsIt = source === text || source.closest?.(".field")?.contains(text);
  const limit = Number(composer()?.dataset.maxBytes);
  if (!text || !holdsIt || event.detail.ctx.request.method === "GET" || new Blob([text.value]).size <= limit) return;
  event.preventDefault();
  document.querySelector("#problem-body").textContent =
    `That is more than ${limit.toLocaleString("en")} bytes, the most a body may have. It was not saved.`;
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!counted.delete(ctx)) return;
  waiting -= 1;
  const source = ctx.sourceElement;
  const refused = !ctx.response || ctx.response.status >= 400;
  if (source.matches(FIELDS)) failed[refused ? "add" : "delete"](source);
  else isLost = refused && ctx.response?.status !== 422 && !ctx.request.signal.aborted;
  if (refused && source.type === "checkbox") source.checked = !source.checked;
  sayHowItStands();
  if (!ctx.response) tryAgainLater();
  if (!waiting) document.dispatchEvent(new Event("composer:idle"));
});

// A popover would hide what a conflict says.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status !== 409) return;
  for (const popup of document.querySelectorAll("#composer [popover]")) popup.hidePopover();
});

const saveAll = () => {
  for (const field of fields()) if (isUnsaved(field) || failed.has(field)) window.htmx.trigger(field, "resend");
  if (!waiting) return Promise.resolve();
  return new Promise((done) => document.addEventListener("composer:idle", done, { once: true }));
};

// What was typed while the console was out of reach is sent once it answers again.
const tryAgain = () => failed.size && saveAll();
window.addEventListener("online", tryAgain);
const tryAgainLater = () => {
  clearTimeout(retry);
  retry = setTimeout(tryAgain, RETRY_MS);
};

// Who is about to have the page drawn anew asks for this first: `detail.done` settles once all that was typed is sent.
document.addEventListener("composer:save", ({ detail }) => {
  detail.done = saveAll();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id !== "run" || form.dataset.ready) return;
  const isConfirmed = event.submitter?.name === "confirmed";
  if (isConfirmed) document.querySelector("#confirm").hidePopover();
  const asks = () => !isConfirmed && document.querySelector("#sending[data-asks]");
  const isSaved = !waiting && !failed.size && !fields().some(isUnsaved);
  if (isSaved && !asks()) return;
  event.preventDefault();
  if (!isSaved) await saveAll();
  if (failed.size) return [...failed][0].focus();
  if (asks()) return document.querySelector("#confirm").showPopover();
  form.dataset.ready = "yes";
  form.requestSubmit(isConfirmed ? event.submitter : null);
  delete form.dataset.ready;
});

// A page that the browser kept comes back with the token of a press that is over.
window.addEventListener("pageshow", ({ persisted }) => {
  const token = document.querySelector("#sending [name='client_token']");
  if (persisted && token) token.value = crypto.randomUUID();
});

document.addEventListener("click", ({ target }) => {
  const dismiss = target.closest("[data-dismiss]");
  if (dismiss) document.querySelector(dismiss.dataset.dismiss).hidden = true;
  const go = target.closest("[data-go-line]");
  if (go) goTo = { line: Number(go.dataset.goLine), column: Number(go.dataset.goColumn) };
});

const offsetOf = (text, { line, column }) => {
  let start = 0;
  for (let n = 1; n < line; n += 1) start = text.indexOf("\n", start) + 1 || text.length;
  return Math.min(start + column - 1, text.length);
};

// What opens below the fold or under the Run button comes into view, and the keyboard goes with it.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const from = ctx.sourceElement;
  const opened = from.closest?.("#matrix") && ctx.request.method === "GET" ? "section#column" : from.id === "add-beta" ? "#hits" : from.dataset?.opens;
  const part = opened && document.querySelector(opened);
  if (!part || ctx.response?.status >= 400) return;
  part.scrollIntoView({ block: "nearest" });
  if (part.id !== "hits") part.focus({ preventScroll: true });
});

document.addEventListener("htmx:after:swap", () => {
  const text = goTo && document.querySelector("#json-text");
  if (!text) return;
  const offset = offsetOf(text.value, goTo);
  goTo = null;
  text.focus();
  text.setSelectionRange(offset, offset + 1);
});

// What takes files comes with the first sign of life: the page's first look does not wait for it.
const wakeUp = () => {
  for (const name of SIGNS) document.removeEventListener(name, wakeUp);
  if (composer()) import(composer().dataset.attach);
};
const SIGNS = ["pointerdown", "keydown", "focusin", "dragenter", "change"];
for (const name of SIGNS) document.addEventListener(name, wakeUp);
