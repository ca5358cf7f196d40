import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = resolve(import.meta.dirname, "../..");
const ASSAY = join(ROOT, "bin/assay");

/** What becomes of each image, and the words a reader must find beside it. */
const EXPECTED: Readonly<Record<string, readonly [string, RegExp]>> = {
  "shop/web:1": ["allowed", /Keeps every rule: signed, user, composition, absent, age\./],
  "shop/cart:1": ["allowed", /Keeps every rule: signed, user, composition, absent, age\./],
  "payments/ledger:1": ["allowed", /Keeps every rule: signed/],
  "payments/refund:1": ["denied", /signed by release-key only, and 2 of \(release-key, security-key\)/],
  "shop/old:1": ["warned", /built at \S+, as its creation date says, longer ago than 90d/],
  "shop/unsigned:1": ["denied", /no signature was found/],
  "shop/other-key:1": [
    "denied",
    /unknown-key: .* It is signed correctly, by the key sha256:\S+, whom no authority names/,
  ],
  "shop/tampered:1": ["denied", /bad-signature/],
  "shop/copied:1": ["denied", /wrong-subject: the signature is good, but for "sha256:/],
  "shop/unlogged:1": ["denied", /log-missing: .* sign again with the log on/],
  "shop/root:1": ["denied", /runs as root: USER "0"/],
  "shop/named:1": ["denied", /USER "app", a name/],
  "shop/shell:1": ["denied", /holds a shell: \/bin\/sh/],
  "shop/multi:1": ["denied", /\(linux\/arm64\) runs as root/],
  "shop/altered:1": ["could not tell", /digest-mismatch/],
  "keyless/api:1": ["allowed", /is signed by ci\./],
  "keyless/fork:1": [
    "denied",
    /wrong-signer: signed by \S+mallory\/shop\S+ \(issuer \S+\), which this authority does not name/,
  ],
  "notation/api:1": ["allowed", /is signed by corporate-pki\./],
  "notation/other:1": [
    "denied",
    /certificate-untrusted: its chain ends in "CN=acme root".* below a root that no authority trusts/,
  ],
  "notary/api:1": ["allowed", /is signed by content-trust\./],
  "notary/moved:1": ["denied", /wrong-subject: .* deploy the digest that is signed/],
  "gpg/agent:1": ["allowed", /is signed by vendor\./],
  "gpg/unknown:1": ["denied", /unknown-key: .* which is in no keyring of this authority/],
  "attested/api:1": ["allowed", /is attested to by ci/],
  "attested/laptop:1": ["denied", /runDetails\.builder\.id is "https:\/\/builder\.example\.com\/laptops\/v1"/],
  "quorum/two:1": ["allowed", /is signed by release-key, vendor, as 2 of \(release-key, ci, vendor\)/],
  "quorum/one:1": ["denied", /signed by ci only, and 2 of \(release-key, ci, vendor\)/],
  "quorum/same-key:1": ["denied", /signed by release-key, vendor only, and 2 of .* They share a key/],
};

/** The caller's settings must have no say in the demonstration. */
const MISLEADING = { REDIS_URL: "redis://127.0.0.1:1", ASSAY_POLICY: "/nowhere", ASSAY_LISTEN: "0.0.0.0:80" };

function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], ...more };
}

type Row = { readonly word: string; readonly text: string };

/** The table's rows by image, each on one line. */
function rowsOf(output: string): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>();
  for (const block of output.split("\n\n")) {
    const [, word = "", name = ""] = /^[✔!✖?] (allowed|warned|denied|could not tell) +(\S+:1) /.exec(block) ?? [];
    if (word !== "") rows.set(name, { word, text: block.replaceAll(/\s+/g, " ") });
  }
  return rows;
}

test("shows one verdict for each image, with its reason, and leaves nothing behind", { timeout: 60_000 }, () => {
  const ran = spawnSync(ASSAY, ["demo", "--once"], { env: environment(MISLEADING), encoding: "utf8", timeout: 50_000 });
  assert.equal(ran.status, 0, ran.stderr);
  const rows = rowsOf(ran.stdout);
  assert.deepEqual([...rows.keys()].sort(), Object.keys(EXPECTED).sort());
  for (const [name, [word, reason]] of Object.entries(EXPECTED)) {
    assert.equal(rows.get(name)?.word, word, name);
    assert.match(rows.get(name)?.text ?? "", reason);
  }
  assert.match(ran.stdout, /28 images: 9 allowed, 1 warned, 17 denied, 1 could not tell \(which counts as denied\)\./);
  assert.match(ran.stdout, /Asked again, 28 are answered from memory: \S+ s, 28 looks at .*, 0 other requests\./);
  assert.match(ran.stderr, /28\/28 verified/);
  assert.ok(!(ran.stdout + ran.stderr).includes("\u001b"), "colours where no terminal is");
  assert.equal(existsSync(folderOf(ran.stdout)), false);
});

test("refuses a port that is taken and an option that is none, each by name", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  try {
    const { port } = taken.address() as AddressInfo;
    const refused = spawnSync(ASSAY, ["demo", "--once", "--port", String(port)], { encoding: "utf8" });
    assert.equal(refused.status, 3);
    assert.match(refused.stderr, new RegExp(`Port ${port} is taken`));
  } finally {
    taken.close();
  }
  const unknown = spawnSync(ASSAY, ["demo", "--fast"], { encoding: "utf8" });
  assert.equal(unknown.status, 3);
  assert.match(unknown.stderr, /--fast/);
});

test("stays up for the commands it prints, judges by the edited policy, and goes at SIGINT", async () => {
  await using demo = await Running.start();
  assert.match(demo.output, /until you press Ctrl-C/);

  const shell = await demo.verdict(demo.address("shop/shell:1"));
  assert.equal(shell.decision, "deny");
  assert.deepEqual(shell.unsafe, ["policy production: rules[4].age: enforcement: warn"]);

  const verified = demo.run("bin/assay verify");
  assert.equal(verified.status, 1, verified.stderr);
  assert.match(verified.stdout, /✖ denied/);
  const inspected = demo.run("bin/assay inspect");
  assert.equal(inspected.status, 0, inspected.stderr);
  assert.match(inspected.stdout, /bin\/sh/);

  const policy = /EDITOR\S+ (\S+production\.yaml)$/m.exec(demo.output)?.[1] ?? "";
  writeFileSync(policy, readFileSync(policy, "utf8").replace("    - user: nonRoot\n", ""));
  const root = demo.address("shop/root:1");
  const deadline = Date.now() + 15_000;
  while ((await demo.verdict(root)).decision !== "allow" && Date.now() < deadline) await sleep(100);
  assert.equal((await demo.verdict(root)).decision, "allow");

  assert.equal(await demo.stop(), 0);
  assert.equal(existsSync(dirname(dirname(policy))), false);
  await assert.rejects(once(connect(Number(root.port), "127.0.0.1"), "connect"), { code: "ECONNREFUSED" });
});

function folderOf(output: string): string {
  const [folder] = /\/\S*\/assay-demo-\w+/.exec(output) ?? [];
  assert.ok(folder !== undefined, "the output names no folder");
  return folder;
}

/** A demonstration that stays up, as far as one sees of it. */
class Running implements AsyncDisposable {
  readonly #process: ChildProcess;
  output = "";

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
    });
  }

  /** Resolves once all that is printed before the wait was read. */
  static async start(): Promise<Running> {
    const running = new Running(
      spawn(ASSAY, ["demo"], { env: environment(), stdio: ["ignore", "pipe", "ignore"], cwd: "/" }),
    );
    const deadline = Date.now() + 50_000;
    while (!/EDITOR\S+ \S+production\.yaml\n/.test(running.output) && Date.now() < deadline) await sleep(50);
    return running;
  }

  /** The printed look-up, for another image. */
  address(name: string): URL {
    const [, printed = ""] = /'(http:\S+\/v1\/verdicts\?image=\S+)'/.exec(this.output) ?? [];
    return new URL(printed.replace("shop/shell:1", name));
  }

  async verdict(address: URL): Promise<{ readonly decision: string; readonly unsafe: readonly string[] }> {
    const answer = await fetch(address, { headers: { prefer: "wait=10" } });
    assert.equal(answer.status, 200);
    return (await answer.json()) as { decision: string; unsafe: string[] };
  }

  /** Runs a printed command as a shell would, from the folder that was printed. */
  run(start: string) {
    const [command] = new RegExp(`^ *${start}(?:.*\\\\\\n)*.*`, "m").exec(this.output) ?? [];
    const [, folder] = /^ *cd (\S+)$/m.exec(this.output) ?? [];
    return spawnSync("sh", ["-c", command ?? "false"], { cwd: folder, env: environment(), encoding: "utf8" });
  }

  /** The exit code after Ctrl-C. */
  async stop(): Promise<number | null> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGINT");
    await ended;
    return this.#process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.stop();
  }
}
