// All rooms at once, as the function describe_fleet tells of them: a line of numbers for each application.

import { choose, chosen } from "./filter.js";
import { keep } from "./keyed.js";
import { get, post } from "./requests.js";
import { fullKey, writeDuration } from "./words.js";

const EVERY_MS = 3000;
const SELDOM_MS = 30_000; // while nobody looks at the page, or the function fails
const MOST = 500; // rooms of each kind of trouble
const KINDS = ["waiting", "failed", "silent", "held"];
const NEARLY = 0.8; // of a quota

const byId = (id) => document.getElementById(id);

let applications = [];
let answers = [];
let troubles = new Map(); // room → what describe_fleet says of it
let timer = 0;
let connected = false;
let onNews = () => {};

/** Asks every 3 s while the page is visible and connected; `act` is called after each answer. */
export function startFleet(act) {
  onNews = act;
  document.addEventListener("visibilitychange", () => plan(document.hidden ? SELDOM_MS : 0));
}

/** Without a connection nothing is asked, and what is shown counts as old. */
export async function setConnected(on) {
  connected = on;
  byId("strip").dataset.stale = !on;
  clearTimeout(timer);
  if (!on) return;
  const answer = await get("_local/applications").catch(() => null);
  applications = answer?.applications ?? applications;
  plan(0);
}

/** What is wrong with a room, undefined when nothing is. */
export const findTrouble = (room) => troubles.get(fullKey(room));

/** The numbers of a room's application, undefined before they are known. */
export const findNumbers = (room) => answers.find((answer) => answer.sdk_app_id === room.sdk_app_id);

function plan(afterMs) {
  clearTimeout(timer);
  if (connected) timer = setTimeout(ask, afterMs);
}

async function ask() {
  const told = await Promise.all(applications.map(askOne));
  const isWell = told.every((answer) => answer.outcome === "described");
  plan(document.hidden || !isWell ? SELDOM_MS : EVERY_MS);
  take(told);
}

/** An application's numbers, or {message} with what went wrong. */
const askOne = (sdk_app_id) =>
  post("_local/invoke/describe_fleet", { sdk_app_id, limit: MOST }).catch(({ message }) => ({ message }));

function take(told) {
  answers = told.filter((answer) => answer.outcome === "described");
  troubles = new Map();
  for (const room of answers.flatMap((answer) => answer.rooms)) {
    if (!troubles.has(fullKey(room))) troubles.set(fullKey(room), room); // the worst comes first
  }
  const failed = told.filter((answer) => answer.outcome !== "described");
  byId("warnings").textContent = [
    ...failed.map(({ message }) => `The numbers are not known: ${message}`),
    ...answers.flatMap((answer) => answer.warnings),
  ].join("\n");
  showNumbers();
  onNews();
}

/** Shows the numbers as they were told last. */
export function showNumbers() {
  byId("strip").hidden = false;
  keep(byId("fleet"), answers, {
    keyOf: (answer) => String(answer.sdk_app_id), create: newLine, update: fillLine });
}

const newLine = () => byId("fleet-row").content.firstElementChild.cloneNode(true);

function fillLine(line, answer) {
  const name = answers.length > 1 ? [{ key: "name", text: answer.sdk_app_id }] : [];
  keep(line.firstElementChild, [...name, ...listParts(answer)], {
    keyOf: (part) => part.key, create: newPart, update: fillPart });
}

function newPart({ kind }) {
  const item = document.createElement("li");
  const inner = item.appendChild(document.createElement(kind ? "button" : "span"));
  if (!kind) return item;
  inner.type = "button";
  inner.addEventListener("click", () => choose(chosen() === kind ? "all" : kind));
  return item;
}

function fillPart(item, { text, kind, count, tone }) {
  const inner = item.firstElementChild;
  if (inner.textContent !== text) inner.textContent = text;
  item.dataset.tone = tone ?? "";
  if (!kind) return;
  const isChosen = chosen() === kind;
  inner.disabled = count === 0 && !isChosen;
  inner.setAttribute("aria-pressed", String(isChosen));
}

/** → [{key, text, tone, kind, count}]: what the line says, part by part. */
export function listParts(numbers) {
  const { streams, start_ms: start } = numbers;
  const started = start.count
    ? [{ key: "start", text: `start p50 ≤ ${writeDuration(start.p50)}, p95 ≤ ${writeDuration(start.p95)}` }] : [];
  return [
    writeUse("running", numbers.running, numbers.quota),
    ...KINDS.map((kind) => writeKind(kind, numbers[kind])),
    writeUse("streams", streams.recognition, streams.recognition_quota),
    { key: "today", text: `today ${numbers.stream_minutes_today.toLocaleString("en")} stream minutes` },
    ...started,
    { key: "callback", text: writeCallbacks(numbers.last_callback) },
  ];
}

const writeUse = (key, used, quota) =>
  ({ key, text: `${key} ${used}/${quota}`, tone: used >= NEARLY * quota ? "warn" : "" });

function writeKind(kind, { count, codes, oldest_ms }) {
  const oldest = kind === "waiting" && count ? [`oldest ${writeDuration(oldest_ms)}`] : [];
  const about = [...oldest, ...Object.keys(codes)].join(", ");
  const tone = count === 0 || kind === "held" ? "" : kind === "failed" ? "bad" : "warn";
  return { key: kind, kind, count, tone, text: `${kind} ${count}${about && ` (${about})`}` };
}

function writeCallbacks(last) {
  const ages = Object.values(last).filter(Boolean).map(({ age_ms }) => age_ms);
  const never = Object.keys(last).filter((group) => !last[group]).map((group) => `group ${group}: never`);
  if (ages.length === 0) return "last callback never";
  return `last callback ${writeDuration(Math.min(...ages))} ago${never.length ? ` (${never.join(", ")})` : ""}`;
}
