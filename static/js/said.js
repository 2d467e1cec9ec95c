// What any page says by itself: that something was copied, and that something came to nothing.
//
// data-copy="#selector": copies that element's text; data-copy-text="…": copies the text itself.
// What cannot be copied is shown and selected, to be copied by hand.
const SAID_MS = 1600;

const textOf = ({ copy, copyText }) => copyText ?? document.querySelector(copy)?.textContent ?? "";

// navigator.clipboard is missing on plain http beyond loopback.
const copyByHand = (text) => {
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
};

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
};

const show = (button) => {
  const { copy, copyText } = button.dataset;
  const beside = button.nextElementSibling?.matches(".support") ? button.nextElementSibling : null;
  const shown = (copy ? document.querySelector(copy) : beside) ?? document.createElement("pre");
  if (!shown.isConnected) {
    Object.assign(shown, { className: "wire support", tabIndex: 0, textContent: copyText });
    button.after(shown);
  }
  shown.hidden = false;
  getSelection().selectAllChildren(shown);
};

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy], [data-copy-text]");
  if (!button || button.dataset.copied) return;
  const label = button.textContent;
  const done = await copy(textOf(button.dataset));
  if (!done) show(button);
  button.dataset.copied = done ? "yes" : "no";
  button.textContent = done ? "Copied" : "Select and copy by hand";
  document.querySelector("#said").textContent = button.textContent;
  setTimeout(() => {
    button.textContent = label;
    delete button.dataset.copied;
  }, SAID_MS);
});

// Above the page stands what htmx asked for in vain: the console's words where it gave any, else that it does not answer.
// It goes when the same is asked again and answered, or when something was done.
const trouble = document.querySelector("#trouble");
let asker = null;

const sayLost = () => {
  if (trouble.dataset.is === "lost") return;
  const note = Object.assign(document.createElement("p"), { className: "note", role: "alert", textContent: trouble.dataset.lost });
  note.dataset.tone = "bad";
  trouble.replaceChildren(note);
  trouble.dataset.is = "lost";
};

const isStream = (source) => source.hasAttribute("hx-sse:connect"); // live.js says what it needs to

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx && !ctx.response && !isStream(ctx.sourceElement)) sayLost();
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!ctx.response || isStream(ctx.sourceElement)) return;
  if (ctx.response.headers.get("HX-Reswap") === "none") {
    asker = ctx.sourceElement;
    delete trouble.dataset.is;
  } else if (trouble.dataset.is || asker === ctx.sourceElement || ctx.request.method !== "GET") {
    trouble.replaceChildren();
    asker = null;
    delete trouble.dataset.is;
  }
});
