"use strict";
// Whether the page follows what is being said, or stays where the reader is.

const button = element("follow");
const newer = element("newer");
const NEAR_PX = 48;
let following = false;
let missed = 0;
let lastY = 0;

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

function startFollowing() {
  button.addEventListener("click", () => follow(!following));
  newer.addEventListener("click", () => {
    follow(true);
    element("captions").focus({ preventScroll: true });
  });
  addEventListener("scroll", () => {
    const up = root.scrollTop < lastY - 2;
    lastY = root.scrollTop;
    if (searched || button.hidden) return;
    if (up && following && !atEnd()) follow(false);
    else if (!up && !following && missed && atEnd()) follow(true);
  }, { passive: true });
  // Rows get their true height only when they come into view.
  new ResizeObserver(() => { if (following && !searched) toEnd(); }).observe(list);
}
