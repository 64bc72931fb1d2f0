// The rooms as the local cloud knows them, asked for anew whenever something changed.

import { findBadge } from "./badge.js";
import { fillCard, newCard, peopleIn } from "./card.js";
import { chosen, countStates, isWanted, startFilter, TROUBLE } from "./filter.js";
import { findNumbers, findTrouble, showNumbers, startFleet } from "./fleet.js";
import { keep } from "./keyed.js";
import { askWhy, findSessions } from "./notes.js";
import { get, onSubmit, post } from "./requests.js";
import { askForTranscripts, linkCards, noticeRoom, showTranscripts } from "./transcripts.js";
import { fullKey, roomKey, roomOf } from "./words.js";

const REFRESH_MS = 150;
const EVERY_MS = 5000;
const MOST_ENDED = 100;
const MANY = 12; // rooms; of more, only the one that is looked at shows what can be done in it
const FAULTS = ["missing", "doubled", "orphaned"];

const byId = (id) => document.getElementById(id);

let rooms = [];
let chosenRoom = "";
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
  document.addEventListener("roomchosen", (event) => {
    chosenRoom = event.detail;
    markChosen();
  });
  startFleet(showRooms);
  startFilter(() => {
    showNumbers();
    showRooms();
  });
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
  rooms = answers.rooms;
  const open = rooms.filter((room) => !room.closed_ms);
  byId("no-rooms").hidden = open.length > 0;
  byId("counts").textContent = writeCounts(open);
  byId("report").textContent = FAULTS.map((fault) => writeSeconds(fault, answers.report[`${fault}_s`])).join(" · ");
  if (answers.transcripts) showTranscripts(answers.transcripts);
  showRooms();
}

async function ask() {
  const [{ rooms }, report] = await Promise.all([get(`_local/rooms?ended=${MOST_ENDED}`), get("_local/report")]);
  rooms.filter((room) => !room.closed_ms).forEach(noticeRoom);
  return { rooms, report, transcripts: await askForTranscripts().catch(() => null) };
}

/** Shows the rooms as they were told last: those in trouble first, the worst of them on top, then the newest. */
function showRooms() {
  const told = rooms.map((room) => ({ room, badge: findBadge(room) }));
  const listed = told.filter(({ badge }) => badge.state !== "ended" || chosen() === "ended");
  listed.sort((a, b) => rank(a) - rank(b) || (b.room.opened_ms ?? 0) - (a.room.opened_ms ?? 0));
  let found = 0;
  keep(byId("cards"), listed, {
    keyOf: ({ room }) => fullKey(room),
    create: ({ room }) => newCard(room),
    update: (card, { room, badge }) => {
      fillCard(card, room, badge);
      card.toggleAttribute("hidden", !isWanted(badge.state, namesOf(room)));
      found += !card.hidden;
    },
  });
  byId("cards").dataset.many = listed.length > MANY;
  byId("none-found").hidden = found > 0 || (listed.length === 0 && chosen() === "all");
  countStates(told.map(({ badge }) => badge.state));
  linkCards();
  markChosen();
  askAboutUnknown(told);
}

function rank({ badge }) {
  const place = TROUBLE.indexOf(badge.state);
  return place < 0 ? TROUBLE.length : place;
}

const namesOf = (room) => [
  room.room_id, ...room.users.map((user) => user.user_id), ...room.tasks.map((task) => task.session_id ?? ""),
  ...findSessions(room), findTrouble(room)?.session ?? "",
];

function askAboutUnknown(told) {
  const unknown = told.filter(({ badge }) => badge.state === "unknown").map(({ room }) => room);
  const numbers = unknown.length && findNumbers(unknown[0]);
  if (numbers) askWhy(unknown.filter((room) => room.open), numbers.at_ms, showRooms);
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

function markChosen() {
  for (const card of byId("cards").children) card.toggleAttribute("data-chosen", card.dataset.room === chosenRoom);
}
