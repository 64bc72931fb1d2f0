// The page of the local cloud: rooms and their transcripts on one side, what happens on the other.

import { listen } from "./connection.js";
import { refreshEvents } from "./events.js";
import { refreshFiles } from "./files.js";
import { setConnected } from "./fleet.js";
import { hear } from "./glimpse.js";
import { show, startLive } from "./live.js";
import { note } from "./notes.js";
import { refreshRooms, startRooms } from "./rooms.js";
import { beginsTranscript, noticeRoom } from "./transcripts.js";

const CHANGES_ROOMS = /^(room|user|role|audio|task)\./;
const CHANGES_FILES = /^cos\.(put|deleted)$/;
const STATES = { live: "Live", lost: "Connection lost. Trying again…" };

function onState(state) {
  const connection = document.getElementById("connection");
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = STATES[state];
  setConnected(state === "live");
  if (state !== "live") return;
  refreshRooms();
  refreshFiles();
  refreshEvents();
}

function onEntry(entry) {
  if (entry.kind === "room.created") noticeRoom(entry);
  note(entry);
  if (entry.kind === "caption") hear(entry);
  else show(entry);
  if (entry.kind === "event.received") refreshEvents();
  if (CHANGES_ROOMS.test(entry.kind) || beginsTranscript(entry)) refreshRooms();
  if (CHANGES_FILES.test(entry.kind)) refreshFiles();
}

startLive();
startRooms();
listen({ onEntry, onState });
