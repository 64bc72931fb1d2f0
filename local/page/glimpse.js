// A glimpse of what is said in a room: its last sentences. The whole stands on the transcript's page.

import { keep } from "./keyed.js";
import { colourOf, roomKey, roomOf } from "./words.js";

const SENTENCES = 2;

const heard = new Map(); // room → its last sentences, oldest first

/** Takes a caption; a sentence and its translations are one, in whichever order they come. */
export function hear(entry) {
  const key = roomKey(roomOf(entry));
  const sentences = heard.get(key) ?? [];
  const round = JSON.stringify([entry.task_id, entry.round_id]);
  let sentence = sentences.find((each) => each.round === round);
  if (!sentence) {
    sentence = { round, user_id: entry.user_id, text: "", translations: new Map() };
    sentences.push(sentence);
  }
  if (entry.language) sentence.translations.set(entry.language, entry.text);
  else sentence.text = entry.text;
  heard.set(key, sentences.slice(-SENTENCES));
  for (const card of document.querySelectorAll(".card")) {
    if (card.dataset.room === key) fillGlimpse(card);
  }
}

export function fillGlimpse(card) {
  keep(card.querySelector(".glimpse"), heard.get(card.dataset.room) ?? [], {
    keyOf: (sentence) => sentence.round, create: newSentence, update: fillSentence });
}

function newSentence({ user_id }) {
  const row = document.getElementById("caption-row").content.firstElementChild.cloneNode(true);
  row.dataset.speaker = colourOf(user_id);
  row.querySelector(".speaker").textContent = user_id;
  return row;
}

function fillSentence(row, { text, translations }) {
  row.querySelector(".spoken").textContent = text;
  keep(row.querySelector(".translations"), [...translations], {
    keyOf: ([language]) => language, create: newTranslation, update: fillTranslation });
}

function newTranslation([language]) {
  const line = document.createElement("p");
  line.className = "translation";
  line.lang = language;
  line.dir = "auto";
  return line;
}

const fillTranslation = (line, [, text]) => { line.textContent = text; };
