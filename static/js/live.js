// Watching a run: says when the console is out of reach, tries again where htmx does not, keeps a lane's end in sight
// while one reads there, and the page with what somebody writes into a lane. What is shown comes from the server; nothing
// here knows what a lane means.
const RETRY_MS = 2000;
const NEAR_END_PX = 48;
const LOST = "Connection to the console lost, trying again in 2 s. The run goes on without this page.";

const stream = () => document.querySelector("#live");

const say = (text) => {
  const note = document.querySelector("#lost");
  if (!note) return;
  note.textContent = text;
  note.hidden = !text;
};

// htmx reopens a stream that broke off, but gives up where the very first connection fails.
let connected = false;
let retry = 0;
const connectAgain = (afterMs = RETRY_MS) => {
  clearTimeout(retry);
  retry = setTimeout(() => {
    const element = stream();
    if (connected || !element?.hasAttribute("hx-sse:connect")) return;
    const copy = element.cloneNode(false);
    copy.removeAttribute("data-htmx-powered");
    element.replaceWith(copy);
    htmx.process(copy);
  }, afterMs);
};

const isStream = ({ target }) => target.id === "live" && target.hasAttribute("hx-sse:connect");

// A tab that was opened behind another one watches from when it is looked at: browsers keep six connections to a server for
// all their tabs, and htmx lets go of a stream only where a tab goes out of sight that is reading one already.
for (const name of ["htmx:before:request", "htmx:sse:before:connection"]) {
  document.addEventListener(name, (event) => isStream(event) && document.hidden && event.preventDefault());
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !connected) connectAgain(0);
});

document.addEventListener("htmx:sse:after:connection", (event) => {
  if (!isStream(event)) return;
  connected = true;
  say("");
  if (document.hidden) event.detail.connection.abortController.abort(); // htmx opens it again when the tab is looked at
});
document.addEventListener("htmx:sse:close", (event) => {
  if (isStream(event)) connected = false;
});
document.addEventListener("htmx:sse:error", (event) => isStream(event) && say(LOST));
for (const name of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(name, (event) => {
    if (!isStream(event) || connected) return;
    say(LOST);
    connectAgain();
  });
}

// Lanes follow their text only while their end is in sight. A lane that was drawn anew stands where the old one stood.
const places = new Map(); // lane id → where it was scrolled to
const known = new WeakSet();
const placeOf = (box) => ({ top: box.scrollTop, isEnd: box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX });

document.addEventListener(
  "scroll",
  ({ target }) => {
    if (target.classList?.contains("conversation")) places.set(target.closest(".lane").id, placeOf(target));
  },
  true,
);
const keepPlaces = () => {
  for (const box of document.querySelectorAll(".lane .conversation")) {
    const lane = box.closest(".lane");
    const place = places.get(lane.id);
    const isLive = lane.dataset.state === "streaming";
    if (isLive && (place?.isEnd ?? true)) box.scrollTop = box.scrollHeight;
    else if (!known.has(box) && place) box.scrollTop = place.isEnd ? box.scrollHeight : place.top;
    known.add(box);
  }
};
for (const name of ["htmx:sse:after:message", "htmx:after:swap"]) document.addEventListener(name, keepPlaces);
keepPlaces();

// Who writes into a lane stays with its case and repeat, wherever the run goes on: from now on the page asks for them.
document.addEventListener("input", ({ target }) => {
  const form = target.closest(".lane form[data-repeat]");
  const view = document.querySelector("#lanes-view");
  if (!form || !view || view.elements.repeat.value) return;
  view.elements.case.value = form.dataset.case;
  view.elements.repeat.value = form.dataset.repeat;
  htmx.trigger("#pin", "pin");
});

// ⌘/Ctrl+Enter sends what is written there, and does not press Run.
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey) || event.isComposing) return;
    const form = event.target.closest(".lane form.written");
    if (form) event.preventDefault(), form.requestSubmit();
  },
  true,
);

// Lanes are drawn anew as they are sent and as they go on: the keyboard stays with the one it was in until it moves away.
let at = "";
document.addEventListener("focusin", ({ target }) => (at = target.closest(".lane")?.id ?? ""));
document.addEventListener("pointerdown", () => (at = ""));
const keepFocus = () => {
  if (at && document.activeElement === document.body) document.getElementById(at)?.focus({ preventScroll: true });
};
for (const name of ["htmx:sse:after:message", "htmx:after:swap"]) document.addEventListener(name, keepFocus);

// What opens to be written in gets the keyboard.
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.open && target.matches(".lane details.later")) target.querySelector("textarea")?.focus();
  },
  true,
);
