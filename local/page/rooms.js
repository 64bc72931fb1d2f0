// The rooms as the local cloud knows them, asked for anew whenever something changed.

import { fillCard, newCard, peopleIn } from "./card.js";
import { keep } from "./keyed.js";
import { get, onSubmit, post } from "./requests.js";
import { askForTranscripts, noticeRoom, showTranscripts } from "./transcripts.js";
import { roomKey, roomOf } from "./words.js";

const REFRESH_MS = 150;
const EVERY_MS = 5000;
const FAULTS = ["missing", "doubled", "orphaned"];

const byId = (id) => document.getElementById(id);

let planned = 0;
let asking = false;
let again = false;

/** Asks for the rooms soon; many calls at once become one question. */
export function refreshRooms() {
  if (!planned) planned = setTimeout(askForRooms, REFRESH_MS);
}

export function startRooms() {
  byId("curl").textContent = writeCurl();
  const form = byId("create");
  onSubmit(form, form, async ({ room_id, room_id_type, user_id }) => {
    await post("_local/rooms", { room_id, room_id_type: Number(room_id_type), user_id });
  });
  document.addEventListener("roomchosen", (event) => markChosen(event.detail));
  setInterval(() => document.hidden || refreshRooms(), EVERY_MS);
  refreshRooms();
}

function writeCurl() {
  const body = JSON.stringify({ room_id: "lobby", user_id: "alice" });
  return `curl -X POST \\\n  ${location.origin}/_local/rooms \\\n  -d '${body}'`;
}

async function askForRooms() {
  planned = 0;
  again = asking;
  if (asking) return;
  asking = true;
  // While the local cloud is away the connection says so: no second message.
  const answers = await ask().catch(() => null);
  asking = false;
  if (again) refreshRooms();
  if (!answers) return;
  showRooms(answers.rooms, answers.report);
  if (answers.transcripts) showTranscripts(answers.transcripts);
}

async function ask() {
  const [{ rooms }, report] = await Promise.all([get("_local/rooms"), get("_local/report")]);
  rooms.forEach(noticeRoom);
  return { rooms, report, transcripts: await askForTranscripts().catch(() => null) };
}

function showRooms(rooms, report) {
  const newestFirst = [...rooms].sort((a, b) => (b.opened_ms ?? 0) - (a.opened_ms ?? 0));
  keep(byId("cards"), newestFirst, {
    keyOf: (room) => `${room.sdk_app_id} ${roomKey(roomOf(room))}`,
    create: newCard,
    update: fillCard,
  });
  byId("no-rooms").hidden = rooms.length > 0;
  byId("counts").textContent = writeCounts(rooms);
  byId("report").textContent = FAULTS.map((fault) => writeSeconds(fault, report[`${fault}_s`])).join(" · ");
}

function writeCounts(rooms) {
  const tasks = rooms.flatMap((room) => room.tasks);
  return [
    count(rooms.length, "room", "rooms"),
    count(rooms.flatMap(peopleIn).length, "person", "people"),
    count(tasks.length, "transcription", "transcriptions"),
  ].join(" · ");
}

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

const writeSeconds = (name, value) => `${name} ${Number(value.toFixed(1))} s`;

function markChosen(key) {
  for (const card of byId("cards").children) card.dataset.chosen = card.dataset.room === key;
}
