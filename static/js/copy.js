// data-copy="#selector": copies that element's text; data-copy-text="…": copies the text itself.
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

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy], [data-copy-text]");
  if (!button || button.dataset.copied) return;
  const label = button.textContent;
  const done = await copy(textOf(button.dataset));
  button.dataset.copied = done ? "yes" : "no";
  button.textContent = done ? "Copied" : "Select and copy by hand";
  document.querySelector("#said").textContent = button.textContent;
  setTimeout(() => {
    button.textContent = label;
    delete button.dataset.copied;
  }, SAID_MS);
});
