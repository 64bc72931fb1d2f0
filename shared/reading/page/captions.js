"use strict";
// The list of captions: sentences in order, whenever they arrive.

const COLOURS = 8;
const TURN_MS = 60000; // after a longer silence the speaker is named again
const list = element("sentences");
const rows = []; // { sentence, item }, in order
const byKey = new Map();
const colours = new Map();
let shownLanguages = [SPOKEN];
let searched = null;
let shownSpeaker = null; // a user id; null: everybody
let markedKey = ""; // of the sentence that a search, or a link, has led to

function colourOf(sentence) {
  const name = sentence.user_id;
  if (!colours.has(name)) colours.set(name, colours.size % COLOURS);
  return colours.get(name);
}

/** Where a sentence belongs among the rows. */
function placeOf(sentence) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(rows[middle].sentence, sentence) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function clearCaptions() {
  rows.length = 0;
  byKey.clear();
  names.clear();
  list.replaceChildren();
}

/** Put sentences in their places; `fresh` ones catch the eye for a moment. */
function showSentences(sentences, fresh) {
  if (!rows.length) fillEmpty(sentences);
  else sentences.forEach((sentence) => placeRow(sentence, fresh));
}

function fillEmpty(sentences) {
  const page = document.createDocumentFragment();
  for (const sentence of [...sentences].sort(before)) {
    const row = newRow(sentence);
    rows.push(row);
    markTurn(rows.length - 1);
    page.append(row.item);
  }
  list.append(page);
}

function placeRow(sentence, fresh) {
  const known = byKey.get(sentence.key);
  if (known) {
    const at = rows.indexOf(known);
    rows.splice(at, 1);
    known.item.remove();
    markTurn(at);
  }
  const row = newRow(sentence);
  const at = placeOf(sentence);
  rows.splice(at, 0, row);
  list.insertBefore(row.item, rows[at + 1]?.item || null);
  row.item.classList.toggle("fresh", fresh);
  markTurn(at);
  markTurn(at + 1);
}

function newRow(sentence) {
  const item = element("row").content.firstElementChild.cloneNode(true);
  const row = { sentence, item };
  byKey.set(sentence.key, row);
  item.classList.add(`speaker-${colourOf(sentence)}`);
  item.classList.toggle("marked", sentence.key === markedKey);
  item.querySelector(".who").textContent = speakerName(sentence);
  const time = item.querySelector("time");
  time.textContent = clock(sentence.start_ms);
  time.dateTime = `PT${(sentence.start_ms / 1000).toFixed(3)}S`;
  item.querySelector(".copy").ariaLabel = `Copy the sentence at ${time.textContent}, with a link`;
  writeTexts(row);
  return row;
}

/** Show what users are called now; null: no name any more. */
function showNames(told) {
  const changed = new Map(Object.entries(told).filter(([id, text]) => (names.get(id) ?? null) !== text));
  if (!changed.size) return;
  changed.forEach((text, id) => names.set(id, text));
  for (const row of rows.filter(({ sentence }) => changed.has(sentence.user_id))) {
    row.item.querySelector(".who").textContent = speakerName(row.sentence);
    writeTexts(row);
  }
}

/** The speaker is named where somebody else spoke before. */
function markTurn(at) {
  const row = rows[at];
  if (!row) return;
  const last = rows[at - 1]?.sentence;
  const goesOn = last && last.user_id === row.sentence.user_id
    && row.sentence.start_ms - last.end_ms < TURN_MS;
  row.item.classList.toggle("turn", !goesOn);
}

/** The row, its direction being "auto", runs as its first text does: of an element with a direction it takes no notice. */
function writeTexts(row) {
  const texts = textsOf(row.sentence, shownLanguages);
  const paragraphs = texts.map(({ text, language, missing }, place) => {
    const paragraph = document.createElement("p");
    paragraph.className = "text";
    if (place) paragraph.dir = "auto";
    if (language && language !== "und") paragraph.lang = language.replaceAll("_", "-");
    if (missing) paragraph.dataset.missing = "";
    paragraph.append(...highlighted(text));
    return paragraph;
  });
  row.item.querySelector(".said").replaceChildren(...paragraphs);
  row.item.hidden = !isShown(row, texts);
}

function isShown(row, texts) {
  if (shownSpeaker !== null && row.sentence.user_id !== shownSpeaker) return false;
  if (!searched) return true;
  const inside = [speakerName(row.sentence), ...texts.map(({ text }) => text)];
  return inside.some((text) => text.search(searched) >= 0);
}

function highlighted(text) {
  if (!searched) return [text];
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(searched)) {
    const mark = document.createElement("mark");
    mark.textContent = match[0];
    parts.push(text.slice(end, match.index), mark);
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

function showLanguages(languages) {
  shownLanguages = languages;
  rows.forEach(writeTexts);
}
