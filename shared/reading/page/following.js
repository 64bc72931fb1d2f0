"use strict";
// Whether the page follows what is being said, or stays where the reader is.

const button = element("follow");
const newer = element("newer");
const NEAR_PX = 48;
const INTENT_MS = 1000;
const UP_KEYS = ["ArrowUp", "PageUp", "Home"];
let following = false;
let missed = 0;
let lastY = 0;
let lastHeight = 0;
let touchedMs = -INTENT_MS;

const root = document.scrollingElement;
const atEnd = () => root.scrollHeight - root.clientHeight - root.scrollTop < NEAR_PX;
const toEnd = () => { root.scrollTop = root.scrollHeight; };

function follow(on) {
  following = on;
  button.dataset.following = String(on);
  button.textContent = on ? "Pause" : "Follow";
  if (on) {
    missed = 0;
    toEnd();
  }
  showMissed();
}

function showMissed() {
  newer.hidden = !missed || following || Boolean(searched);
  newer.textContent = `↓ ${countOf(missed, "new caption")}`;
}

/** Tell of sentences that were added below or above. */
function noteAdded(count) {
  if (following && !searched) toEnd();
  else missed += count;
  showMissed();
}

/** Rows that get their true height move the page too: that is not the reader's wish. */
function isWished() {
  const touched = performance.now() - touchedMs < INTENT_MS;
  const unchanged = root.scrollHeight === lastHeight;
  lastHeight = root.scrollHeight;
  return touched || unchanged;
}

function onScroll() {
  const up = root.scrollTop < lastY - 2;
  const wished = isWished();
  lastY = root.scrollTop;
  if (searched || button.hidden) return;
  if (up && wished && following && !atEnd()) follow(false);
  else if (!up && !following && missed && atEnd()) follow(true);
}

function noteIntent(event) {
  const scrolls = event.type === "keydown" ? UP_KEYS.includes(event.key)
    : event.type !== "pointerdown" || event.target === root; // the scroll bar
  if (scrolls) touchedMs = performance.now();
}

function startFollowing() {
  button.addEventListener("click", () => follow(!following));
  newer.addEventListener("click", () => {
    follow(true);
    element("captions").focus({ preventScroll: true });
  });
  ["wheel", "touchmove", "keydown", "pointerdown"].forEach((kind) => {
    addEventListener(kind, noteIntent, { passive: true });
  });
  addEventListener("scroll", onScroll, { passive: true });
  // Rows get their true height only when they come into view.
  new ResizeObserver(() => { if (following && !searched) toEnd(); }).observe(list);
}
