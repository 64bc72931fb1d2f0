"use strict";
// One row of the list of meetings: made once, and changed in its place when the meeting goes on.

// What a person calls each state, and what it means.
const STATES = {
  live: ["Live", "Open, and being transcribed now"],
  waiting: ["Waiting", "Open; transcription starts shortly, or when somebody comes or speaks"],
  failed: ["Failed", "Transcription could not be started"],
  held: ["Stopped by hand", "Open; somebody stopped the transcription"],
  not_transcribed: ["Not transcribed", "Its rule wants no transcription, or it ended before one began"],
  closed: ["Ended", "Over; its transcript is not delivered yet"],
  delivered: ["Delivered", "Over; its transcript is complete and delivered"],
  deleted: ["Deleted", "Over; what was said in it was deleted"],
};
const MOST_SPEAKERS = 3;
const WHEN = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

function newRow(meeting) {
  const row = element("row").content.firstElementChild.cloneNode(true);
  const time = row.querySelector("time");
  time.dateTime = meeting.opened;
  time.title = `${meeting.opened.slice(0, 16).replace("T", " ")} UTC`;
  time.textContent = WHEN.format(Math.min(meeting.opened_ms, MOST_MS));
  row.querySelector(".room bdi").textContent = meeting.room_id;
  fillAbout(row.querySelector(".about"), meeting);
  updateRow(row, meeting);
  return row;
}

/** What may change while a meeting goes on, and afterwards. */
function updateRow(row, meeting) {
  row.dataset.open = meeting.closed_ms === null;
  const state = row.querySelector(".state");
  const [word, meaning] = STATES[meeting.state];
  state.dataset.state = meeting.state;
  state.title = meaning;
  write(state, word);
  write(row.querySelector(".length"), duration(meeting.minutes * 60000));
  write(row.querySelector(".sentences"), meeting.sentences === null ? "" : meeting.sentences.toLocaleString("en"));
  write(row.querySelector(".languages"), meeting.languages.map(languageName).join(", "));
  fillSpeakers(row.querySelector(".speakers"), meeting.speakers);
  leadToTranscript(row, meeting);
}

/** Nothing is touched that says the same already: text may be selected, or be read aloud. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function isolated(text) {
  const node = document.createElement("bdi");
  node.textContent = text;
  return node;
}

function fillAbout(node, { room_id_type, rule, reference }) {
  node.append(room_id_type ? "" : "numeric room · ", isolated(rule));
  if (reference) node.append(" · ", isolated(reference));
}

function fillSpeakers(node, speakers) {
  const named = speakers.join("\n");
  if (node.title === named) return;
  node.title = named;
  node.replaceChildren(...speakers.slice(0, MOST_SPEAKERS).flatMap((each, i) => (i ? [", ", isolated(each)] : [isolated(each)])));
  if (speakers.length > MOST_SPEAKERS) node.append(` and ${countOf(speakers.length - MOST_SPEAKERS, "other")}`);
}

/** A link is signed anew in each answer: the first one stays, so that it is known as visited. */
function leadToTranscript(row, { link, room_id }) {
  const room = row.querySelector(".room");
  row.querySelector(".files").classList.toggle("none", !link);
  if (link ? room.hasAttribute("href") : !room.hasAttribute("href")) return;
  room.querySelector(".unseen").hidden = !link;
  for (const each of [room, ...row.querySelectorAll("[data-file]")]) {
    if (!link) each.removeAttribute("href");
    else each.href = each.dataset.file ? `${link}.${each.dataset.file}` : link;
    if (each.dataset.file) each.ariaLabel = `${each.textContent} of ${room_id}`;
  }
}
