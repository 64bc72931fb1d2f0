// captions.js: live captions on any site. Every script element runs all of this in a scope of its own.

const QUICK_MS = 1000;
const SETTLED_MS = 2500; // a sentence that nobody corrected for so long is read aloud, once
const KEPT = 20; // sentences; what becomes of older ones is not shown any more
const READ_LINK = /^https?:.*\/[\w-]{28,}$/;
const OPTIONS = { // name: what it may be, the default, what to say
  lang: [/^[A-Za-z]{2,}([-_]\w+)*$/, SPOKEN, 'a language such as "en", or "spoken"'],
  lines: [/^[1-4]$/, "2", "1 to 4"],
  position: [/^(inline|bottom)$/, "inline", '"inline" or "bottom"'],
};
const script = document.currentScript;
const box = document.createElement("div"); // what stands on the page; all else is in its shadow
const sentences = new Map();
const names = new Map();
const languages = new Set();
const heard = new Set();
const timers = new Map();
let [address, begun, ended] = ["", false, false];

const closed = () => ended;
const complain = (text) => console.error(`captions.js: ${text}`);
const nameOf = ({ user_id }) => names.get(user_id) ?? (user_id || "Somebody");
const make = (tag, fields, ...children) => {
  const made = Object.assign(document.createElement(tag), fields);
  made.append(...children);
  return made;
};

function readOption(name) {
  const [pattern, usual, hint] = OPTIONS[name];
  const given = script.dataset[name] ?? usual;
  if (pattern.test(given)) return given;
  complain(`data-${name} must be ${hint}, not "${given}"`);
  return usual;
}

/** What was chosen on this site, and before: where the browser keeps such things. */
function remember(changes) {
  const key = `roomscribe-captions ${script.dataset.lang ?? ""}`;
  try {
    const kept = { ...JSON.parse(localStorage.getItem(key)), ...changes };
    if (changes) localStorage.setItem(key, JSON.stringify(kept));
    return kept;
  } catch {
    return {};
  }
}

const choice = { language: SPOKEN, size: 1 };
const status = make("p", { role: "status" });
const lines = make("div", { className: "lines", lang: "" });
const log = make("div", { className: "unseen", lang: "", role: "log", ariaLive: "polite", ariaAtomic: "false" });
const pick = make("select", { ariaLabel: "Language of the captions", hidden: true, onchange: () => choose({ language: pick.value }) });
const smaller = make("button", { type: "button", textContent: "A−", ariaLabel: "Smaller text", onclick: () => resize(-1) });
const larger = make("button", { type: "button", textContent: "A+", ariaLabel: "Larger text", onclick: () => resize(1) });
const toggle = make("button", { type: "button", textContent: "Hide captions", onclick: hideOrShow });
const tools = [pick, smaller, larger, toggle];

const resize = (step) => choose({ size: Math.max(0, Math.min(choice.size + step, 4)) });

function choose(changes) {
  Object.assign(choice, changes);
  remember(changes);
  show();
}

function hideOrShow() {
  lines.hidden = !lines.hidden;
  toggle.textContent = lines.hidden ? "Show captions" : "Hide captions";
}

const captionOf = (sentence) => {
  const [{ text, language }] = textsOf(sentence, [choice.language]);
  return { user: nameOf(sentence), text, language, start_ms: sentence.start_ms };
};

function makeLine(sentence) {
  const { user, text, language } = captionOf(sentence);
  const line = make("p", { dir: "auto" }, make("b", { dir: "auto", textContent: user }), `: ${text}`);
  if (language && language !== "und") line.lang = language.replaceAll("_", "-");
  return line;
}

function show() {
  const rows = [...sentences.values()].slice(-choice.lines).map(makeLine);
  while (rows.length < choice.lines) rows.unshift(make("p")); // nothing on the page moves when somebody speaks
  lines.replaceChildren(...rows);
  lines.dataset.size = choice.size;
  pick.hidden = !languages.size;
  const tags = new Set([SPOKEN, ...languages, choice.language]);
  if (tags.size > pick.length) {
    pick.replaceChildren(...[...tags].map((tag) => new Option(tag === SPOKEN ? "As spoken" : languageName(tag), tag)));
  }
  pick.value = choice.language;
}

function readAloud(key) {
  timers.delete(key);
  heard.add(key);
  if (!sentences.has(key) || lines.hidden) return;
  log.append(makeLine(sentences.get(key)));
  if (log.childElementCount > 4) log.firstChild.remove();
}

function onNews(news) {
  const first = !begun;
  if (news.complete) { // begin anew: what was there may have been deleted
    sentences.clear();
    names.clear();
    log.replaceChildren();
  }
  [begun, ended] = [true, news.closed_ms !== null];
  Object.entries(news.names ?? {}).forEach((each) => names.set(...each));
  news.sentences.forEach((each) => {
    sentences.set(each.key, each);
    noteLanguages(languages, each);
    clearTimeout(timers.get(each.key));
    if (first) heard.add(each.key);
    if (!heard.has(each.key)) timers.set(each.key, setTimeout(readAloud, SETTLED_MS, each.key));
  });
  const last = [...sentences.values()].sort(before).slice(-KEPT);
  sentences.clear();
  last.forEach((each) => sentences.set(each.key, each));
  show();
  const told = news.complete ? last.slice(-choice.lines) : news.sentences;
  told.forEach((each) => box.dispatchEvent(new CustomEvent("roomscribe:caption", { bubbles: true, detail: captionOf(each) })));
}

function onState(state) {
  polling.stopped = !box.isConnected; // whoever takes the box off the page wants no more of it
  if (state === "lost") return; // it goes on trying
  if (state !== "reached") {
    polling.stopped = true;
    [lines, log].forEach((each) => each.remove());
    tools.forEach((each) => each.remove());
    sentences.clear();
  }
  const text = polling.stopped ? "Captions are not available"
    : ended ? "The meeting has ended." : sentences.size ? "" : "Captions appear here when somebody speaks.";
  if (status.textContent !== text) status.textContent = text;
}

function findTarget() {
  const { target } = script.dataset;
  if (!target) return null;
  try {
    const found = document.querySelector(target);
    if (found) return found;
  } catch { /* it is no selector */ }
  complain(`data-target must select an element of the page, and "${target}" does not: the captions stand after the script`);
  return null;
}

function build() {
  Object.assign(choice, { language: readOption("lang"), lines: Number(readOption("lines")) }, remember());
  const root = box.attachShadow({ mode: "open" });
  const others = document.querySelectorAll("[data-roomscribe]").length;
  box.dataset.roomscribe = "";
  try { // allowed by every Content-Security-Policy
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(make("style", { textContent: STYLE, nonce: script.nonce }));
  }
  root.append(make("section", { className: `box ${readOption("position")}`, lang: "en", ariaLabel: `Live captions${others ? ` ${others + 1}` : ""}` },
    lines, make("div", { className: "bar" }, status, ...tools), log));
  show();
}

function start() {
  const target = findTarget();
  build();
  if (target) target.replaceChildren(box);
  else if (document.body.contains(script)) script.after(box);
  else document.body.append(box);
  startPolling(onNews, onState);
}

if (!script) complain('load it with <script src="…" data-link="…">, not as a module or by import()');
else {
  address = script.dataset.link ?? "";
  if (!READ_LINK.test(address)) complain("data-link must be a read link: https://…/TOKEN, without an ending");
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}
