// What is known of a room beside its tasks: why it has none, and its sessions. From the functions' log, or
// else from describe_room, which is asked once.

import { post } from "./requests.js";
import { eventName, fullKey } from "./words.js";

const PATIENCE_MS = 10_000; // after a room was opened: as long its callbacks may take
const MOST_KEPT = 5000;
const MOST_SESSIONS = 5; // of one room

const UNTOLD = { state: "untold", text: "never told of" };

const reasons = new Map(); // room → {state, text}: why it has no task
const sessions = new Map(); // room → the ids of its sessions, the newest last
const refusals = new Map(); // room → what became of its last callback, if that was not accepted
const asked = new Set();
let asking = false;

/** Takes an entry of the feed. */
export function note(entry) {
  if (entry.kind === "function.log") noteLine(entry.line);
  if (entry.kind === "callback.delivered") noteCallback(entry);
  if (entry.kind === "room.created") forget(fullKey(entry));
}

function noteLine(line) {
  if (!line.room_id || !/^(room|transcription)\./.test(line.message)) return;
  const key = fullKey(line);
  forget(key); // what was known may have changed
  if (line.session) remember(key, line.session);
  if (line.message === "transcription.not_wanted") put(reasons, key, writeUnwanted(line.rule));
}

function noteCallback(entry) {
  if (entry.status === 200) refusals.delete(fullKey(entry));
  else put(refusals, fullKey(entry), `${eventName(entry.event_type)}: ${entry.error ?? `answered ${entry.status}`}`);
}

function forget(key) {
  reasons.delete(key);
  asked.delete(key);
}

function remember(key, session) {
  const known = sessions.get(key) ?? [];
  if (!known.includes(session)) put(sessions, key, [...known, session].slice(-MOST_SESSIONS));
}

function put(map, key, value) {
  map.set(key, value);
  if (map.size > MOST_KEPT) map.delete(map.keys().next().value);
}

/** → {state, text, why}, undefined as long as nobody knows; a refusal may come after the answer. */
export function findReason(room) {
  const reason = reasons.get(fullKey(room));
  return reason === UNTOLD ? { ...UNTOLD, why: explainUntold(refusals.get(fullKey(room))) } : reason;
}

export const findSessions = (room) => sessions.get(fullKey(room)) ?? [];

/** Asks, one after the other, about rooms that have no task and do not say why; calls `act` when told. */
export async function askWhy(rooms, nowMs, act) {
  const unknown = rooms.filter((room) => nowMs - room.opened_ms > PATIENCE_MS && !asked.has(fullKey(room)));
  if (asking || unknown.length === 0) return;
  asking = true;
  for (const room of unknown) {
    asked.add(fullKey(room));
    await askOne(room);
  }
  asking = false;
  act();
}

async function askOne(room) {
  const { sdk_app_id, room_id, room_id_type } = room;
  const key = fullKey(room);
  const answer = await post("_local/invoke/describe_room", { sdk_app_id, room_id, room_id_type }).catch(() => ({}));
  if (!asked.has(key)) return; // something has happened since
  if (answer.outcome !== "described") {
    asked.delete(key); // the ledger is away: it is asked again
    return;
  }
  for (const session of answer.sessions) remember(key, session.session);
  put(reasons, key, explain(answer.sessions.find((each) => !each.closed_ms)));
}

function explain(session) {
  if (!session) return UNTOLD;
  if (session.service === "none") return writeUnwanted(session.rule);
  if (session.held) return { state: "held", text: "held by hand" };
  const reason = session.tasks.map((task) => task.reason).find(Boolean);
  return reason ? { state: "stopped", text: `stopped: ${reason}` }
    : { state: "noted", text: `not started: rule ${session.rule} waits for its event` };
}

const writeUnwanted = (rule) => ({ state: "unwanted", text: `not wanted: rule ${rule}` });

const explainUntold = (refusal) =>
  `No callback about this room was accepted${refusal ? ` (${refusal})` : ""}. `
  + "Check the callback URL and key in TRTC's console; the room's next event that arrives starts it.";
