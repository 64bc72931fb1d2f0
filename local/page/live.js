// What happens, one line each. What is said is no line here: it stands on the transcript's page.

import { clockTime, describe, fieldsOf, isIn, roomKey, roomOf } from "./words.js";

const MAX_ROWS = 1500;

const byId = (id) => document.getElementById(id);
const fromTemplate = (id) => byId(id).content.firstElementChild.cloneNode(true);

const section = byId("live");
const scroll = byId("scroll");
const rows = byId("rows");
const followButton = byId("follow");
const roomChoice = byId("only-room");

const rooms = new WeakMap(); // row → the room it is about
const roomsOfTasks = new Map(); // task → its room: a stop call names the task only
let waiting = [];
let following = true;
let planned = false;
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
  roomChoice.addEventListener("change", chooseRoom);
  followButton.addEventListener("click", () => setFollowing(!following));
  scroll.addEventListener("scroll", noticeScrolling);
  new ResizeObserver(() => following && toEnd()).observe(scroll);
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
  while (rows.childElementCount > MAX_ROWS) rows.firstElementChild.remove();
  afterChange();
}

function draw(entry) {
  const room = roomOf(entry) ?? roomsOfTasks.get(entry.task_id);
  if (entry.kind === "task.started") roomsOfTasks.set(entry.task_id, room);
  rows.append(newEvent(entry, room));
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
  section.dispatchEvent(new CustomEvent("roomchosen", { detail: roomChoice.value, bubbles: true }));
  afterChange();
}

function afterChange() {
  byId("nothing-yet").hidden = rows.querySelector(":scope > li:not([hidden])") !== null;
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
