// The live view: captions as a conversation, everything else as one line each.

import { clockTime, colourOf, describe, fieldsOf, isIn, roomKey, roomOf } from "./words.js";

const MAX_ROWS = 1500;
const FIRST_BATCH_MS = 1500;

const byId = (id) => document.getElementById(id);
const fromTemplate = (id) => byId(id).content.firstElementChild.cloneNode(true);

const section = byId("live");
const scroll = byId("scroll");
const rows = byId("rows");
const followButton = byId("follow");
const roomChoice = byId("only-room");

const sentences = new Map(); // task and round → its row
const rooms = new WeakMap(); // row → the room it is about
const roomsOfTasks = new Map(); // task → its room: a stop call names the task only
let waiting = [];
let following = true;
let planned = false;
let lastCaption = null;
let lastTop = 0;

/** Takes one entry; it is shown in the next frame, or when following goes on. */
export function show(entry) {
  waiting.push(entry);
  if (waiting.length > MAX_ROWS) waiting.shift();
  if (following) plan();
  else showFollowing();
}

/** Shows only one room, or every room again when that one was chosen already. */
export function toggleRoom(room) {
  const key = roomKey(room);
  offerRoom(room);
  roomChoice.value = roomChoice.value === key ? "" : key;
  chooseRoom();
}

export function startLive() {
  for (const input of section.querySelectorAll("input[name=view]")) {
    input.addEventListener("change", () => {
      section.dataset.view = input.value;
      afterChange();
    });
  }
  section.dataset.view = section.querySelector("input[name=view]:checked").value;
  roomChoice.addEventListener("change", chooseRoom);
  followButton.addEventListener("click", () => setFollowing(!following));
  scroll.addEventListener("scroll", noticeScrolling);
  new ResizeObserver(() => following && toEnd()).observe(scroll);
  // What was said before this page was opened is not read out.
  setTimeout(() => scroll.setAttribute("aria-live", "polite"), FIRST_BATCH_MS);
}

function plan() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    if (following) drawWaiting();
  });
}

function drawWaiting() {
  const batch = waiting;
  waiting = [];
  for (const entry of batch) draw(entry);
  while (rows.childElementCount > MAX_ROWS) forget(rows.firstElementChild);
  afterChange();
}

function forget(row) {
  sentences.delete(row.dataset.round);
  if (row === lastCaption) lastCaption = null;
  row.remove();
}

function draw(entry) {
  const room = roomOf(entry) ?? roomsOfTasks.get(entry.task_id);
  if (entry.kind === "task.started") roomsOfTasks.set(entry.task_id, room);
  if (entry.kind === "caption") drawCaption(entry, room);
  else rows.append(newEvent(entry, room));
  if (entry.kind === "room.created") offerRoom(room);
}

function newEvent(entry, room) {
  const row = fromTemplate("event-row");
  const { source, what, about, tone } = describe(entry);
  setTime(row, entry.at_ms);
  row.querySelector(".source").textContent = source;
  row.querySelector(".what").textContent = what;
  row.querySelector(".about").textContent = about;
  row.dataset.source = source;
  row.dataset.tone = tone;
  tagRoom(row, room);
  row.querySelector("details").addEventListener(
    "toggle", () => { row.querySelector(".fields").textContent = fieldsOf(entry); }, { once: true });
  return row;
}

/** A sentence and its translations share a row, in whichever order they come. */
function drawCaption(entry, room) {
  const round = JSON.stringify([entry.task_id, entry.round_id]);
  let row = sentences.get(round);
  if (!row) {
    row = newSentence(entry, room, round);
    sentences.set(round, row);
    rows.append(row);
    lastCaption = row;
  }
  if (entry.language) setTranslation(row, entry.language, entry.text);
  else row.querySelector(".spoken").textContent = entry.text;
}

function newSentence(entry, room, round) {
  const row = fromTemplate("caption-row");
  row.dataset.round = round;
  row.dataset.by = JSON.stringify([entry.user_id, roomKey(room)]);
  row.dataset.speaker = colourOf(entry.user_id);
  row.classList.toggle("continued", lastCaption?.dataset.by === row.dataset.by);
  row.querySelector(".speaker").textContent = entry.user_id;
  row.querySelector(".room-tag").textContent = room.id;
  setTime(row, entry.at_ms);
  tagRoom(row, room);
  return row;
}

function setTranslation(row, language, text) {
  let line = [...row.querySelectorAll(".translation")].find((old) => old.dataset.language === language);
  if (!line) {
    line = document.createElement("p");
    line.className = "translation";
    line.dataset.language = language;
    const tag = document.createElement("span");
    tag.className = "language";
    tag.textContent = language;
    const words = document.createElement("span");
    words.lang = language;
    words.dir = "auto";
    line.append(tag, " ", words);
    row.append(line);
  }
  line.lastElementChild.textContent = text;
}

function setTime(row, ms) {
  const time = row.querySelector("time");
  time.textContent = clockTime(ms);
  time.dateTime = new Date(ms).toISOString();
}

function tagRoom(row, room) {
  rooms.set(row, room);
  row.hidden = !isChosen(room);
}

const isChosen = (room) => !roomChoice.value || (room !== undefined && isIn(room, roomChoice.value));

function offerRoom(room) {
  const key = roomKey(room);
  if ([...roomChoice.options].some((option) => option.value === key)) return;
  roomChoice.add(new Option(room.type === 0 ? `${room.id} (number)` : room.id, key));
}

function chooseRoom() {
  for (const row of rows.children) row.hidden = !isChosen(rooms.get(row));
  section.dataset.oneRoom = roomChoice.value !== "";
  section.dispatchEvent(new CustomEvent("roomchosen", { detail: roomChoice.value, bubbles: true }));
  afterChange();
}

function afterChange() {
  const shown = section.dataset.view === "captions" ? ".caption:not([hidden])" : ":scope > li:not([hidden])";
  byId("nothing-yet").hidden = rows.querySelector(shown) !== null;
  if (following) toEnd();
}

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  lastTop = scroll.scrollTop;
}

/** Scrolling up pauses; coming back to the end follows again. */
function noticeScrolling() {
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 24;
  if (following && !atEnd && scroll.scrollTop < lastTop - 4) setFollowing(false);
  else if (!following && atEnd && scroll.scrollTop > lastTop) setFollowing(true);
  lastTop = scroll.scrollTop;
}

function setFollowing(on) {
  following = on;
  showFollowing();
  if (on) drawWaiting();
}

function showFollowing() {
  const count = waiting.length ? ` · ${waiting.length} new` : "";
  followButton.textContent = following ? "Pause" : `Follow${count}`;
}
