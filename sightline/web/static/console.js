// Keys that press the page's own buttons, and rows that light their boxes. Every page works without this file.

const page = document.documentElement;
const WORDS = { arrowleft: "←", arrowright: "→", escape: "Esc" };
const keysOf = (element) => element.dataset.key.toLowerCase().split(" ");

/** Elements that a key presses; what is hidden is not pressed. Older browsers call the property by its second name. */
const SEEN = { visibilityProperty: true, checkVisibilityCSS: true };
const keyed = () => [...document.querySelectorAll("[data-key]")].filter((each) => each.checkVisibility(SEEN) && !each.disabled);

const isWriting = (element) =>
  element instanceof HTMLElement && element.closest("select, textarea, input:not([type=checkbox]), [contenteditable]");

function showKeys() {
  const dialog = document.getElementById("keys");
  const rows = keyed().map((each) => {
    const row = document.createElement("tr");
    for (const text of [keysOf(each).map((key) => WORDS[key] ?? key.toUpperCase()).join(" "), each.dataset.does ?? each.textContent.trim()]) {
      row.append(Object.assign(document.createElement("td"), { textContent: text }));
    }
    return row;
  });
  dialog.querySelector("tbody").replaceChildren(...rows);
  dialog.showModal();
}

// On the document, so that no widget that has the focus can swallow a key.
document.addEventListener("keydown", (event) => {
  const isPlain = !(event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing);
  if (page.dataset.keys !== "on" || !isPlain || event.defaultPrevented || isWriting(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    showKeys();
    return;
  }
  const pressed = keyed().find((each) => keysOf(each).includes(event.key.toLowerCase()));
  if (pressed) {
    event.preventDefault();
    pressed.click();
  }
});

// A row of the list lights its boxes, and a box its row.
const rows = [...document.querySelectorAll("[data-boxes]")].map((row) => ({
  row,
  boxes: row.dataset.boxes.split(" ").map((number) => document.querySelector(`[data-box="${number}"]`)),
}));
for (const { row, boxes } of rows) {
  const light = (is) => [row, ...boxes].forEach((each) => each.classList.toggle("lit", is));
  for (const source of [row, ...boxes]) {
    source.addEventListener("pointerenter", () => light(true));
    source.addEventListener("pointerleave", () => light(row === document.activeElement));
  }
  row.addEventListener("focus", () => light(true));
  row.addEventListener("blur", () => light(false));
}

// A form that is sent once: a second key lands on the old page while the next one is loading. Nobody judges a picture
// before it is there.
let isSent = false;
const judged = document.querySelector("[data-judged]");
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]")) return;
  const isUnseen = judged && event.submitter?.matches("[data-judges]") && !(judged.complete && judged.naturalWidth);
  if (isSent || isUnseen) event.preventDefault();
  else isSent = true;
});
addEventListener("pageshow", () => (isSent = false));

// A slider says where it stands, and sends its form once it rests: each step of a held key would be a page.
const REST_MILLISECONDS = 400;
for (const slider of document.querySelectorAll("input[data-sends]")) {
  let resting;
  slider.addEventListener("input", () => (slider.form.querySelector("output").value = `${slider.value} %`));
  slider.addEventListener("change", () => {
    clearTimeout(resting);
    resting = setTimeout(() => slider.form.requestSubmit(), REST_MILLISECONDS);
  });
}

// The status reads itself anew while somebody looks, unless it is paused. A part that has not changed stays as it is.
const READ_MILLISECONDS = 10_000;
const live = document.querySelector("[data-live]");
const made = (name, properties = {}, children = []) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};
const named = (text) => made("bdi", { textContent: text });

function tableOf({ title, columns, rows }) {
  const heading = title ? [made("h3", {}, [named(title)])] : [];
  if (!rows.length) return heading;
  const head = made("tr", {}, columns.map((each) => made("th", { scope: "col", textContent: each })));
  const body = rows.map((row) => {
    const cells = row.map((each) => made("td", {}, [named(each)]));
    cells.forEach((cell, place) => (cell.dataset.name = columns[place]));
    return made("tr", {}, cells);
  });
  return [...heading, made("table", { className: "facts" }, [made("thead", {}, [head]), made("tbody", {}, body)])];
}

function alarmOf({ what, remedy, address, page: to }) {
  const children = [made("strong", {}, [named(what)]), made("span", {}, [named(remedy), "."])];
  if (address) children.push(made("a", { className: "button", href: address, textContent: to }));
  return made("li", { className: "card" }, children);
}

const shownBefore = new Map();
function replace(place, name, told, elements) {
  const text = JSON.stringify(told);
  if (shownBefore.get(name) === text || place.contains(document.activeElement)) return;
  shownBefore.set(name, text);
  place.replaceChildren(...elements());
}

function showStatus(view) {
  const sentence = live.querySelector("[data-sentence]");
  if (sentence.textContent !== view.sentence) sentence.textContent = view.sentence;
  sentence.classList.toggle("refused", view.alarms.length > 0);
  replace(live.querySelector("[data-alarms]"), "alarms", view.alarms, () => view.alarms.map(alarmOf));
  for (const part of view.parts) {
    const section = live.querySelector(`[data-part="${part.name}"]`);
    section.classList.toggle("quiet", !part.tables.length);
    section.querySelector("[data-told]").textContent = part.told;
    replace(section.querySelector("[data-tables]"), part.name, part.tables, () => part.tables.flatMap(tableOf));
  }
}

async function readStatus() {
  try {
    const answer = await fetch(live.dataset.live);
    if (answer.redirected || !answer.ok) throw new Error(answer.redirected ? "your session has ended" : `it answered ${answer.status}`);
    showStatus(await answer.json());
  } catch (error) {
    live.querySelector("[data-sentence]").textContent = `Not read: ${error.message}. Read again.`;
  }
}

if (live) {
  const pause = live.querySelector("[data-pause]");
  let isPaused = false;
  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) readStatus();
  });
  setInterval(() => isPaused || document.hidden || readStatus(), READ_MILLISECONDS);
}


// Lists of visits: keys go from one to the next and choose some. The page works without: by links, boxes and a button.
const listed = () => [...document.querySelectorAll(".visit")].filter((each) => each.checkVisibility());
const BOXES = ".choose input, .pick input";
const boxes = () => [...document.querySelectorAll(BOXES)].filter((each) => each.checkVisibility());
let current = null;
let lastBox = null;
document.addEventListener("focusin", (event) => (current = event.target.closest(".visit") ?? current));

function count() {
  const chosen = [...document.querySelectorAll(BOXES)].filter((each) => each.checked);
  document.querySelectorAll("[data-number]").forEach((each) => (each.textContent = chosen.length || "the"));
  const bar = document.querySelector("[data-choosing]");
  if (!bar) return;
  const pictures = chosen.reduce((sum, box) => sum + Number(box.dataset.holds), 0);
  const named = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
  bar.classList.add("scripted");
  bar.classList.toggle("chosen", chosen.length > 0);
  bar.querySelector("[data-counted]").textContent = `Mark ${named(chosen.length, "visit")} (${named(pictures, "picture")}) as seen`;
}

function chooseAll() {
  boxes().forEach((box) => (box.checked = true));
  count();
}

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (step) {
    event.preventDefault();
    const all = listed();
    const next = all.indexOf(current) + Number(step.dataset.step);
    all.at(Math.max(0, Math.min(next, all.length - 1)))?.querySelector("a.card").focus();
  } else if (event.target.closest("[data-choose]")) current?.querySelector(".choose input")?.click();
  else if (event.target.closest("[data-choose-all]")) chooseAll();
  else if (event.target.matches(BOXES)) {
    const all = boxes();
    const ends = [all.indexOf(lastBox), all.indexOf(event.target)].sort((one, other) => one - other);
    if (event.shiftKey && ends[0] >= 0) all.slice(ends[0], ends[1] + 1).forEach((box) => (box.checked = event.target.checked));
    lastBox = event.target;
    count();
  }
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "a" || isWriting(event.target) || !boxes().length) return;
  event.preventDefault();
  chooseAll();
});
document.addEventListener("reset", () => setTimeout(count));
document.querySelectorAll("[data-scripted]").forEach((each) => (each.hidden = false));
count();
addEventListener("pageshow", count);
