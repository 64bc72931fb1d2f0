// The page of the local cloud: the live feed on one side, the rooms on the other.

import { listen } from "./connection.js";
import { show, startLive } from "./live.js";
import { refreshRooms, startRooms } from "./rooms.js";

const CHANGES_ROOMS = /^(room|user|role|audio|task)\./;
const STATES = { live: "Live", lost: "Connection lost. Trying again…" };

function onState(state) {
  const connection = document.getElementById("connection");
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = STATES[state];
  if (state === "live") refreshRooms();
}

function onEntry(entry) {
  show(entry);
  if (CHANGES_ROOMS.test(entry.kind)) refreshRooms();
}

startLive();
startRooms();
listen({ onEntry, onState });
