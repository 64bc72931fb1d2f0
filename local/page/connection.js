// The live feed: opened, and opened again whenever it breaks.

const WAITS_MS = [500, 1000, 2000, 5000];

/**
 * Calls onEntry(entry) once for every entry, and onState("live" | "lost") when that changes.
 * Each new connection is sent the recent entries again; those already seen are left out.
 */
export function listen({ onEntry, onState }) {
  const isNew = createGate();
  let source = null;
  let failures = 0;
  let timer = 0;

  function open() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource("_local/feed");
    source.onopen = () => {
      failures = 0;
      onState("live");
    };
    source.onmessage = (message) => {
      const entry = JSON.parse(message.data);
      if (isNew(entry)) onEntry(entry);
    };
    source.onerror = retry;
  }

  function retry() {
    source.close();
    onState("lost");
    timer = setTimeout(open, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]);
    failures += 1;
  }

  window.addEventListener("online", open);
  open();
}

/** Tells new entries from repeated ones, also when the local cloud restarted and counts from 1. */
function createGate() {
  let last = { seq: 0, at_ms: 0 };
  return (entry) => {
    const isNew = entry.seq > last.seq || entry.at_ms > last.at_ms;
    if (isNew) last = entry;
    return isNew;
  };
}
