"use strict";
// Moments of the meeting: a sentence copied with a link to it, and where such a link leads.

const COPIED_MS = 2000;
const MOMENT = /^#t=(\d{1,10}(?:\.\d{1,3})?)$/; // seconds since the session opened; no server sees it

function writeMoment({ sentence }) {
  const said = textsOf(sentence, shownLanguages).map(({ text }) => text).join("\n");
  const link = `${location.origin}${address}#t=${sentence.start_ms / 1000}`;
  return `${speakerName(sentence)} (${clock(sentence.start_ms)}): ${said}\n${link}`;
}

async function copyMoment(row, copy) {
  try {
    await navigator.clipboard.writeText(writeMoment(row));
  } catch { // not allowed here
    element("announcer").textContent = "The browser does not let this page copy.";
    copy.dataset.copied = "no";
    return;
  }
  element("announcer").textContent = "Copied.";
  copy.dataset.copied = "yes";
  setTimeout(() => delete copy.dataset.copied, COPIED_MS);
}

/** Go to the sentence that began nearest to the moment in the address, if there is one in it. */
function goToMoment() {
  const asked = MOMENT.exec(location.hash);
  if (!asked || !rows.length) return;
  const distance = ({ sentence }) => Math.abs(sentence.start_ms - asked[1] * 1000);
  const row = rows.reduce((best, each) => (distance(each) < distance(best) ? each : best));
  if (row.item.hidden) showAll();
  follow(false);
  markRow(row);
  writeFound();
  goTo(row);
  row.item.tabIndex = -1; // a screen reader reads on from here
  row.item.focus({ preventScroll: true });
}

function startMoments() {
  list.addEventListener("click", ({ target }) => {
    const copy = target.closest(".copy");
    if (copy) copyMoment(rows.find(({ item }) => item.contains(copy)), copy);
  });
  addEventListener("hashchange", goToMoment);
}
