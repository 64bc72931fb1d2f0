// Drives the COS endpoint with the official Node SDK, unmodified:
// node drive_node.js DOMAIN REGION BUCKET SECRET_ID SECRET_KEY KEY …
// Prints what came of each step as JSON; an error is {"error": {"status", "code"}}.
"use strict";

const COS = require("cos-nodejs-sdk-v5");

const [Domain, Region, Bucket, SecretId, SecretKey, ...keys] = process.argv.slice(2);
const BODY = Buffer.from("Что? 你好, wörld\n");
const place = { Bucket, Region };

function connect(options) {
  return new COS({ SecretId, SecretKey, Domain, Protocol: "http:", ...options });
}

async function outcomeOf(work) {
  try {
    return await work();
  } catch ({ statusCode, code }) {
    return { error: { status: statusCode, code } };
  }
}

async function drive(cos, Key) {
  const object = { ...place, Key };
  const put = await cos.putObject({
    ...object, Body: BODY, ContentType: "text/vtt; charset=utf-8", Headers: { "x-cos-meta-session": "s-1" },
  });
  const got = await cos.getObject(object);
  const part = await cos.getObject({ ...object, Range: "bytes=2-5" });
  const known = await outcomeOf(() => cos.getObject({ ...object, IfNoneMatch: put.ETag }));
  const head = await cos.headObject(object);
  const url = cos.getObjectUrl({ ...object, Sign: true });
  const signed = await fetch(url);
  const gone = [(await cos.deleteObject(object)).statusCode, (await cos.deleteObject(object)).statusCode];
  return {
    etag: put.ETag,
    crc64: put.headers["x-cos-hash-crc64ecma"],
    same: got.Body.equals(BODY),
    type: head.headers["content-type"],
    length: head.headers["content-length"],
    session: head.headers["x-cos-meta-session"],
    part: [part.statusCode, part.Body.toString(), part.headers["content-range"]],
    known: known.error.status,
    signed: [signed.status, Buffer.from(await signed.arrayBuffer()).equals(BODY)],
    gone,
    after: await outcomeOf(() => cos.getObject(object)),
  };
}

async function list(cos) {
  for (let number = 0; number < 7; number += 1) {
    await cos.putObject({ ...place, Key: `day/${number}/t & <x>.vtt`, Body: BODY });
  }
  const seen = [];
  let page = { NextMarker: "" };
  do {
    page = await cos.getBucket({ ...place, Prefix: "day/", MaxKeys: 3, Marker: page.NextMarker });
    seen.push(page.Contents.map((each) => each.Key));
  } while (page.IsTruncated === "true");
  const folders = await cos.getBucket({ ...place, Prefix: "day/", Delimiter: "/" });
  return { seen, folders: folders.CommonPrefixes.map((each) => each.Prefix) };
}

async function refuse() {
  const write = (cos) => outcomeOf(() => cos.putObject({ ...place, Key: "k", Body: BODY }));
  return {
    key: await write(connect({ SecretKey: "wrong" })),
    id: await write(connect({ SecretId: "wrong" })),
    digest: await outcomeOf(() => connect().putObject(
      { ...place, Key: "k", Body: BODY, ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==" })),
    bucket: (await connect().headBucket(place)).statusCode,
  };
}

async function main() {
  const cos = connect();
  const objects = {};
  for (const key of keys) objects[key] = await drive(cos, key);
  process.stdout.write(JSON.stringify({ objects, list: await list(cos), refused: await refuse() }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
