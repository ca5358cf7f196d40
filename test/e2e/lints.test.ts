import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import type { VerdictJson } from "../../src/domain/verdict-json.ts";
import { runAssay, type Ended } from "../support/assay-process.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import { putImageInto, SupplyChain } from "../support/supply-chain.ts";
import { image, layer, type LayerSpec } from "../support/tar.ts";

/** Each stands in one place of the image, and in nobody's answer. */
const IN_FILE = "hunter2-in-a-file";
const IN_ENVIRONMENT = "hunter2-in-the-environment";
const IN_ARGUMENT = "hunter2-in-an-argument";
const SECRETS = [IN_FILE, IN_ENVIRONMENT, IN_ARGUMENT];

const RULE = "clean: [secret-in-file, secret-in-environment, root-reachable, empty-password]";
const PASSWD = "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n";
const ELF = "\u007fELF program";

const GOOD_FILES = {
  "etc/passwd": PASSWD,
  "etc/shadow": "root:*:1::::::\n",
  "app/server": { body: ELF, mode: 0o755 },
} as const satisfies LayerSpec;

const BAD_FILES = {
  "etc/passwd": PASSWD,
  "etc/shadow": "root::1::::::\n",
  "bin/su": { body: ELF, mode: 0o4755 },
  "usr/bin/become": { body: ELF, mode: 0o4755 },
  "app/server": { body: ELF, mode: 0o755 },
  ".netrc": `machine a.example login me password ${IN_FILE}\n`,
  "root/.netrc": `machine a.example login me password ${IN_FILE}\n`,
} as const satisfies LayerSpec;

const GOOD = image({ user: "1000", created: "2026-11-01T00:00:00Z" }, [layer(GOOD_FILES)]);
const LAYERS = [layer(BAD_FILES), layer({ "root/.wh..netrc": "", ".wh..netrc": "" })];
const BAD = image(
  {
    user: "1000",
    env: ["PATH=/bin", `DB_PASSWORD=${IN_ENVIRONMENT}`],
    history: [
      { createdBy: `RUN |1 NPM_TOKEN=${IN_ARGUMENT} /bin/sh -c npm ci # buildkit` },
      { createdBy: "RUN /bin/sh -c rm /root/.netrc # buildkit" },
    ],
  },
  LAYERS,
);

describe("an image with secrets and ways to root, in a real registry", () => {
  let chain: SupplyChain;
  let registry: DockerRegistry;
  let data: string;

  before(async () => {
    chain = await SupplyChain.start();
    registry = await DockerRegistry.start();
    data = join(chain.folder, "data");
    mkdirSync(data);
    chain.writePolicy(`- ${RULE}`, { images: [`${registry.host}/shop/**`] });
    await putImageInto(registry, "shop/good", GOOD, ["1"]);
    await putImageInto(registry, "shop/bad", BAD, ["1"]);
  });
  after(async () => {
    await registry.close();
    await chain[Symbol.asyncDispose]();
  });

  const run = (command: string, name: string, ...more: readonly string[]): Promise<Ended> =>
    runAssay(
      [command, `${registry.host}/shop/${name}:1`, ...more],
      chain.env({ ASSAY_UNSAFE_PLAIN_HTTP: registry.host, ASSAY_DATA: data }),
    );

  function assertSilent(what: string, text: string): void {
    for (const secret of SECRETS) assert.ok(!text.includes(secret), `${what} shows ${secret}`);
  }

  test("is allowed where it has none of them", async () => {
    const { code, out } = await run("verify", "good", "--format", "json");
    assert.equal(code, 0, out);
  });

  test("is denied by clean, and each flaw says where it is and what to do, and never the secret", async () => {
    const { code, out, err } = await run("verify", "bad", "--format", "json");
    assert.equal(code, 1, err);
    const { findings } = JSON.parse(out) as VerdictJson;
    assert.deepEqual(
      findings.map(({ rule, reason, outcome }) => [rule, reason, outcome]),
      [["rules[0].clean", "unclean", "violated"]],
    );
    const [finding] = findings;
    assert.ok(finding !== undefined);
    const { cites, message } = finding;
    for (const said of [
      /fails the lint secret-in-file: layer 1 holds \.netrc .*, deleted by layer 2 \(sha256:[0-9a-f]{64}\) and still in this layer's blob/,
      /layer 1 holds root\/\.netrc/,
      /fails the lint secret-in-environment: the environment variable DB_PASSWORD has a value: give it to the container/,
      /step 1 of the history sets NPM_TOKEN: give it to the build by RUN --mount=type=secret/,
    ])
      assert.match(message, said);
    assert.ok(
      cites.some((cite) => cite.kind === "layer" && cite.path === "root/.netrc" && cite.digest === LAYERS[0]?.digest),
    );
    assertSilent("the verdict", out + err);
  });

  test("tells the ways to root by a rule of their own", async () => {
    const policy = join(chain.folder, "reachable.yaml");
    const text = readFileSync(join(chain.folder, "policy/policy.yaml"), "utf8");
    writeFileSync(
      policy,
      text.replace(RULE, "clean: [root-reachable, empty-password]").replaceAll("file: ", "file: policy/"),
    );
    const { code, out } = await run("verify", "bad", "--format", "json", "--policy", policy);
    assert.equal(code, 1);
    const message = (JSON.parse(out) as VerdictJson).findings[0]?.message ?? "";
    assert.match(message, /usr\/bin\/become runs as root whoever starts it/);
    assert.match(message, /root, which is root, has no password in etc\/shadow and bin\/su logs people in/);
    assert.match(message, /fails the lint empty-password: the account root has no password in etc\/shadow/);
    assert.doesNotMatch(message, /bin\/su runs as root/);
  });

  test("shows no secret to people", async () => {
    const { code, out, err } = await run("verify", "bad", "--format", "text");
    assert.equal(code, 1);
    assert.match(out, /DB_PASSWORD/);
    assertSilent("the report", out + err);
  });

  test("shows no secret where it is inspected, and says which layers have what", async () => {
    const { code, out, err } = await run("inspect", "bad", "--format", "json");
    assert.equal(code, 0, err);
    assert.match(out, /secret: root\/\.netrc \(deleted by a later layer\)/);
    assert.match(out, /hides root\/\.netrc/);
    assert.match(out, /NPM_TOKEN=…/);
    assertSilent("inspect", out + err);
    const shown = await run("inspect", "bad");
    assertSilent("inspect", shown.out + shown.err);
  });

  test("leaves no secret in the store but the image's own configuration, which is kept by its digest as it is", () => {
    const files = readdirSync(data).map((name) => readFileSync(join(data, name)).toString("latin1"));
    assert.ok(
      files.some((text) => text.includes("secret-in-environment")),
      "the verdict was kept",
    );
    const config = Buffer.from(BAD.config.bytes).toString("latin1");
    for (const text of files) assertSilent("the store", text.replaceAll(config, ""));
    assert.ok(!files.join("").includes(IN_FILE));
  });
});
