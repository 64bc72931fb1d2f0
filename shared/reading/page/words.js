"use strict";
// How things are called and written. These scripts share one scope; page.js begins.

const element = (id) => document.getElementById(id);

const pad = (number) => String(number).padStart(2, "0");

function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

const countOf = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function duration(ms) {
  const minutes = Math.round(ms / 60000);
  if (minutes < 1) return "under a minute";
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [hours && `${hours} h`, (rest || !hours) && `${rest} min`].filter(Boolean).join(" ");
}

const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });
const MOST_MS = 8.64e15; // beyond it, either way, there is no date in JavaScript
const dateOf = (ms) => DATE.format(Math.max(-MOST_MS, Math.min(ms, MOST_MS)));
const names = new Map(); // by user id; a Map, because an id may be anything
const speakerName = ({ user_id: id }) => names.get(id) || id || "Somebody";
