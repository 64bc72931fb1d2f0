"use strict";
// The page of one transcript.

const address = location.pathname;
const QUICK_MS = 1500;
const STATES = {
  live: "Live",
  waiting: "Waiting for a free place",
  failed: "Transcription failed",
  not_transcribed: "This room is not transcribed",
  held: "Transcription was stopped by hand",
  ended: "Ended",
  lost: "Connection lost. Trying again…",
  expired: "This link has expired. What you see may be incomplete.",
  gone: "This transcript is no longer kept.",
};
const EMPTY = { // what an open room without a sentence says, title and text
  live: ["Nothing has been said yet", "Captions appear here while people talk."],
  waiting: ["No captions yet", "They appear here as soon as there is a free place."],
  failed: ["No captions", "What is said in this room is not written down."],
  not_transcribed: ["No captions", "What is said in this room is not written down."],
  held: ["No captions", "They appear here when transcription is started again."],
};
const EMPTY_ENDED = {
  ended: ["Nothing was said", "This room closed without a word that was transcribed."],
  failed: ["Transcription failed", "What was said in this room was not written down."],
  not_transcribed: ["This room was not transcribed", "What was said in it was not written down."],
};
const ANNOUNCE_MS = 6000; // a screen reader is not interrupted more often
const languages = new Set();
const about = { closed_ms: null, opened_ms: 0 };
const announcing = { sentences: [], timer: 0 };

const closed = () => about.closed_ms !== null;
const stateOf = (states, otherwise) => (Object.hasOwn(states, about.state) ? about.state : otherwise);

function onNews(news) {
  const first = !about.opened_ms;
  Object.assign(about, news);
  const known = new Set(byKey.keys());
  if (news.complete) clearAll();
  if (first) document.title = `${news.room_id} · transcript`;
  element("room").textContent = news.room_id;
  showNames(news.names ?? {});
  showSentences(news.sentences, !news.complete);
  const added = news.sentences.filter((sentence) => !known.has(sentence.key));
  if (news.sentences.map((each) => noteLanguages(languages, each)).some(Boolean)) offerLanguages();
  button.hidden = closed();
  offerSpeakers();
  if (first) follow(!closed());
  else noteAdded(added.filter(({ key }) => !byKey.get(key).item.hidden).length);
  if (first) goToMoment();
  else announce(added);
  writeFacts();
  writeFound();
}

function onState(state) {
  const shown = state === "reached" ? (closed() ? "ended" : stateOf(EMPTY, "live")) : state;
  const status = element("status");
  if (status.dataset.state === shown) return;
  status.dataset.state = shown === "expired" ? "gone" : shown;
  status.textContent = STATES[shown];
  if (shown === "expired" || shown === "gone") stopForGood(shown);
  showEmpty();
}

function stopForGood(state) {
  polling.stopped = true;
  button.hidden = true;
  if (state === "gone") {
    clearAll();
    about.sentences = [];
    offerSpeakers();
    writeFound();
  }
}

/** Begin anew: what was shown, and what was about to be said aloud, may have been deleted. */
function clearAll() {
  clearCaptions();
  announcing.sentences.length = 0;
  element("announcer").textContent = "";
}

function writeFacts() {
  const end = about.closed_ms ?? about.opened_ms + (rows.at(-1)?.sentence.end_ms || 0);
  const speakers = new Set(rows.map((row) => row.sentence.user_id)).size;
  element("facts").textContent = [
    dateOf(about.opened_ms),
    rows.length || closed() ? duration(end - about.opened_ms) : "",
    rows.length ? countOf(speakers, "speaker") : "",
    rows.length ? countOf(rows.length, "sentence") : "",
  ].filter(Boolean).join(" · ");
  element("notice").textContent = about.notice || "";
  element("notice").hidden = !about.notice;
  showEmpty();
}

function showEmpty() {
  const state = element("status").dataset.state;
  element("empty").hidden = Boolean(rows.length) || state === "loading";
  const gone = state === "gone" || state === "lost";
  const [title, text] = gone ? ["Nothing to show", ""]
    : closed() ? EMPTY_ENDED[stateOf(EMPTY_ENDED, "ended")] : EMPTY[stateOf(EMPTY, "live")];
  element("empty-title").textContent = title;
  element("empty-text").textContent = text;
}

/** Say to a screen reader what is new, in one go, and not too often. */
function announce(sentences) {
  if (!following || !sentences.length) return;
  announcing.sentences.push(...sentences);
  announcing.timer ||= setTimeout(() => {
    const spoken = announcing.sentences.splice(0);
    announcing.timer = 0;
    element("announcer").textContent = spoken.length > 4
      ? countOf(spoken.length, "new caption")
      : spoken.map((each) => `${speakerName(each)}: ${textsOf(each, shownLanguages)[0].text}`).join("\n");
  }, ANNOUNCE_MS);
}

function fillPick(id, options, value) {
  const pick = element(id);
  pick.replaceChildren(...options.map(([tag, name]) => new Option(name, tag)));
  pick.value = options.some(([tag]) => tag === value) ? value : options[0][0];
}

/** What the address asks for; else what was said, and the reader's own language where it is there. */
function wantedLanguages() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked !== null) return asked.split(/[,+ ]+/);
  return [SPOKEN, navigator.languages.map((tag) => findLanguage([...languages], tag)).find(Boolean)];
}

/** Language choices, as soon as there is a choice. */
function offerLanguages() {
  const [first, second] = wantedLanguages().map((tag) => findLanguage([SPOKEN, ...languages], tag ?? ""));
  const named = [...languages].map((tag) => [tag, languageName(tag)]);
  const some = rows.some((row) => Object.keys(row.sentence.translations).length);
  element("pick-language").hidden = element("pick-beside").hidden = !some;
  fillPick("language", [[SPOKEN, "As spoken"], ...named], first);
  fillPick("beside", [["", "One language"], [SPOKEN, "+ as spoken"], ...named.map(([tag, name]) => [tag, `+ ${name}`])],
    some ? second : "");
  onLanguages();
}

function chosenLanguages() {
  const chosen = [element("language").value || SPOKEN, element("beside").value];
  return [...new Set(chosen.filter(Boolean))];
}

function onLanguages() {
  const chosen = chosenLanguages();
  showLanguages(chosen);
  writeDownloads(chosen);
  writeFound();
  if (following && !searched) toEnd();
}

function writeDownloads(chosen) {
  const query = chosen.length > 1 || chosen[0] !== SPOKEN ? `?lang=${chosen.map(encodeURIComponent).join(",")}` : "";
  document.querySelectorAll("a[data-file]").forEach((link) => {
    link.href = `${address}.${link.dataset.file}${link.dataset.file === "json" ? "" : query}`;
  });
}

function onPicked() {
  history.replaceState(null, "", `${address}?lang=${chosenLanguages().join(",")}${location.hash}`);
  onLanguages();
}

function closeMenu(event) {
  const menu = element("downloads");
  if (event.type === "keydown" ? event.key === "Escape" : !menu.contains(event.target)) {
    if (menu.open && event.type === "keydown") menu.querySelector("summary").focus();
    menu.open = false;
  }
}

function start() {
  writeDownloads([SPOKEN]);
  element("language").addEventListener("change", onPicked);
  element("beside").addEventListener("change", onPicked);
  document.addEventListener("click", closeMenu);
  document.addEventListener("keydown", closeMenu);
  startFilters();
  startMoments();
  startFollowing();
  startPolling(onNews, onState);
}

start();
