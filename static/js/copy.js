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
