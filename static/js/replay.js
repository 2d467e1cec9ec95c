// data-replay="URL": plays the recorded stream that the URL answers with, in a copy of the lane's body, at its own speed.
// The moments are the recorded ones; nothing is asked of the server while it plays. Screen readers hear that it began and
// ended. Who wants less motion gets each block at once when it was whole.
const NEAR_END_PX = 48;
const NOTHING = "No lane here has a recorded stream to replay.";
const players = new Set();

const say = (text) => {
  document.querySelector("#said").textContent = text;
};
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

// Each block's text at the moment of its last piece, instead of piece by piece.
const inWholeBlocks = (steps) => {
  const whole = new Map();
  for (const step of steps) {
    const before = whole.get(step.block) ?? { ...step, text: "" };
    whole.set(step.block, { ...before, at: step.at, text: step.replaces ? step.text : before.text + step.text });
  }
  return [...whole.values()].sort((one, other) => one.at - other.at);
};

const element = (name, className, text = "") => Object.assign(document.createElement(name), { className, textContent: text });

class Player {
  constructor(box, { steps, total }, onEnd) {
    Object.assign(this, { box, total, onEnd, next: 0, played: 0, speed: 1, blocks: new Map(), ended: false });
    this.steps = matchMedia("(prefers-reduced-motion: reduce)").matches ? inWholeBlocks(steps) : steps;
    this.shown = box.querySelector(".conversation");
    this.clock = box.querySelector(".replay-clock");
    this.seen = performance.now();
    this.tick();
  }

  tick() {
    // The lane was drawn anew, or it was stopped.
    if (!this.box.isConnected) return this.onEnd(this, "");
    const now = performance.now();
    this.played = Math.min(this.total, this.played + (now - this.seen) * this.speed);
    this.seen = now;
    const atEnd = this.shown.scrollHeight - this.shown.scrollTop - this.shown.clientHeight < NEAR_END_PX;
    while (this.next < this.steps.length && this.steps[this.next].at <= this.played) this.show(this.steps[this.next++]);
    if (atEnd) this.shown.scrollTop = this.shown.scrollHeight;
    this.clock.textContent = `${seconds(this.played)} of ${seconds(this.total)}`;
    if (this.played >= this.total) return this.onEnd(this, "Replay ended.");
    requestAnimationFrame(() => this.tick());
  }

  show(step) {
    if ("type" in step) this.blocks.set(step.block, this.open(step));
    const text = this.blocks.get(step.block);
    if (!text) return;
    if (step.replaces) text.data = step.text;
    else text.appendData(step.text);
  }

  // A block as it is drawn while it streams.
  open({ type, label }) {
    const text = document.createTextNode("");
    if (type === "turn") {
      this.shown.append(element("p", "turn-mark", label));
      return text;
    }
    const block = element("section", "block");
    block.dataset.type = type;
    if (type !== "text") block.append(element("p", "block-label", label));
    const body = element("div", "block-text");
    body.dir = "auto";
    body.append(text);
    block.append(body);
    this.shown.append(block);
    return text;
  }
}

const placeOf = (button) => button.closest(".lane")?.querySelector(".lane-body") ?? button.closest("[data-replay-place]");

const close = (place) => {
  place.querySelector(":scope > .replay")?.remove();
  delete place.dataset.replaying;
};

const ended = (player, said) => {
  players.delete(player);
  delete player.box.dataset.playing;
  if (!said) return;
  say(said);
  player.box.querySelector("[data-replay-stop]").textContent = "Close";
};

const load = async (button) => {
  const answer = await fetch(button.dataset.replay, { headers: { accept: "application/json" } });
  return answer.ok ? answer.json() : { problem: "The recorded stream could not be loaded." };
};

const begin = (button, schedule) => {
  const place = placeOf(button);
  close(place);
  const box = document.querySelector("#replay-player").content.firstElementChild.cloneNode(true);
  box.setAttribute("aria-label", button.dataset.replayName ?? "Replay");
  place.dataset.replaying = box.dataset.playing = "";
  const timeline = place.querySelector(":scope > .timeline-frame");
  timeline ? timeline.before(box) : place.prepend(box);
  players.add(new Player(box, schedule, ended));
};

// All at once begin at one moment, when the last of them is loaded.
const play = async (buttons) => {
  const loaded = await Promise.all(
    buttons.map((button) => load(button).catch(() => ({ problem: "The console could not be reached." }))),
  );
  const begun = buttons.filter((button, at) => !loaded[at].problem && button.isConnected);
  for (const button of begun) begin(button, loaded[buttons.indexOf(button)]);
  say(begun.length ? "Replay began." : (loaded[0]?.problem ?? NOTHING));
  buttons.forEach((button, at) => loaded[at].problem && (button.textContent = loaded[at].problem));
  return begun;
};

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-replay]");
  if (button) {
    const [begun] = await play([button]);
    if (begun) placeOf(begun).querySelector("[data-replay-stop]").focus();
    return;
  }
  if (target.closest("[data-replay-all]")) {
    play([...document.querySelectorAll(".lane [data-replay]")]);
    document.querySelector("#lanes")?.scrollIntoView({ block: "start" });
    return;
  }
  const box = target.closest(".replay");
  if (!box) return;
  const chosen = target.closest("[data-replay-speed]");
  if (chosen) {
    for (const one of box.querySelectorAll("[data-replay-speed]")) one.setAttribute("aria-pressed", String(one === chosen));
    for (const player of players) if (player.box === box) player.speed = Number(chosen.dataset.replaySpeed);
  } else if (target.closest("[data-replay-stop]")) {
    const playing = [...players].some((player) => player.box === box);
    const place = box.parentElement;
    close(place);
    (place.closest(".lane") ?? place).querySelector("[data-replay]")?.focus();
    if (playing) say("Replay stopped.");
  }
});
