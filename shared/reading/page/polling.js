"use strict";
// Asks for what is new: often while somebody looks, rarely when nobody does or the room has closed.
// Whoever uses it says where (`address`), how often (QUICK_MS), and whether the room has closed (`closed()`).

const SLOW_MS = 15000;
const PATIENCE_MS = 20000; // for an answer; more after each failure, for a long one over a slow line
const MOST_PATIENCE_MS = 120000;
const SLOWEST_MS = 60000;
const ENDED_POLLS = 20; // what was said last may still be on its way when a room closes

const polling = { next: "", etag: "", failures: 0, quiet: 0, ended: 0, timer: 0, busy: false, stopped: false };

async function ask(signal) {
  const since = polling.next ? `?since=${encodeURIComponent(polling.next)}` : "";
  const headers = polling.etag ? { "If-None-Match": polling.etag } : {};
  const answer = await fetch(`${address}.json${since}`, { headers, cache: "no-store", signal });
  if (answer.status === 304) return null;
  if (!answer.ok) throw Object.assign(new Error("no transcript"), { status: answer.status });
  const news = await answer.json();
  polling.etag = answer.headers.get("ETag") || "";
  polling.next = news.next;
  return news;
}

function waitingTime() {
  if (polling.failures) { // by chance, so that a thousand readers do not come back at the same moment
    return Math.min(QUICK_MS * 2 ** polling.failures, SLOWEST_MS) * (0.5 + Math.random() / 2);
  }
  if (document.hidden) return Math.min(QUICK_MS * 2 ** ++polling.quiet, SLOWEST_MS);
  return polling.ended ? SLOW_MS : QUICK_MS;
}

async function poll(onNews, onState) {
  if (polling.busy) return;
  clearTimeout(polling.timer);
  polling.busy = true;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), Math.min(PATIENCE_MS * (1 + polling.failures), MOST_PATIENCE_MS));
  try {
    const news = await ask(patience.signal);
    polling.failures = 0;
    if (news) {
      polling.ended = 0;
      onNews(news);
    }
    onState("reached");
  } catch (error) {
    if (error.status === 403 || error.status === 404) return onState(error.status === 403 ? "expired" : "gone");
    polling.failures += 1;
    onState("lost");
  } finally {
    clearTimeout(timer);
    polling.busy = false;
  }
  if (polling.stopped || (closed() && ++polling.ended > ENDED_POLLS)) return undefined;
  polling.timer = setTimeout(poll, waitingTime(), onNews, onState);
  return undefined;
}

function startPolling(onNews, onState) {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || polling.stopped) return;
    polling.quiet = polling.ended = 0;
    poll(onNews, onState);
  });
  poll(onNews, onState);
}
