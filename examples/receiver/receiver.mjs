// Receives Roomscribe's events: verifies each one, keeps it once, answers 204. Needs Node 18 or newer, and no package.
//
//     EVENTS_SECRET=whsec_… node receiver.mjs 8400 events.jsonl
//
// EVENTS_SECRET is Roomscribe's, or `whsec_NEW,whsec_OLD` while it is being changed. Before a new event is answered, it
// is a line of the file, with its id; the work is done by whatever reads that file. It listens on this machine alone:
// Roomscribe sends to https, so put a proxy with a certificate before it. docs/events.md has the format.

import { createHmac, timingSafeEqual } from "node:crypto";
import { existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";

const TOLERANCE_S = 300;
const MOST_BYTES = 262_144; // of a body

// The file of events. Ids are known for as long as the file is kept: Roomscribe tries for four days.
function openInbox(path) {
  const kept = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const whole = kept.subarray(0, kept.lastIndexOf("\n") + 1); // without half a line that a crash has left
  const lines = whole.toString().split("\n").filter(Boolean);
  const ids = new Set(lines.map((line) => JSON.parse(line).id));
  const file = openSync(path, "a");
  ftruncateSync(file, whole.length);
  return function keep(id, event) {
    if (ids.has(id)) return;
    writeSync(file, `${JSON.stringify({ id, ...event })}\n`);
    fsyncSync(file);
    ids.add(id);
  };
}

// The event, if one of the keys has signed these bytes in the last five minutes; null otherwise.
function verify(body, headers, keys) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  const signatures = (headers["webhook-signature"] ?? "").split(" ");
  const isRecent = /^\d+$/.test(timestamp) && Math.abs(Date.now() / 1000 - timestamp) <= TOLERANCE_S;
  if (!id || !isRecent) return null;
  const wanted = keys.map((key) => {
    const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.`, "latin1").update(body);
    return Buffer.from(`v1,${hmac.digest("base64")}`);
  });
  const given = signatures.map((signature) => Buffer.from(signature));
  const isEqual = (one, other) => one.length === other.length && timingSafeEqual(one, other);
  return given.some((one) => wanted.some((other) => isEqual(one, other))) ? JSON.parse(body) : null;
}

// The status to answer: Roomscribe reads nothing else.
async function receive(request, keys, keep) {
  if (request.method !== "POST") return 405;
  if (!(Number(request.headers["content-length"]) <= MOST_BYTES)) return 413; // also where it is missing
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const event = verify(Buffer.concat(chunks), request.headers, keys);
  if (event === null) return 401;
  keep(request.headers["webhook-id"], event);
  return 204;
}

const [port, path, ...more] = process.argv.slice(2);
const secrets = process.env.EVENTS_SECRET;
if (!/^\d+$/.test(port ?? "") || !path || more.length || !secrets) {
  console.error("usage: EVENTS_SECRET=whsec_… node receiver.mjs PORT FILE");
  process.exit(2);
}
const keys = secrets.split(",").map((secret) =>
  Buffer.from(secret.replace(/^whsec_/, ""), "base64"),
);
const keep = openInbox(path);
const server = createServer(async (request, response) => {
  const status = await receive(request, keys, keep).catch((error) => {
    console.error(error.name);
    return 500;
  });
  response.writeHead(status).end();
});
server.listen(Number(port), "127.0.0.1", () => console.log(`ready http://127.0.0.1:${server.address().port}`));
