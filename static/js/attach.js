// Files on their way into the composer: picked, dropped or pasted. Says how far a big one is, and keeps what was typed
// while one was sent. htmx posts the forms; here they get their files.
const SENT_AT_ONCE = ".composer .chip-form"; // forms that are sent as soon as a file is chosen
const UPLOADS = ".composer :is(#attach, [data-upload])";
const RECORDING = /\.(jsonl|ndjson|har)$/i;
const SHOWN_FROM = 1_000_000; // bytes; less is sent before anybody could read how far it is

const paths = new WeakMap(); // file of a dropped folder → its path there
const uploads = new Map(); // form → the request that carries its files
let typedInto = null; // the text area of a message that had the focus last
let kept = null; // the field with the focus, on its way out of the page
let restored = null;

const composer = () => document.querySelector("#composer");
const attach = () => document.querySelector("#attach");
const size = (files) => files.reduce((sum, file) => sum + file.size, 0);

const say = (place, text) => {
  const line = document.querySelector(`#problem-${place}`);
  if (line) line.textContent = text;
};

const placeOf = (form) => ({ attach: "attach", "import-form": "import" })[form.id] ?? "parts";

const put = (input, files) => {
  const held = new DataTransfer();
  for (const file of files) held.items.add(file);
  input.files = held.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};

const fits = (input) => {
  const [most, total] = [Number(input.dataset.maxBytes), size([...input.files])];
  if (!most || total <= most) return true;
  const said = `${(total / 1e6).toFixed(1)} MB is more than the ${(most / 1e6).toFixed(1)} MB that fit. Nothing was sent.`;
  say(placeOf(input.form), said);
  input.value = "";
  return false;
};

const chosen = async (input) => {
  if (!input.files.length || !fits(input) || !input.form.matches(SENT_AT_ONCE)) return;
  const detail = {};
  document.dispatchEvent(new CustomEvent("composer:save", { detail }));
  await detail.done;
  input.form?.requestSubmit();
};

document.addEventListener("change", ({ target }) => {
  if (target.type === "file" && target.matches(`${UPLOADS} input`)) chosen(target);
});

document.addEventListener("focusin", ({ target }) => {
  if (target.matches?.("#body .prompt-text")) typedInto = target;
});

const messageTypedInto = () => {
  const role = typedInto?.isConnected && typedInto.closest(".message")?.querySelector("select.role");
  return role ? role.id.replace("role-", "") : "";
};

// What is sent, and how -----------------------------------------------------------------------------------------------

const progress = (form) => form.querySelector("[data-progress]") ?? document.querySelector("#attaching");

const showProgress = (form, done, total) => {
  const place = progress(form);
  if (!place || total < SHOWN_FROM) return;
  place.hidden = false;
  const bar = place.querySelector("progress");
  if (done < total) bar.value = done / total;
  else bar.removeAttribute("value"); // all sent: now the server reads it
  place.querySelector("[data-cancel-upload]").hidden = done >= total;
};

const byXhr = (form) => (action, request) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest(); // fetch does not say how far an upload is
    xhr.open(request.method, action);
    for (const [name, value] of Object.entries(request.headers)) xhr.setRequestHeader(name, value);
    xhr.upload.addEventListener("progress", ({ loaded, total }) => showProgress(form, loaded, total));
    xhr.addEventListener("load", () => resolve(new Response(xhr.responseText || null, { status: xhr.status })));
    xhr.addEventListener("error", () => reject(new TypeError("The upload was lost.")));
    xhr.addEventListener("abort", () => reject(new DOMException("Cancelled", "AbortError")));
    request.signal.addEventListener("abort", () => xhr.abort());
    xhr.send(request.body);
  });

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement;
  if (!form.matches?.(UPLOADS)) return;
  const body = ctx.request.body;
  const files = body.getAll("files").filter((file) => file.name);
  body.delete("files");
  for (const file of files) {
    body.append("files", file);
    if (form.matches("[data-upload]")) body.append("paths", paths.get(file) ?? (file.webkitRelativePath || file.name));
  }
  if (form.id === "attach") body.set("index", messageTypedInto());
  ctx.fetch = byXhr(form);
  uploads.set(form, ctx);
  say(placeOf(form), "");
  for (const input of form.querySelectorAll(".visually-hidden[type='file']")) input.value = ""; // the same file may be chosen again
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const form = ctx.sourceElement;
  if (uploads.get(form) === ctx) {
    uploads.delete(form);
    const place = progress(form);
    if (place) place.hidden = true;
  }
  if (ctx.response?.status < 400) document.querySelector(form.dataset?.closes ?? "#none")?.hidePopover();
});

document.addEventListener("click", ({ target }) => {
  if (!target.closest?.("[data-cancel-upload]")) return;
  for (const ctx of uploads.values()) ctx.request.abort();
});

// Dropped and pasted --------------------------------------------------------------------------------------------------

const take = (files) => {
  const recording = document.querySelector("#import-file");
  const parts = document.querySelector("#parts .chip-form input[type='file']:not([webkitdirectory])");
  if (parts) put(parts, files);
  else if (files.length === 1 && RECORDING.test(files[0].name) && recording) {
    document.querySelector("#import").showPopover();
    put(recording, files);
    if (recording.files.length) recording.form.requestSubmit();
  } else if (attach()) put(document.querySelector("#attach-files"), files);
  else say("body", "Files are attached in the form: choose Form below first.");
};

const read = (entry) =>
  new Promise((done) => {
    if (entry.isFile) {
      entry.file((file) => { paths.set(file, entry.fullPath.slice(1)); done([file]); }, () => done([]));
      return;
    }
    const [reader, found] = [entry.createReader(), []];
    const more = () =>
      reader.readEntries(async (entries) => {
        if (!entries.length) return done(found);
        for (const inner of entries) found.push(...(await read(inner)));
        more();
      }, () => done(found));
    more();
  });

const dropped = async (transfer) => {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...transfer.files];
  if (!entries.some((entry) => entry.isDirectory)) return take(files);
  if (!document.querySelector("#parts")) return say("attach", "A folder cannot be attached: choose the files in it.");
  const found = [];
  for (const entry of entries) found.push(...(await read(entry)));
  take(found);
};

const prompt = (target) => target.closest?.(".desk-prompt");
const holdsFiles = (transfer) => transfer?.types.includes("Files");

for (const name of ["dragenter", "dragover"])
  document.addEventListener(name, (event) => {
    if (!holdsFiles(event.dataTransfer) || !composer()) return;
    event.preventDefault(); // beside the prompt, too: the browser would leave the page and open the file
    event.dataTransfer.dropEffect = prompt(event.target) ? "copy" : "none";
    document.querySelector(".desk-prompt")?.toggleAttribute("data-drop", Boolean(prompt(event.target)));
  });

document.addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) document.querySelector(".desk-prompt")?.removeAttribute("data-drop");
});

document.addEventListener("drop", (event) => {
  if (!holdsFiles(event.dataTransfer) || !composer()) return;
  event.preventDefault();
  document.querySelector(".desk-prompt")?.removeAttribute("data-drop");
  if (prompt(event.target)) dropped(event.dataTransfer);
});

document.addEventListener("paste", (event) => {
  const { files, types } = event.clipboardData ?? { files: [], types: [] };
  const here = event.target === document.body || event.target.closest?.("#composer");
  // Office programs put a picture of the text beside the text: the text was meant.
  if (!files.length || !here || types.includes("text/html") || event.target.closest?.(".popup")) return;
  event.preventDefault();
  take([...files]);
});

// The message is drawn anew with its file; what was typed meanwhile stays, and so does the cursor.
const FIELDS = "#body :is(.prompt-text, .part input)";
const label = (field) => field.getAttribute("aria-labelledby") ?? field.id;
const alike = (field) => [...document.querySelectorAll(FIELDS)].filter((other) => label(other) === label(field));

document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const field = document.activeElement;
  kept = null;
  if (!ctx.sourceElement.matches?.(SENT_AT_ONCE) || !field?.matches?.(FIELDS)) return;
  kept = { field, nth: alike(field).indexOf(field) };
});

// In the same task as the change of the page: between any two others there may be a letter.
document.addEventListener("htmx:before:settle", () => {
  if (!kept || kept.field.isConnected) return;
  const { value, selectionStart, selectionEnd } = kept.field;
  const field = alike(kept.field)[kept.nth];
  const changed = field && field.value !== value ? field : null;
  kept = null;
  if (!field) return;
  if (changed) field.value = value;
  field.focus();
  field.setSelectionRange(selectionStart, selectionEnd);
  restored = changed;
});

// By now htmx listens to the new field: what was not saved yet is.
document.addEventListener("htmx:after:swap", () => {
  restored?.dispatchEvent(new Event("input", { bubbles: true }));
  restored = null;
});

// This module comes with the first sign of life, and that may have been a file.
for (const input of document.querySelectorAll(`${UPLOADS} input[type="file"]`)) chosen(input);
