// One room: who is in it, what transcribes it, what was just said, and buttons to play with it.

import { fillGlimpse } from "./glimpse.js";
import { keep } from "./keyed.js";
import { toggleRoom } from "./live.js";
import { act, onClick, onSubmit } from "./requests.js";
import { clockTime, colourOf, roleName, roomKey, roomOf, serviceName } from "./words.js";

const ANCHOR = 20; // the role that has a microphone
const NOBODY_HEARD = "No transcription hears this person now: nothing was written down.";

const fromTemplate = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

function write(element, selector, text) {
  const part = element.querySelector(selector);
  if (part.textContent !== text) part.textContent = text;
}

export const peopleIn = (room) => room.users.filter((user) => !user.bot);

export function newCard(room) {
  const card = fromTemplate("room-card");
  const find = (selector) => card.querySelector(selector);
  card.dataset.room = roomKey(roomOf(room));
  find(".room-name").addEventListener("click", () => toggleRoom(roomOf(room)));
  opens(find(".opens-translate"), find(".translate"));
  opens(find(".opens-enter"), find(".enter"));
  onClick(find(".dismiss"), card, async () => { await act(room, "dismiss", {}); });
  onSubmit(find(".enter"), card, async ({ user_id, role }) => {
    await act(room, "enter", { user_id, role: Number(role) });
  });
  onSubmit(find(".say"), card, (fields) => speak(room, find(".say"), fields));
  return card;
}

async function speak(room, form, { user_id, text, language, translation }) {
  const translations = language && translation ? { [language]: translation } : {};
  const { heard_by } = await act(room, "say", { user_id, text, translations });
  form.elements.text.value = form.elements.translation.value = "";
  form.elements.text.focus();
  return heard_by.length ? "" : NOBODY_HEARD;
}

/** A button that shows and hides a part of the card. */
function opens(button, part) {
  button.addEventListener("click", () => {
    part.hidden = !part.hidden;
    button.setAttribute("aria-expanded", String(!part.hidden));
    if (!part.hidden) part.querySelector("input").focus();
  });
}

const shown = new WeakMap(); // card → what it shows

/** Fills a card, unless it shows all that already: most of a hundred stay as they are. */
export function fillCard(card, room, badge) {
  const wanted = JSON.stringify([room, badge]);
  if (shown.get(card) === wanted) return;
  shown.set(card, wanted);
  const find = (selector) => card.querySelector(selector);
  const people = peopleIn(room);
  const speakers = people.filter((user) => user.role === ANCHOR);
  card.dataset.open = room.open;
  find(".badge").dataset.state = badge.state;
  write(card, ".badge", badge.text);
  write(card, ".why", badge.why);
  write(card, ".room-name", room.room_id);
  write(card, ".kind", room.room_id_type === 0 ? "number" : "text");
  write(card, ".since", writeSince(room));
  keep(find(".tasks"), room.tasks, {
    keyOf: (task) => task.task_id, create: () => fromTemplate("task-row"), update: fillTask });
  keep(find(".people"), people, {
    keyOf: (user) => user.user_id, create: (user) => newPerson(room, user, card), update: fillPerson });
  fillGlimpse(card);
  keepOptions(find(".speaks select"), speakers.map((user) => user.user_id));
  find(".say").hidden = speakers.length === 0;
  find(".controls").hidden = !room.open;
  offerLanguages(card, [...new Set(room.tasks.flatMap((task) => task.languages))]);
}

function writeSince({ open, opened_ms, closed_ms }) {
  if (open) return `since ${clockTime(opened_ms)}`;
  return closed_ms ? `${clockTime(opened_ms)} – ${clockTime(closed_ms)}` : "closed";
}

/** Only what a task translates to can be heard in translation. */
function offerLanguages(card, languages) {
  keepOptions(card.querySelector(".translate select"), languages);
  card.querySelector(".opens-translate").hidden = languages.length === 0;
  if (languages.length === 0) card.querySelector(".translate").hidden = true;
}

function keepOptions(select, values) {
  keep(select, values, {
    keyOf: (value) => value, create: (value) => new Option(value, value), update: () => {} });
}

function fillTask(row, task) {
  const languages = task.languages.length ? ` → ${task.languages.join(", ")}` : "";
  write(row, ".service", serviceName(task.service));
  write(row, ".status", task.status);
  write(row, ".region", `${task.region}${languages}`);
  row.dataset.status = task.status;
  row.title = `task ${task.task_id}, bot ${task.bot_user_id}`;
}

function newPerson(room, user, card) {
  const row = fromTemplate("person-row");
  const { user_id } = user;
  onClick(row.querySelector(".turn"), card, async () => {
    await act(room, "audio", { user_id, on: row.dataset.microphone !== "true" });
  });
  onClick(row.querySelector(".leave"), card, async () => { await act(room, "leave", { user_id }); });
  return row;
}

function fillPerson(row, user) {
  const turn = user.microphone ? "Mute" : "Unmute";
  const microphone = user.microphone ? "microphone on" : "microphone off";
  row.dataset.microphone = user.microphone;
  row.dataset.speaker = colourOf(user.user_id);
  write(row, ".name", user.user_id);
  write(row, ".state", user.role === ANCHOR ? `${roleName(user.role)}, ${microphone}` : roleName(user.role));
  write(row, ".turn", turn);
  row.querySelector(".turn").hidden = user.role !== ANCHOR;
  row.querySelector(".turn").setAttribute("aria-label", `${turn} ${user.user_id}`);
  row.querySelector(".leave").setAttribute("aria-label", `${user.user_id} leaves`);
}
