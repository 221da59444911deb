// otplib: reads [{"build": KEY} or {"read": URI}, ..] from standard input, writes the results.
const { generateTOTP, generateHOTP, parse } = require("@otplib/uri");
const { generateSync } = require("otplib");
const { readFileSync } = require("node:fs");

function build(key) {
  const common = {
    issuer: key.issuer ?? undefined,
    label: key.account,
    secret: key.secret,
    algorithm: key.algorithm.toLowerCase(),
    digits: key.digits,
  };
  return key.type === "totp"
    ? generateTOTP({ ...common, period: key.value })
    : generateHOTP({ ...common, counter: key.value });
}

function read(uri) {
  try {
    const { type, label, params } = parse(uri);
    const { secret, algorithm = "sha1", digits = 6, period = 30, counter } = params;
    // As its documentation has it: the parser checks no secret, the code does.
    const time = type === "totp" ? { epoch: 0, period } : { counter: counter ?? 0 };
    generateSync({ strategy: type, secret, algorithm, digits, ...time });
    const colon = label.indexOf(":");
    return {
      type,
      issuer: params.issuer ?? (colon < 0 ? null : label.slice(0, colon)),
      account: colon < 0 ? label : label.slice(colon + 1),
      secret,
      algorithm: algorithm.toUpperCase(),
      digits,
      value: type === "totp" ? period : (counter ?? null),
    };
  } catch (error) {
    return { error: error.name };
  }
}

const requests = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(requests.map((r) => ("build" in r ? build(r.build) : read(r.read)))));
