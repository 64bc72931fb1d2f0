"use strict";
// What is looked for: words, and one speaker; and the way from one sentence found to the next.

const CLEAR_PX = 12; // between the bar and what the page has gone to
let offeredSpeakers = "";

const isFiltered = () => Boolean(searched) || shownSpeaker !== null;
const listShown = () => rows.filter((row) => !row.item.hidden);
const countOrder = (at, count) => `${at.toLocaleString("en")} of ${count.toLocaleString("en")}`;

/** Show only what contains these words. */
function searchFor(words) {
  const pattern = words.trim().replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  searched = pattern ? new RegExp(pattern, "gi") : null;
  list.classList.toggle("searching", Boolean(searched));
  rows.forEach(writeTexts);
}

/** Show only what that user said; null: what everybody said. */
function showSpeaker(id) {
  shownSpeaker = id;
  rows.forEach(writeTexts);
}

function writeFound() {
  const shown = listShown();
  const at = shown.findIndex((row) => row.sentence.key === markedKey);
  element("found").textContent = isFiltered() ? `${shown.length.toLocaleString("en")} of ${countOf(rows.length, "sentence")}` : "";
  element("hits").hidden = !searched || !shown.length;
  element("hit").textContent = searched && shown.length ? countOrder(at + 1, shown.length) : "";
}

function markRow(row) {
  byKey.get(markedKey)?.item.classList.remove("marked");
  markedKey = row?.sentence.key ?? "";
  row?.item.classList.add("marked");
}

/** Bring a row into view below the bar, where the keyboard of a phone does not cover it. */
function goTo(row) {
  const stuck = getComputedStyle(element("bar")).position === "sticky";
  row.item.style.scrollMarginTop = `${(stuck ? element("bar").offsetHeight : 0) + CLEAR_PX}px`;
  row.item.scrollIntoView();
}

function step(by) {
  const shown = listShown();
  if (!shown.length) return;
  const at = shown.findIndex((row) => row.sentence.key === markedKey);
  const row = shown[at < 0 ? 0 : (at + by + shown.length) % shown.length];
  follow(false);
  markRow(row);
  goTo(row);
  writeFound();
}

function onSearch() {
  searchFor(element("search").value);
  if (searched) {
    markRow(listShown()[0]);
    scrollTo({ top: Math.min(scrollY, element("captions").offsetTop - element("bar").offsetHeight) });
  } else leaveSearch();
  writeFound();
  showMissed();
}

/** Go on where the page was, or show the sentence found among those around it. */
function leaveSearch() {
  const found = byKey.get(markedKey);
  if (following) {
    markRow(null);
    toEnd();
  } else if (found && !found.item.hidden) goTo(found);
}

function onSpeaker() {
  const { value } = element("speaker");
  showSpeaker(value ? value.slice(1) : null);
  const shown = listShown();
  if (searched && !shown.some((row) => row.sentence.key === markedKey)) markRow(shown[0]);
  if (following && !searched) toEnd();
  writeFound();
}

/** Speakers to choose from, in the order in which they spoke first, as soon as there are two. */
function offerSpeakers() {
  const ids = [...new Set(rows.map(({ sentence }) => sentence.user_id))];
  const called = ids.map((id) => speakerName({ user_id: id }));
  const shared = (name) => called.indexOf(name) !== called.lastIndexOf(name);
  const options = ids.map((id, at) => [`=${id}`, shared(called[at]) ? `${called[at]} (${id})` : called[at]]);
  const offer = JSON.stringify(options);
  if (offer === offeredSpeakers) return; // a list that somebody has opened stays open
  offeredSpeakers = offer;
  element("pick-speaker").hidden = ids.length < 2;
  fillPick("speaker", [["", "Everyone"], ...options], element("speaker").value);
  if (shownSpeaker !== null && !element("speaker").value) onSpeaker(); // nothing of theirs is left
}

function showAll() {
  element("search").value = element("speaker").value = "";
  searchFor("");
  showSpeaker(null);
  writeFound();
}

function startFilters() {
  element("search").addEventListener("input", onSearch);
  element("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) step(event.shiftKey ? -1 : 1);
  });
  element("previous").addEventListener("click", () => step(-1));
  element("next").addEventListener("click", () => step(1));
  element("speaker").addEventListener("change", onSpeaker);
}
