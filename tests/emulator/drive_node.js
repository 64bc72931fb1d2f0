// Drives the emulator with one edition of the official Node SDK:
// node drive_node.js china|intl PORT USER_SIG SIGN_METHOD:HTTP_METHOD …
// Prints the answers as JSON: by way of signing, then by action.
"use strict";

const { promisify } = require("util");

const [edition, port, userSig, ...ways] = process.argv.slice(2);
const SDK_APP_ID = 1400000001;
const ENDPOINT = `127.0.0.1:${port}`;

function connectChina(signMethod, reqMethod) {
  const { Client } = require("tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client");
  const httpProfile = { endpoint: ENDPOINT, protocol: "http://", reqMethod, reqTimeout: 10 };
  const credential = { secretId: "IdOfTests", secretKey: "KeyOfTests" };
  const client = new Client({ credential, region: "ap-singapore", profile: { signMethod, httpProfile } });
  return (action, parameters) => client[action](parameters);
}

// This edition has typed methods for 1.0 only; both go by the request that those methods make.
function connectIntl(signMethod, reqMethod) {
  const sdk = "tencentcloud-sdk-nodejs-intl-en/tencentcloud";
  const [Client, Credential] = [require(`${sdk}/trtc/v20190722/trtc_client`), require(`${sdk}/common/credential`)];
  const ClientProfile = require(`${sdk}/common/profile/client_profile`);
  const HttpProfile = require(`${sdk}/common/profile/http_profile`);
  const profile = new ClientProfile(signMethod, new HttpProfile("http://", ENDPOINT, reqMethod, 10));
  const client = new Client(new Credential("IdOfTests", "KeyOfTests"), "ap-singapore", profile);
  const request = promisify(client.request.bind(client));
  return async (action, parameters) => {
    const answer = { deserialize: (data) => Object.assign(answer, data) };
    return request(action, parameters, answer, {});
  };
}

async function drive(call) {
  const answers = {};
  const ask = async (action, parameters) => (answers[action] = await call(action, parameters));
  const bot = { UserId: "bot", UserSig: userSig };
  const room = { SdkAppId: SDK_APP_ID, RoomId: "1234", RoomIdType: 0 };
  const ai = await ask("StartAITranscription", { ...room, TranscriptionParams: bot, SessionId: "s" });
  await ask("DescribeAITranscription", { TaskId: "", SdkAppId: SDK_APP_ID, SessionId: "s" });
  await ask("StopAITranscription", { TaskId: ai.TaskId });
  const cloud = await ask("CreateCloudTranscription", {
    ...room,
    TranscriptionParam: { ...bot, SubscribeList: [{ UserId: "amy" }, { UserId: "ben" }] },
    AsrParam: { Lang: "bigmodel-zh", HotWordList: "腾讯云|5,R&D=2|11" },
  });
  await ask("DescribeCloudTranscription", { SdkAppId: SDK_APP_ID, TaskId: cloud.TaskId });
  await ask("DeleteCloudTranscription", { SdkAppId: SDK_APP_ID, TaskId: cloud.TaskId });
  const now = Math.floor(Date.now() / 1000);
  const when = { SdkAppId: SDK_APP_ID, StartTime: now - 3600, EndTime: now };
  await ask("DescribeRoomInfo", { ...when, PageNumber: 0, PageSize: 100 });
  await ask("DescribeUserInfo", { ...when, CommId: `${SDK_APP_ID}_1234_${now}` });
  return answers;
}

async function main() {
  const connect = { china: connectChina, intl: connectIntl }[edition];
  const answers = {};
  for (const way of ways) answers[way] = await drive(connect(...way.split(":")));
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
