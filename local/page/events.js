// What the local receiver was told, newest first: as somebody's own server would be.

import { keep } from "./keyed.js";
import { get } from "./requests.js";
import { clockTime } from "./words.js";

const MOST = 20;

const byId = (id) => document.getElementById(id);

export async function refreshEvents() {
  const answer = await get(`_local/events?limit=${MOST}`).catch(() => null);
  if (answer) showEvents(answer.events);
}

function showEvents(events) {
  keep(byId("told"), events, {
    keyOf: (each) => `${each.receiver} ${each.id} ${each.attempt}`,
    create: () => byId("told-row").content.firstElementChild.cloneNode(true),
    update: fillRow,
  });
  byId("nothing-told").hidden = events.length > 0;
}

function fillRow(row, each) {
  row.dataset.verified = each.verified;
  row.querySelector(".of").textContent = each.type ?? "no event";
  row.querySelector(".about").textContent = each.data?.room_id ?? "";
  row.querySelector(".verdict").textContent = each.verified ? "verified" : each.problem;
  row.querySelector(".when").textContent = [
    each.attempt > 1 ? `attempt ${each.attempt}` : "", `answered ${each.answered}`, clockTime(each.at_ms),
  ].filter(Boolean).join(" · ");
  row.querySelector(".fields").textContent = JSON.stringify(each.data, null, 2);
}
