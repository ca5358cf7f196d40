import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";

import type { LayerFacts, LayerFind } from "../../../src/domain/layer-facts.ts";
import { MAX_FINDS } from "../../../src/inspections/layer-limits.ts";
import { factsOf } from "../../support/layer-facts.ts";
import { tar, type LayerSpec } from "../../support/tar.ts";

function facts(spec: LayerSpec, step = 700): LayerFacts {
  const found = factsOf(tar(spec), step);
  if ("reason" in found) throw new Error(`${found.reason}: ${found.detail}`);
  return found;
}

function findsOf(spec: LayerSpec, kind: LayerFind["kind"]): readonly string[] {
  return facts(spec)
    .finds.filter((find) => find.kind === kind)
    .map(({ path }) => path);
}

const DEEP = "opt/app/data/deep";

for (const name of [
  ..."credentials.json credential.json credentials credential password.txt id_rsa id_dsa id_ecdsa id_ed25519".split(
    " ",
  ),
  ..."secret_token.rb carrierwave.rb omniauth.rb settings.py database.yml credentials.xml .env".split(" "),
  ..."a.secret a.ovpn a.private_key a.cscfg a.rdp a.mdf a.sdf a.bek a.tpm a.fve a.jks a.psafe3 a.agilekeychain".split(
    " ",
  ),
  ..."a.keychain a.pcap a.gnucache a.kdbx .netrc .npmrc .pypirc .git-credentials .dockercfg".split(" "),
  ...".docker/config.json .kube/config .terraform.tfstate .bash_history authorized_keys".split(" "),
]) {
  test(`takes a file called ${name} for a secret, and keeps its entry`, () => {
    const found = facts({ [`${DEEP}/${name}`]: "hidden words", [`${DEEP}/plain.txt`]: "x" });
    assert.deepEqual(
      found.finds.map(({ kind, path }) => [kind, path]),
      [["secret", `${DEEP}/${name}`]],
    );
    assert.deepEqual(
      found.entries.map(({ path, head }) => [path, head]),
      [[`${DEEP}/${name}`, ""]],
    );
    assert.ok(!JSON.stringify(found).includes("hidden"), "its content is not told");
  });
}

test("takes no public key, certificate or config of another folder for a secret", () => {
  const names = ["id_rsa.pub", "a.pem", "a.key", "a.crt", "a.asc", "config.json", "config", "environment", "history"];
  assert.deepEqual(findsOf(Object.fromEntries(names.map((name) => [`${DEEP}/${name}`, "x"])), "secret"), []);
});

test("takes a link for what it leads to, and a folder for none", () => {
  assert.deepEqual(findsOf({ "a/id_rsa": { link: "b" }, "b/credentials/": { type: "5" } }, "secret"), []);
});

const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

for (const [what, why, body] of [
  ["a PKCS#8 key", "a private key", ec.privateKey.export({ type: "pkcs8", format: "pem" })],
  ["a PKCS#1 key", "a private key", rsa.export({ type: "pkcs1", format: "pem" })],
  ["a SEC1 key", "a private key", ec.privateKey.export({ type: "sec1", format: "pem" })],
  [
    "a SEC1 key behind its parameters",
    "a private key",
    `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${String(ec.privateKey.export({ type: "sec1", format: "pem" }))}`,
  ],
  [
    "an encrypted key",
    "an encrypted private key",
    rsa.export({ type: "pkcs8", format: "pem", cipher: "aes-128-cbc", passphrase: "x" }),
  ],
  [
    "a key behind its certificate",
    "a private key",
    `${CERTIFICATE}${String(rsa.export({ type: "pkcs8", format: "pem" }))}`,
  ],
  ["a key behind bag attributes", "a private key", "Bag Attributes\n    x: 1\n-----BEGIN PRIVATE KEY-----\nMIIB\n"],
  ["a key behind blank lines", "a private key", "\n\r\n -----BEGIN PRIVATE KEY-----\nMIIB\n".replace(" -", "-")],
  ["a key behind a byte order mark", "a private key", "\xef\xbb\xbf-----BEGIN DSA PRIVATE KEY-----\nMIIB\n"],
  ["an OpenSSH key", "an OpenSSH private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n"],
  ["an SSH2 key", "an SSH2 private key", "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/\n"],
  ["a PuTTY key", "a PuTTY private key", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n"],
  ["a PGP key", "a PGP private key", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQVYBF\n"],
  ["an age key", "an age secret key", "AGE-SECRET-KEY-1QQPQZAVXQ\n"],
  [
    "an age key behind its comments",
    "an age secret key",
    "# created: 2026-01-01\n# public key: age1\nAGE-SECRET-KEY-1QQ\n",
  ],
] as const) {
  test(`finds ${what} under any name, and keeps nothing of it`, () => {
    const path = `${DEEP}/notes.txt`;
    for (const step of [1, 13, 100_000]) {
      const found = facts({ [path]: body, [`${DEEP}/plain.txt`]: "x" }, step);
      assert.deepEqual(found.finds, [{ kind: "secret", path, why }]);
      assert.deepEqual(
        found.entries.map((entry) => [entry.path, entry.head]),
        [[path, ""]],
      );
      assert.ok(!/BEGIN|AGE-|PuTTY-|MII/.test(JSON.stringify(found)));
    }
  });
}

for (const [what, body] of [
  ["a certificate", CERTIFICATE],
  ["a public key", String(ec.publicKey.export({ type: "spki", format: "pem" }))],
  ["a signed message", "-----BEGIN PGP SIGNED MESSAGE-----\n\nabout -----BEGIN PRIVATE KEY-----\n"],
  ["a text that speaks of keys", "They begin with\n-----BEGIN PRIVATE KEY-----\n"],
  ["an age recipient", "age1qqpqzavxq\n"],
] as const) {
  test(`does not take ${what} for a secret`, () => {
    assert.deepEqual(findsOf({ [`${DEEP}/x`]: body }, "secret"), []);
  });
}

test("tells a file once that is a secret by name and by content", () => {
  assert.equal(findsOf({ "root/.ssh/id_rsa": rsa.export({ type: "pkcs1", format: "pem" }) }, "secret").length, 1);
});

test("reports what is left over from building, a folder once and not what others brought along", () => {
  const spec: LayerSpec = [
    ["app/Dockerfile", "FROM scratch\n"],
    ["app/docker-compose.yml", ""],
    ["home/me/.vimrc", ""],
    ["app/.DS_Store", ""],
    ["root/.cache/", { type: "5" }],
    ["root/.cache/pip/", { type: "5" }],
    ["root/.cache/pip/x", "x"],
    ["app/.git/config", "x"],
    ["app/.git/HEAD", "x"],
    ["app/node_modules/left-pad/.git/HEAD", "x"],
    ["app/node_modules/left-pad/Dockerfile", "x"],
    ["app/vendor/.idea/x", "x"],
    ["app/.gitignore", "x"],
    ["app/.npm", "a file"],
  ];
  assert.deepEqual(findsOf(spec, "clutter"), [
    "app/Dockerfile",
    "app/docker-compose.yml",
    "home/me/.vimrc",
    "app/.DS_Store",
    "root/.cache",
    "app/.git",
  ]);
  assert.ok(facts(spec).entries.some((entry) => entry.path === "app/.git/config"));
});

test("tells so many finds and says that there were more", () => {
  const many = Object.fromEntries(Array.from({ length: MAX_FINDS + 5 }, (_, index) => [`${DEEP}/${index}/.env`, "x"]));
  const found = facts(many, 100_000);
  assert.equal(found.finds.length, MAX_FINDS);
  assert.deepEqual(found.anomalies, [{ code: "finds-cut", path: "secret" }]);
  assert.equal(found.entries.length, MAX_FINDS);
});

test("tells a secret whatever clutter stands around it", () => {
  const clutter = Object.fromEntries(
    Array.from({ length: MAX_FINDS + 5 }, (_, index) => [`x${index}/Dockerfile`, "x"]),
  );
  const found = facts({ ...clutter, "root/.ssh/id_rsa": "-----BEGIN OPENSSH PRIVATE KEY-----" }, 100_000);
  assert.deepEqual(
    found.finds.filter(({ kind }) => kind === "secret").map(({ path }) => path),
    ["root/.ssh/id_rsa"],
  );
  assert.deepEqual(found.anomalies, [{ code: "finds-cut", path: "clutter" }]);
});

test("keeps of files of passwords the names of accounts that have an empty one", () => {
  const shadow = "root:$6$salt$hash:19000:0:::::\nguest::19000:0:::::\ndaemon:*:19000::\nlocked:!$6$more:1::\nshort\n";
  const found = facts({
    "etc/shadow": shadow,
    "etc/gshadow": "wheel:!::\nopen:::\n",
    "etc/master.passwd": "toor::0:0::0:0:x:/:/\n",
  });
  assert.deepEqual(found.bodies, {
    "etc/shadow": "guest:\n",
    "etc/gshadow": "open:\n",
    "etc/master.passwd": "toor:\n",
  });
  assert.ok(!/hash|more|salt/.test(JSON.stringify(found)), "heads included");
});

test("keeps no password of a user file, and every line's length", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\nold:$1$abc$defghij:1:1::/:\nopen::2:2::/:\n\nodd\n";
  const found = facts({ "etc/passwd": passwd, "nix/store/x/group": "a:SECRETHASH:5:\n" });
  assert.deepEqual(found.bodies, {
    "etc/passwd": passwd.replace("$1$abc$defghij", "*".repeat(14)),
    "nix/store/x/group": `a:${"*".repeat(10)}:5:\n`,
  });
});

test("keeps the first line of a script and nothing of other text", () => {
  const found = facts({
    "bin/run": { mode: 0o755, body: "#!/bin/sh\nTOKEN=abc\n" },
    "bin/notes": { mode: 0o777, body: "TOKEN=abc\n" },
  });
  assert.deepEqual(
    found.entries.map(({ head }) => head),
    ["#!/bin/sh", ""],
  );
});
