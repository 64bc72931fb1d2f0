// The transcripts of the rooms seen here, of earlier runs too: each has a page of its own, behind its link.

import { keep } from "./keyed.js";
import { get } from "./requests.js";
import { clockTime, fullKey } from "./words.js";

const MOST_ROOMS = 100;

const byId = (id) => document.getElementById(id);
const seen = new Set(); // "application/type/room", the newest last
const begun = new Set(); // sessions in which something was said
let shown = [];

/** Remembers a room, open or long closed, whose transcripts are to be offered. */
export function noticeRoom({ sdk_app_id, room_id, room_id_type }) {
  const name = `${sdk_app_id}/${room_id_type}/${room_id}`;
  seen.delete(name);
  seen.add(name);
}

/** Whether an entry is the first that tells of a sentence kept in a session. */
export function beginsTranscript({ kind, line }) {
  if (kind !== "function.log" || line.message !== "sentence.kept" || begun.has(line.session)) return false;
  begun.add(line.session);
  return true;
}

export async function askForTranscripts() {
  const rooms = [...seen].slice(-MOST_ROOMS).map((name) => ["room", name]);
  if (rooms.length === 0) return [];
  return (await get(`_local/transcripts?${new URLSearchParams(rooms)}`)).transcripts;
}

export function showTranscripts(transcripts) {
  shown = transcripts;
  keep(byId("transcripts"), transcripts, {
    keyOf: (each) => `${fullKey(each)} ${each.opened_ms}`,
    create: newRow,
    update: fillRow,
  });
  byId("no-transcripts").hidden = transcripts.length > 0;
}

/** A room's card leads to the transcript of its open session, once something was said in it, or of its last. */
export function linkCards() {
  for (const card of byId("cards").children) {
    const isIts = (each) => fullKey(each) === card.dataset.key && (each.closed_ms === null || card.dataset.open === "false");
    const found = shown.find(isIts);
    const link = card.querySelector(".read");
    link.toggleAttribute("hidden", !found);
    if (found) lead(link, found);
  }
}

const newRow = () => byId("transcript-row").content.firstElementChild.cloneNode(true);

function fillRow(row, each) {
  const link = row.querySelector("a");
  lead(link, each);
  row.dataset.open = each.closed_ms === null;
  row.querySelector(".of").textContent = each.room_id;
  row.querySelector(".when").textContent = writeTimes(each);
}

/** A link is signed anew each time it is asked for: the first one stays, so that it is known as visited. */
function lead(link, { link: address, opened_ms }) {
  if (link.dataset.session === String(opened_ms)) return;
  link.dataset.session = opened_ms;
  link.href = address;
}

function writeTimes({ opened_ms, closed_ms }) {
  const day = new Date(opened_ms).toDateString() === new Date().toDateString()
    ? "" : `${new Date(opened_ms).toLocaleDateString()} `;
  return closed_ms === null ? `${day}since ${clockTime(opened_ms)}` : `${day}${clockTime(opened_ms)} – ${clockTime(closed_ms)}`;
}
