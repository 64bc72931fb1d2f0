// How one entry of the feed reads: words and numbers only, no DOM.

const SOURCES = {
  room: "room", user: "people", role: "people", audio: "people", api: "api", task: "task", cos: "files", callback: "webhook", function: "log", fault: "fault",
  event: "event",
};

const EVENT_NAMES = {
  101: "room created", 102: "room dismissed", 103: "entered", 104: "left", 105: "role changed",
  201: "video on", 202: "video off", 203: "microphone on", 204: "microphone off",
  205: "sharing on", 206: "sharing off",
  901: "transcription started", 902: "transcription stopped", 903: "sentence",
  1401: "transcription started", 1402: "transcription stopped", 1403: "sentence", 1404: "translation",
};

const TONES = { WARNING: "warn", ERROR: "bad", CRITICAL: "bad" };

const SERVICES = { ai: "AI transcription 1.0", cloud: "Cloud transcription 2.0" };

export const serviceName = (service) => SERVICES[service] ?? String(service ?? "");

export const roleName = (role) => ({ 20: "anchor", 21: "audience" })[role] ?? String(role ?? "");

export const clockTime = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });

/** How long, in its two largest units: 850ms, 4.2s, 4m10s, 3h05m, 2d04h. */
export function writeDuration(ms) {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 1) return `${ms}ms`;
  if (seconds < 60) return `${(ms / 1000).toFixed(1)}s`;
  if (minutes < 60) return `${minutes}m${two(seconds % 60)}s`;
  return hours < 24 ? `${hours}h${two(minutes % 60)}m` : `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

const speakers = new Map(); // user → number of a colour

/** A person keeps the colour in which they were first seen: 0…7, then from the start again. */
export function colourOf(userId) {
  if (!speakers.has(userId)) speakers.set(userId, speakers.size % 8);
  return speakers.get(userId);
}

/** The room an entry is about, undefined when it is about none; log lines carry it themselves. */
export function roomOf(entry) {
  const from = entry.kind === "function.log" ? entry.line : entry;
  if (!from.room_id) return undefined;
  return { id: String(from.room_id), type: from.room_id_type };
}

/** One key for one room of one application, for whatever names all three. */
export const fullKey = ({ sdk_app_id, room_id_type, room_id }) => `${sdk_app_id} ${room_id_type}:${room_id}`;

/** One key for one room: numeric room 123 and text room "123" are two. */
export const roomKey = (room) => `${room.type}:${room.id}`;

/** Whether an entry about `room` belongs to the room of that key; API calls do not say the type. */
export const isIn = (room, key) =>
  room.type === undefined ? key === `0:${room.id}` || key === `1:${room.id}` : key === roomKey(room);

const inRoom = (entry) => (roomOf(entry) ? `in ${roomOf(entry).id}` : "");
const took = (ms) => (typeof ms === "number" ? `${Math.round(ms)} ms` : "");
export const eventName = (type) => `${type} ${EVENT_NAMES[type] ?? ""}`.trim();
// What made a function run: a callback, or somebody who invoked it.
const causeOf = (name, { event_type }) => (event_type ? `on ${eventName(event_type)}` : name);
/** A size in bytes, as people write it. */
export const sizeOf = (bytes) =>
  bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const joined = (...parts) => parts.filter((part) => part !== "" && part !== undefined && part !== null).join(" · ");

const DESCRIBED = {
  "room.created": (e) => ["room opened", joined(e.room_id, e.user_id && `by ${e.user_id}`)],
  "room.dismissed": (e) => ["room closed", e.room_id],
  "user.entered": (e) => ["entered", joined(e.user_id, roleName(e.role), inRoom(e))],
  "user.left": (e) => ["left", joined(e.user_id, inRoom(e))],
  "role.changed": (e) => ["changed role", joined(e.user_id, roleName(e.role), inRoom(e))],
  "audio.started": (e) => ["microphone on", joined(e.user_id, inRoom(e))],
  "audio.stopped": (e) => ["microphone off", joined(e.user_id, inRoom(e))],
  "api.call": (e) => [e.action, joined(e.outcome, inRoom(e), took(e.elapsed_ms))],
  "task.started": (e) => ["accepted", joined(serviceName(e.service), inRoom(e))],
  "task.running": (e) => ["running", joined(serviceName(e.service), inRoom(e))],
  "task.stopped": (e) => ["stopped", joined(serviceName(e.service), inRoom(e), `leave code ${e.leave_code}`)],
  "callback.delivered": (e) => [
    eventName(e.event_type),
    joined(e.error ?? e.status, e.attempt > 1 ? `attempt ${e.attempt}` : "", inRoom(e), took(e.elapsed_ms)),
  ],
  "event.received": (e) => [
    e.type ?? "no event",
    joined(e.verified ? "verified" : e.problem, e.attempt > 1 ? `attempt ${e.attempt}` : "", inRoom(e), `answered ${e.answered}`),
  ],
  "fault.struck": (e) => [
    `${e.where} ${e.what}`, joined(e.receiver, e.event_type && eventName(e.event_type), e.action, e.operation, e.key, inRoom(e))],
  "cos.put": (e) => ["file written", joined(e.key, sizeOf(e.size))],
  "cos.get": (e) => ["file read", joined(e.key, sizeOf(e.size))],
  "cos.deleted": (e) => ["file deleted", e.key],
  "cos.refused": (e) => [e.action || "refused", joined(e.code, e.key)],
  "function.log": ({ function: name, line }) => [
    line.message ?? name,
    joined(inRoom({ room_id: line.room_id }), line.transcription_service && serviceName(line.transcription_service),
      line.outcome, line.error_code, took(line.start_latency_ms ?? line.elapsed_ms), causeOf(name, line)),
  ],
};

/** → {source, what, about, tone}: one line about any entry, known kind or not. */
export function describe(entry) {
  const [what, about] = DESCRIBED[entry.kind]?.(entry) ?? [entry.kind, inRoom(entry)];
  const source = SOURCES[String(entry.kind).split(".")[0]] ?? "other";
  return { source, what: String(what ?? ""), about: String(about ?? ""), tone: toneOf(entry) };
}

function toneOf(entry) {
  if (entry.kind === "function.log") return TONES[entry.line.level] ?? "";
  if (entry.kind === "fault.struck") return "warn";
  if (entry.kind === "cos.refused") return entry.code === "NoSuchKey" ? "" : "bad";
  if (entry.kind === "event.received") return entry.verified ? "" : "bad";
  if (entry.kind === "api.call") return entry.outcome === "ok" ? "" : "bad";
  if (entry.kind === "callback.delivered") return entry.error || !entry.status ? "bad" : entry.status === 200 ? "" : "warn";
  return "";
}

/** What stands in an opened row: every field but those the row shows anyway. */
export function fieldsOf(entry) {
  const { seq, at_ms, kind, ...rest } = entry;
  return JSON.stringify(kind === "function.log" ? rest.line : rest, null, 2);
}
