// How a room is, in a few words: its state, what to read about it, and why.

import { findNumbers, findTrouble } from "./fleet.js";
import { findReason } from "./notes.js";
import { writeDuration } from "./words.js";

const QUOTA = "TaskQuota"; // the code of a start that waits for one of TASK_QUOTA tasks to end

const WRITTEN = {
  failed: ({ error_code }) => `failed: ${error_code ?? "unknown"}`,
  waiting: writeWaiting,
  silent: ({ waited_ms }) => `silent for ${writeDuration(waited_ms)}`,
  held: () => "held by hand",
};

/** → {state, text, why}: the worst of what is known; `why` has reason and remedy, or is "". */
export function findBadge(room) {
  if (room.closed_ms) return { state: "ended", text: "ended", why: "" };
  const trouble = findTrouble(room);
  if (trouble) return describeTrouble(trouble, findNumbers(room));
  if (room.tasks.length) return describeTasks(room.tasks);
  return { why: "", ...(findReason(room) ?? { state: "unknown", text: "no task yet" }) };
}

export function describeTrouble(trouble, numbers) {
  const { kind, reason, remedy, attempts } = trouble;
  const tried = attempts > 1 ? `Tried ${attempts} times.` : "";
  const why = [reason, remedy].filter(Boolean).map(writeSentence).concat(tried).join(" ").trim();
  return { state: kind, text: WRITTEN[kind](trouble, numbers), why };
}

function writeWaiting({ error_code, place, waited_ms }, { running, quota }) {
  const cause = error_code === QUOTA ? `quota ${running}/${quota}` : error_code;
  return [
    `waiting${cause ? `: ${cause}` : ""}`, place ? `place ${place}` : "", writeDuration(waited_ms),
  ].filter(Boolean).join(" · ");
}

const writeSentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

const describeTasks = (tasks) => tasks.some((task) => task.status === "InProgress")
  ? { state: "running", text: "transcribing", why: "" } : { state: "starting", text: "starting", why: "" };
