// Verifies requests with the npm package standardwebhooks: reads [{"secret","headers","body"}] from standard
// input, prints for each the payload's type, or null when the package refuses it.
"use strict";

const { Webhook } = require("standardwebhooks");

const requests = JSON.parse(require("fs").readFileSync(0, "utf8"));
const verify = ({ secret, headers, body }) => {
  try {
    return new Webhook(secret).verify(body, headers).type;
  } catch {
    return null;
  }
};
console.log(JSON.stringify(requests.map(verify)));
