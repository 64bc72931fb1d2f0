"use strict";
// The page of all meetings: a search, what it finds, and what becomes of it.

const REFRESH_MS = 10000;
const [USUAL, MOST] = [50, 200]; // meetings in an answer
const rows = new Map(); // session → row, in the order of the table
const form = element("filters");
const list = { search: new URLSearchParams(), next: null, scanned: 0, turn: 0, timer: 0 };

async function ask(more) {
  const query = new URLSearchParams([...list.search, ...Object.entries(more)]);
  const answer = await fetch(`${location.pathname}.json?${query}`, { cache: "no-store" });
  if (!answer.ok) throw Object.assign(new Error("no list"), { status: answer.status });
  return answer.json();
}

/** Asks; what comes when another search has begun meanwhile is nobody's any more. */
async function load(more, show) {
  const { turn } = list;
  clearTimeout(list.timer);
  let problem = "";
  try {
    const answer = await ask(more);
    if (turn !== list.turn) return;
    show(answer);
  } catch (error) {
    if (turn !== list.turn) return;
    problem = writeProblem(error);
  }
  showList(problem);
  if (problem !== EXPIRED && problem !== SENSELESS) list.timer = setTimeout(refresh, REFRESH_MS);
}

const EXPIRED = "This link has expired. Ask whoever runs this for a new one.";
const SENSELESS = "This search cannot be understood. Look at its days and its state.";

function writeProblem({ status }) {
  if (status === 403) return EXPIRED;
  return status === 400 ? SENSELESS : "Connection lost. Trying again…";
}

function append({ meetings, next, scanned }) {
  list.next = next;
  list.scanned += scanned;
  element("rows").append(...meetings.filter(({ session }) => !rows.has(session)).map(keepRow));
}

function keepRow(meeting) {
  const row = newRow(meeting);
  rows.set(meeting.session, row);
  return row;
}

/** Puts a newer answer about the first meetings in the place of what is shown of them. */
function merge({ meetings, next }) {
  const body = element("rows");
  let place = body.firstElementChild;
  const told = new Set(meetings.map(({ session }) => session));
  for (const meeting of meetings) {
    const known = rows.get(meeting.session);
    if (known) updateRow(known, meeting);
    else body.insertBefore(keepRow(meeting), place);
    if (known) place = known.nextElementSibling;
  }
  if (next === null) [list.next, place] = [null, null];
  for (const [session, row] of rows) {
    const isCovered = !place || row.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (isCovered && !told.has(session)) {
      row.remove();
      rows.delete(session);
    }
  }
}

/** Whatever is read stays where it is, although rows above it come and go. */
function standStill(change) {
  const read = [...rows.values()].find((row) => row.getBoundingClientRect().bottom > 0);
  const before = read?.getBoundingClientRect().top;
  change();
  if (read?.isConnected && before < 0) scrollBy(0, read.getBoundingClientRect().top - before);
}

function refresh() {
  const isOpen = element("rows").querySelector("[data-open=true]");
  if (document.hidden || (list.search.size && !isOpen)) return;
  load({ limit: Math.min(MOST, Math.max(USUAL, rows.size)) }, (answer) => standStill(() => merge(answer)));
}

function showList(problem) {
  element("table").hidden = !rows.size;
  element("more").hidden = list.next === null;
  element("more").textContent = rows.size ? "More meetings" : "Search further";
  const status = element("status");
  status.dataset.state = problem ? "lost" : "ended";
  write(status, problem || `${countOf(rows.size, "meeting")}${list.next === null ? "" : ", and there may be more"}`);
  element("empty").hidden = Boolean(rows.size || problem);
  const [title, text] = list.next !== null ? ["Nothing found so far", `None of the newest ${list.scanned.toLocaleString("en")} meetings fits this search.`]
    : list.search.size ? ["Nothing found", "No meeting fits this search."]
      : ["No meeting yet", "Meetings appear here as soon as a room opens."];
  write(element("empty-title"), title);
  write(element("empty-text"), text);
}

function search() {
  list.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  Object.assign(list, { next: null, scanned: 0, turn: list.turn + 1 });
  history.replaceState(null, "", list.search.size ? `?${list.search}` : location.pathname);
  rows.clear();
  element("rows").replaceChildren();
  load({}, append);
}

/** The search that the address names: `day` is its first and its last. */
function readAddress() {
  for (const [name, value] of new URLSearchParams(location.search)) {
    for (const each of name === "day" ? ["from", "to"] : [name]) {
      const field = form.elements.namedItem(each);
      if (field) field.value = value;
    }
  }
}

function begin() {
  readAddress();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  form.addEventListener("reset", () => setTimeout(search));
  element("more").addEventListener("click", () => load({ next: list.next }, append));
  document.addEventListener("visibilitychange", refresh);
  search();
}

begin();
