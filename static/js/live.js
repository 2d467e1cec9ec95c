// Watching a run: says when the console is out of reach, tries again where htmx does not, keeps a lane's end in sight
// while one reads there. What is shown comes from the server; nothing here knows what a lane means.
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
const connectAgain = () => {
  clearTimeout(retry);
  retry = setTimeout(() => {
    const element = stream();
    if (connected || !element?.hasAttribute("hx-sse:connect")) return;
    const copy = element.cloneNode(false);
    copy.removeAttribute("data-htmx-powered");
    element.replaceWith(copy);
    htmx.process(copy);
  }, RETRY_MS);
};

const isStream = ({ target }) => target.id === "live" && target.hasAttribute("hx-sse:connect");

document.addEventListener("htmx:sse:after:connection", (event) => {
  if (!isStream(event)) return;
  connected = true;
  say("");
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

// Lanes follow their text only while their end is in sight.
const atEnd = new WeakMap();
document.addEventListener(
  "scroll",
  ({ target }) => {
    if (target.classList?.contains("blocks")) {
      atEnd.set(target, target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END_PX);
    }
  },
  true,
);
document.addEventListener("htmx:sse:after:message", () => {
  for (const blocks of document.querySelectorAll(".lane[data-state='streaming'] .blocks")) {
    if (atEnd.get(blocks) ?? true) blocks.scrollTop = blocks.scrollHeight;
  }
});
