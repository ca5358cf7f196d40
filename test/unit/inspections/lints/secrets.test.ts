import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import { withoutSecrets } from "../../../../src/inspections/history-step.ts";
import { layerNotes } from "../../../../src/inspections/layer-notes.ts";
import { isSecretAssignment } from "../../../../src/inspections/secret-name.ts";
import { flawsOf, found } from "../../../support/lints.ts";
import { layer } from "../../../support/tar.ts";

const VALUE = "hunter2-s3cr3t";

const SECRET_NAMES =
  "PASSWORD DB_PASSWORD PGPASSWORD dbPassword password1 MYSQL_ROOT_PASSWORD ROOT_PASS DBPASS MYSQL_PWD PASSPHRASE SECRET CLIENT_SECRET SECRETS APP_SECRET_KEY API_KEY APIKEY api-key apiKey SSH_KEY PRIVATE_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY ACCESS TOKEN GITHUB_TOKEN NPM_TOKEN AUTHTOKEN TOKEN2 ACCESS_TOKEN CREDENTIALS SECRET_FILE PASSWORD_PATH";
const OTHER_NAMES =
  "PATH PWD OLDPWD HOME MONKEY KEYBOARD KEYRING KEYMAP TOKENIZER PASSENGER COMPASS BYPASS GPG_KEY GPG_KEYS PYTHON_GPG_KEY COSIGN_PUBLIC_KEY SSH_PUB_KEY PASSWORD_MIN_LENGTH TOKEN_TTL ACCESS_LOG SECRET_NAME KEY_SERVER TOKEN_ISSUER";

suite("a variable", () => {
  for (const name of SECRET_NAMES.split(" ")) {
    test(`${name} is a secret by its name`, () => {
      const [flaw = "", ...more] = found("secret-in-environment", { env: [`${name}=${VALUE}`] });
      assert.deepEqual(more, []);
      assert.ok(flaw.includes(name) && !flaw.includes(VALUE), flaw);
    });
  }
  for (const name of OTHER_NAMES.split(" ")) {
    test(`${name} is none`, () => assert.deepEqual(found("secret-in-environment", { env: [`${name}=${VALUE}`] }), []));
  }

  const VALUES: readonly (readonly [string, string, boolean])[] = [
    ["PASSWORD", "", false],
    ["PASSWORD", "true", false],
    ["PASSWORD", "${DB_PASSWORD}", false],
    ["PASSWORD_FILE", "/run/secrets/db", false],
    ["PASSWORD_FILE", "./db.txt", false],
    ["TLS_KEY", "/etc/ssl/tls.key", false],
    ["TLS_KEY", "server.pem", false],
    ["TLS_KEY", "/9j+base64/looks=like/paths", true],
    ["DATABASE_URL", `postgres://shop:${VALUE}@db:5432/shop`, true],
    ["DATABASE_URL", "postgres://db:5432/shop", false],
    ["DATABASE_URL", "postgres://shop@db/shop", false],
    ["DATABASE_URL", "postgres://shop:$PASSWORD@db/shop", false],
    ["SECRET", "changeme", true],
  ];
  for (const [name, value, secret] of VALUES) {
    test(`${name} set to ${JSON.stringify(value)} is ${secret ? "a secret" : "none"}`, () =>
      assert.equal(isSecretAssignment(name, value), secret));
  }

  test("of a name that could itself be the secret is not named", () => {
    const [flaw = ""] = found("secret-in-environment", { env: [`TOKEN ${VALUE}=x1`] });
    assert.match(flaw, /of an unusual name/);
    assert.ok(!flaw.includes(VALUE));
  });
});

const LINES: readonly (readonly [what: string, createdBy: string, names: readonly string[]])[] = [
  ["ENV", `ENV API_TOKEN=${VALUE}`, ["API_TOKEN"]],
  ["ENV of old", `/bin/sh -c #(nop)  ENV API_TOKEN ${VALUE}`, ["API_TOKEN"]],
  ["ENV of the classic builder", `/bin/sh -c #(nop)  ENV A=b API_TOKEN=${VALUE}`, ["API_TOKEN"]],
  ["ARG", `ARG NPM_TOKEN=${VALUE}`, ["NPM_TOKEN"]],
  ["ARG without a value", "ARG NPM_TOKEN", []],
  ["build arguments", `RUN |2 A=b NPM_TOKEN=${VALUE} /bin/sh -c npm ci # buildkit`, ["NPM_TOKEN"]],
  ["classic build arguments", `|1 NPM_TOKEN=${VALUE} /bin/sh -c npm ci`, ["NPM_TOKEN"]],
  ["build arguments with spaces", `|1 NPM_TOKEN=my ${VALUE} /bin/sh -c npm ci`, ["NPM_TOKEN"]],
  ["a command's own variable", `RUN /bin/sh -c NPM_TOKEN=${VALUE} npm ci`, ["NPM_TOKEN"]],
  ["an exported variable", `/bin/sh -c cd /x && export API_KEY="${VALUE} x" && make`, ["API_KEY"]],
  ["an option", `/bin/sh -c deploy --password=${VALUE} --verbose`, ["password"]],
  ["a URL", `/bin/sh -c GIT_URL=https://me:${VALUE}@git.example/x make`, ["GIT_URL"]],
  ["an option that names a file", "/bin/sh -c sign --key=/etc/keys/a.pem", []],
  ["an option that is none", "/bin/sh -c sign --key=a", []],
  ["a mounted secret", "RUN /bin/sh -c NPM_TOKEN=$(cat /run/secrets/npm) npm ci # buildkit", []],
  ["a quoted reference", 'RUN /bin/sh -c NPM_TOKEN="$TOKEN" npm ci', []],
  ["a label", "LABEL token=abc", []],
];

suite("a line of history", () => {
  for (const [what, createdBy, names] of LINES) {
    test(`with ${what} tells ${names.length === 0 ? "nothing" : "the name and not the value"}`, () => {
      const history = [{ createdBy: "COPY . /" }, { createdBy }];
      const flaws = found("secret-in-environment", { history });
      assert.deepEqual(
        flaws.map((flaw) => /^step 2 of the history sets (\S+): /.exec(flaw)?.[1]),
        names,
      );
      const kept = withoutSecrets(createdBy);
      assert.ok(!`${flaws.join()}${kept}`.includes(VALUE), kept);
      if (names.length > 0) assert.ok(kept.includes("=…") || kept.includes("://…@"), kept);
    });
  }

  test("stays as it is where nothing is secret", () => {
    for (const line of ["COPY app /app # buildkit", "/bin/sh -c #(nop) ENV A=b C=d", "RUN |1 A=b /bin/sh -c make X=y"])
      assert.equal(withoutSecrets(line), line);
  });

  test("never shows the value of a secret variable, wherever it stands", () => {
    const name = fc.constantFrom("DB_PASSWORD", "GITHUB_TOKEN", "CLIENT_SECRET");
    const value = fc.stringMatching(/^[a-zA-Z0-9]{12,20}$/);
    const before = fc.constantFrom(
      "ENV A=b ",
      "ARG ",
      "|2 A=b ",
      "RUN |1 ",
      "RUN /bin/sh -c ",
      "/bin/sh -c cd x && ",
      "/bin/sh -c #(nop) ENV ",
    );
    fc.assert(
      fc.property(
        before,
        name,
        value,
        fc.constantFrom("", " /bin/sh -c make", " C=d"),
        (start, variable, secret, end) => {
          const createdBy = `${start}${variable}=${secret}${end}`;
          assert.ok(!withoutSecrets(createdBy).includes(secret), withoutSecrets(createdBy));
          assert.match(found("secret-in-environment", { history: [{ createdBy }] }).join(), new RegExp(variable));
        },
      ),
    );
  });
});

test("a history of many steps, or of one line without an end, is read in time that grows with it", () => {
  const line = `RUN /bin/sh -c ${"A=\" B='-x".repeat(50_000)}`;
  const commands = `RUN /bin/sh -c ${"apt-get update && apk add x; sudo y; ".repeat(50_000)}`;
  const history = [
    ...Array.from({ length: 10_000 }, () => ({ createdBy: "RUN a", created: "2026-01-01T00:00:00Z" })),
    { createdBy: line },
    { createdBy: commands },
  ];
  const before = process.cpuUsage().user;
  assert.deepEqual(found("secret-in-environment", { history }), []);
  assert.deepEqual(found("no-build-date", { history }), []);
  withoutSecrets(line);
  assert.ok((process.cpuUsage().user - before) / 1000 < 15_000);
});

const NETRC = { kind: "secret", path: "root/.netrc", why: "passwords of hosts" } as const;
const KEPT = { "root/.netrc": VALUE };
const digestOf = (spec: Parameters<typeof layer>[0]): string => layer(spec, "tar").digest;

suite("a secret in a file", () => {
  const FATES: readonly (readonly [string, readonly Parameters<typeof layer>[0][], RegExp])[] = [
    ["that stays is still visible", [KEPT, { "app/x": "x" }], /still visible/],
    [
      "that a later layer deletes is still in its blob",
      [KEPT, { "app/x": "x" }, { "root/.wh..netrc": "" }],
      /deleted by layer 3 .*still in this layer's blob/,
    ],
    ["whose folder a later layer deletes", [KEPT, { ".wh.root": "" }], /deleted by layer 2/],
    ["whose folder a later layer makes opaque", [KEPT, { "root/.wh..wh..opq": "" }], /deleted by layer 2/],
    [
      "that a device of a later layer hides",
      [KEPT, { "root/.netrc": { type: "3", device: [0, 0] } }],
      /deleted by layer 2/,
    ],
    ["that a link of a later layer replaces", [KEPT, { "root/.netrc": { link: "/dev/null" } }], /replaced by layer 2/],
    ["whose folder a link of a later layer replaces", [KEPT, { root: { link: "home" } }], /replaced by layer 2/],
  ];
  for (const [what, layers, says] of FATES) {
    test(what, () => {
      const specs = layers as NonNullable<Parameters<typeof flawsOf>[1]["layers"]>;
      const [flaw, ...more] = flawsOf("secret-in-file", { layers: specs, finds: [[NETRC]] });
      assert.deepEqual(more, []);
      assert.match(flaw?.what ?? "", /^layer 1 holds root\/\.netrc \(passwords of hosts\), /);
      assert.match(flaw?.what ?? "", says);
      assert.deepEqual(flaw?.sighting, { layer: digestOf(KEPT), path: "root/.netrc", note: "passwords of hosts" });
    });
  }

  test("names the layer that deletes it by its digest", () => {
    const hiding = { "root/.wh..netrc": "" };
    const [flaw = ""] = found("secret-in-file", { layers: [KEPT, hiding], finds: [[NETRC]] });
    assert.ok(flaw.includes(digestOf(hiding)), flaw);
  });

  test("is told of every layer that has it, and clutter is another matter", () => {
    const clutter = { kind: "clutter", path: "app/.git/HEAD", why: "version control" } as const;
    const image = { layers: [KEPT, { "root/.netrc": "other" }], finds: [[NETRC, clutter], [NETRC]] };
    assert.equal(found("secret-in-file", image).length, 2);
    assert.match(found("secret-in-file", image)[0] ?? "", /replaced by layer 2/);
    assert.equal(found("clutter", image).length, 1);
  });

  test("is counted where there are too many to be told", () => {
    const finds = Array.from({ length: 250 }, (_, at) => ({ ...NETRC, path: `root/${at}` }));
    const flaws = found("secret-in-file", { layers: [KEPT], finds: [finds] });
    assert.equal(flaws.length, 101);
    assert.match(flaws.at(-1) ?? "", /and 150 more/);
  });

  test("cannot forge another line of a message by its name", () => {
    const [flaw = ""] = found("secret-in-file", { layers: [KEPT], finds: [[{ ...NETRC, path: "a\n\u001b[2Jb" }]] });
    assert.match(flaw, /^[\x20-\x7e\u2026]+$/);
  });
});

test("a layer's notes of a secret say that it is gone from the image and not from the layer", () => {
  const facts = (spec: Record<string, string>, finds: readonly (typeof NETRC)[]) => ({
    diffId: layer(spec, "tar").diffId,
    packing: "tar" as const,
    compressedBytes: 1,
    uncompressedBytes: 1,
    entryCount: 1,
    tally: {
      kinds: { file: 1, directory: 0, symlink: 0, hardlink: 0, character: 0, block: 0, fifo: 0 },
      fileBytes: 1,
      sharedLibraries: 0,
      manuals: 0,
    },
    entries: [],
    whiteouts: finds.length > 0 ? [] : [{ path: "root/.netrc", kind: "path" as const, after: 0 }],
    bodies: {},
    counts: {},
    finds,
    anomalies: [],
  });
  const layers = [facts(KEPT, [NETRC]), facts({}, [])];
  assert.deepEqual(layerNotes(layers, 0), ["secret: root/.netrc (deleted by a later layer)"]);
  assert.deepEqual(layerNotes([layers[0]], 0), ["secret: root/.netrc"]);
  assert.deepEqual(layerNotes(layers, 1), ["hides root/.netrc"]);
  assert.deepEqual(layerNotes([undefined, layers[1]], 0), []);
});
