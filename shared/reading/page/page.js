"use strict";
// The page of one transcript.

const address = location.pathname;
const QUICK_MS = 1500;
const STATES = {
  live: "Live",
  ended: "Ended",
  lost: "Connection lost. Trying again…",
  expired: "This link has expired. What you see may be incomplete.",
  gone: "This transcript is no longer kept.",
};
const ANNOUNCE_MS = 6000; // a screen reader is not interrupted more often
const languages = new Set();
const about = { closed_ms: null, opened_ms: 0 };
const announcing = { sentences: [], timer: 0 };

const closed = () => about.closed_ms !== null;

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
  if (first) follow(!closed());
  else noteAdded(added.length);
  if (!first) announce(added);
  writeFacts();
  if (searched) writeFound(countShown());
}

function onState(state) {
  const shown = state === "reached" ? (closed() ? "ended" : "live") : state;
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
    : closed() ? ["Nothing was said", "This room closed without a word that was transcribed."]
      : ["Nothing has been said yet", "Captions appear here while people talk."];
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

/** Language choices, as soon as there is a choice. */
function offerLanguages() {
  const wanted = new URLSearchParams(location.search).get("lang")?.split(/[,+ ]+/) || [];
  const named = [...languages].map((tag) => [tag, languageName(tag)]);
  const some = rows.some((row) => Object.keys(row.sentence.translations).length);
  element("pick-language").hidden = element("pick-beside").hidden = !some;
  fillPick("language", [[SPOKEN, "As spoken"], ...named], element("language").value || wanted[0]);
  fillPick("beside", [["", "One language"], [SPOKEN, "+ as spoken"], ...named.map(([tag, name]) => [tag, `+ ${name}`])],
    element("beside").value || wanted[1]);
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
  if (following && !searched) toEnd();
}

function writeDownloads(chosen) {
  const query = chosen.length > 1 || chosen[0] !== SPOKEN ? `?lang=${chosen.map(encodeURIComponent).join(",")}` : "";
  document.querySelectorAll("a[data-file]").forEach((link) => {
    link.href = `${address}.${link.dataset.file}${link.dataset.file === "json" ? "" : query}`;
  });
}

function writeFound(count) {
  element("found").textContent = searched ? `${count.toLocaleString("en")} of ${countOf(rows.length, "sentence")}` : "";
}

function onSearch() {
  const count = searchFor(element("search").value);
  writeFound(count);
  if (searched) scrollTo({ top: Math.min(scrollY, element("captions").offsetTop) });
  else if (following) toEnd();
  showMissed();
}

function onPicked() {
  const chosen = chosenLanguages();
  const query = chosen.length > 1 || chosen[0] !== SPOKEN ? `?lang=${chosen.join(",")}` : "";
  history.replaceState(null, "", address + query);
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
  element("search").addEventListener("input", onSearch);
  element("language").addEventListener("change", onPicked);
  element("beside").addEventListener("change", onPicked);
  document.addEventListener("click", closeMenu);
  document.addEventListener("keydown", closeMenu);
  startFollowing();
  startPolling(onNews, onState);
}

start();
