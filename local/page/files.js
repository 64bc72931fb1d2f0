// The files in the bucket, newest first, asked for anew whenever one was written or deleted.

import { keep } from "./keyed.js";
import { get } from "./requests.js";
import { clockTime, sizeOf } from "./words.js";

const REFRESH_MS = 300;
const MOST_SHOWN = 12; // the newest; a client of COS lists them all

const byId = (id) => document.getElementById(id);

let planned = 0;

/** Asks for the files soon; many calls at once become one question. */
export function refreshFiles() {
  if (!planned) planned = setTimeout(askForFiles, REFRESH_MS);
}

async function askForFiles() {
  planned = 0;
  // While the local cloud is away the connection says so: no second message.
  const answer = await get("_local/cos/objects").catch(() => null);
  if (answer) showFiles(answer.objects);
}

function showFiles(objects) {
  const shown = objects.slice(0, MOST_SHOWN);
  keep(byId("file-list"), shown, { keyOf: (each) => each.key, create: newRow, update: fillRow });
  byId("no-files").hidden = objects.length > 0;
}

// A transcript's files lie in DATE/APPLICATION/ROOM/TIME: the room and the file say enough.
function nameOf(key) {
  const parts = key.split("/");
  return parts.length > 3 ? `${parts.at(-3)} · ${parts.at(-1)}` : key;
}

function newRow({ key }) {
  const row = byId("file-row").content.firstElementChild.cloneNode(true);
  row.querySelector("a").href = `_local/cos/objects/${encodeURIComponent(key)}`;
  row.querySelector(".of").textContent = nameOf(key);
  row.querySelector("a").title = key;
  return row;
}

function fillRow(row, { size, last_modified }) {
  row.querySelector(".when").textContent = `${sizeOf(size)} · ${clockTime(last_modified)}`;
}
