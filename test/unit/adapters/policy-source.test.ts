import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";

import type { PolicySet } from "../../../src/domain/policy.ts";
import { setTimeout as delay } from "node:timers/promises";

import { readPolicySet } from "../../../src/adapters/files/policy-files.ts";
import { openPolicySource } from "../../../src/adapters/files/policy-source.ts";
import { InputError } from "../../../src/domain/errors.ts";
import type { PolicySource } from "../../../src/ports/policy-source.ts";
import { authorityYaml, pemOf, policyYaml } from "../../support/policy-facts.ts";

/** The first key of the first authority. */
function keyOf({ authorities }: PolicySet): string | undefined {
  const spec = authorities[0]?.spec;
  return spec?.kind === "cosign" ? spec.keys[0]?.pem : undefined;
}

const ROOT = mkdtempSync(join(tmpdir(), "assay-policy-"));
after(() => rmSync(ROOT, { recursive: true, force: true }));

let folders = 0;

function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = join(ROOT, `f${folders++}`);
  mkdirSync(path);
  write(path, files);
  return path;
}

function write(path: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
}

/** A policy of that name, so that one sees which file is in force. */
function named(name: string): string {
  return policyYaml(["user: nonRoot"], "", name);
}

function names(source: PolicySource): readonly string[] {
  return source.current().policies.map(({ name }) => name);
}

/** Waits until a claim is true, or fails after five seconds. */
async function until(claim: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (claim()) return;
    await delay(10);
  }
  assert.fail(`still not so after five seconds: ${what}`);
}

/** Opens a source, runs the test, and closes it. Polling is far off unless asked for, so that watching is what is tested. */
async function following(
  paths: readonly string[],
  run: (source: PolicySource) => Promise<void>,
  options = { pollMs: 200, settleMs: 30 },
): Promise<void> {
  const source = openPolicySource(paths, options);
  try {
    await run(source);
  } finally {
    await source.close();
  }
}

function message(paths: readonly string[]): string {
  try {
    openPolicySource(paths);
  } catch (error) {
    assert.ok(error instanceof InputError);
    assert.equal(error.code, "policy");
    return error.message;
  }
  return assert.fail("the source opened");
}

suite("reading", () => {
  test("takes a folder's policy files by name, and nothing hidden, deeper or of another kind", () => {
    const path = folder({
      "b.yaml": named("b"),
      "a.yml": named("a"),
      "c.json": JSON.stringify({
        apiVersion: "assay.dev/v1alpha1",
        kind: "Policy",
        metadata: { name: "c" },
        spec: { match: { images: ["**"] }, rules: [{ user: "nonRoot" }] },
      }),
      "notes.txt": "no",
      ".hidden.yaml": "no",
    });
    mkdirSync(join(path, "deeper"));
    write(join(path, "deeper"), { "d.yaml": "no" });
    mkdirSync(join(path, "folder.d"));
    assert.deepEqual(
      readPolicySet([path]).policies.map(({ name }) => name),
      ["a", "b", "c"],
    );
    assert.deepEqual(
      readPolicySet([join(path, "b.yaml"), join(path, "a.yml")]).policies.map(({ name }) => name),
      ["b", "a"],
    );
  });

  test("finds key files beside the file that names them, and leaves a trusted root in the folder alone", () => {
    const root = JSON.stringify({ mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1" });
    const keys = folder({ "release.pub": pemOf("release") });
    const path = folder({
      "p.yaml": `${authorityYaml("a")
        .replace("a.pub", `../${keys.split("/").at(-1)}/release.pub`)
        .replace("{ keys:", "{ trustRoot: trusted_root.json, keys:")}\n---\n${policyYaml(["signed: { by: a }"])}`,
      "trusted_root.json": root,
    });
    const [authority] = readPolicySet([path]).authorities;
    assert.ok(authority?.spec.kind === "cosign");
    assert.equal(authority.spec.keys[0]?.pem, pemOf("release"));
    assert.ok(
      authority.spec.transparencyLog.kind === "required" && authority.spec.transparencyLog.root.kind === "trusted-root",
    );
  });

  test("leaves the root of a TUF mirror in the folder alone, and takes it from there", () => {
    const root = JSON.stringify({ signatures: [], signed: { _type: "root", version: 1 } });
    const mirror = '{ trustRoot: { tufMirror: "https://tuf.example.com", root: root.json }, keys:';
    const path = folder({
      "p.yaml": `${authorityYaml("a").replace("{ keys:", mirror)}\n---\n${policyYaml(["signed: { by: a }"])}`,
      "a.pub": pemOf("a"),
      "root.json": root,
    });
    const [authority] = readPolicySet([path]).authorities;
    assert.ok(authority?.spec.kind === "cosign" && authority.spec.transparencyLog.kind === "required");
    const { root: read } = authority.spec.transparencyLog;
    assert.deepEqual(read.kind === "tuf-mirror" && [read.rootJson, read.from], [root, "root.json"]);
  });

  test("refuses with all problems of all files", () => {
    const path = folder({ "a.yaml": policyYaml(["{}"]), "b.yaml": authorityYaml("x") });
    const lines = message([path]).split("\n");
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? "", /\/a\.yaml:7:7: spec\.rules\[0\]: says nothing/);
    assert.match(
      lines[1] ?? "",
      /\/b\.yaml:5:29: spec\.cosign\.keys\[0\]\.file: the key file "x\.pub" cannot be read: there is no such file/,
    );
  });

  test("refuses paths that hold no policy", () => {
    assert.match(
      message([join(ROOT, "nowhere")]),
      /nowhere cannot be read \(there is no such file\): name a policy file or a folder/,
    );
    assert.match(message([folder()]), /holds no \*\.yaml/);
    assert.match(message([folder({ "a.yaml": "" })]), /holds no document/);
    assert.match(message(["/dev/null"]), /not a regular file/);
    const bytes = folder();
    writeFileSync(join(bytes, "a.yaml"), new Uint8Array([0xff, 0xfe]));
    assert.match(message([bytes]), /not UTF-8 text/);
  });

  test("refuses a folder one of whose files is missing behind its link, even if the others are whole", () => {
    const path = folder({ "a.yaml": named("a") });
    symlinkSync(join(path, "gone"), join(path, "b.yaml"));
    assert.match(message([path]), /b\.yaml cannot be read: there is no such file/);
  });
});

suite("following", () => {
  test("a rewritten file, telling listeners once for each change", async () => {
    const path = folder({ "a.yaml": named("one") });
    await following([path], async (source) => {
      const told: string[] = [];
      const stop = source.onChange((set) => told.push(...set.policies.map(({ name }) => name)));
      writeFileSync(join(path, "a.yaml"), named("two"));
      await until(() => names(source).includes("two"), "the second policy is in force");
      // A touch changes the marks and not the meaning.
      utimesSync(join(path, "a.yaml"), new Date(), new Date());
      await delay(300);
      assert.deepEqual(told, ["two"]);
      stop();
      writeFileSync(join(path, "a.yaml"), named("three"));
      await until(() => names(source).includes("three"), "the third policy is in force");
      assert.deepEqual(told, ["two"]);
    });
  });

  test("files that come and go", async () => {
    const path = folder({ "a.yaml": named("a") });
    await following([path], async (source) => {
      write(path, { "b.yaml": named("b") });
      await until(() => names(source).join() === "a,b", "both are in force");
      unlinkSync(join(path, "a.yaml"));
      await until(() => names(source).join() === "b", "only the second is in force");
    });
  });

  test("a single file that is replaced by a rename", async () => {
    const path = folder({ "a.yaml": named("one") });
    await following([join(path, "a.yaml")], async (source) => {
      write(path, { "new.tmp": named("two") });
      renameSync(join(path, "new.tmp"), join(path, "a.yaml"));
      await until(() => names(source).join() === "two", "the renamed file is in force");
    });
  });

  test("a mounted ConfigMap, whose files all change by one swapped link", async () => {
    const mount = folder();
    const version = (name: string, policy: string, key: string) => {
      mkdirSync(join(mount, name));
      write(join(mount, name), {
        "p.yaml": `${authorityYaml("a")}\n---\n${policyYaml(["signed: { by: a }"], "", policy)}`,
        "a.pub": pemOf(key),
      });
    };
    const swap = (name: string) => {
      symlinkSync(name, join(mount, "..data_tmp"));
      renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
    };
    version("..2026_01", "one", "first");
    swap("..2026_01");
    symlinkSync("..data/p.yaml", join(mount, "p.yaml"));
    symlinkSync("..data/a.pub", join(mount, "a.pub"));
    await following([mount], async (source) => {
      const seen: string[] = [];
      source.onChange((set) => seen.push(`${set.policies[0]?.name} ${keyOf(set) === pemOf("second")}`));
      assert.deepEqual(names(source), ["one"]);
      version("..2026_02", "two", "second");
      swap("..2026_02");
      rmSync(join(mount, "..2026_01"), { recursive: true });
      await until(() => names(source).join() === "two", "the swapped version is in force");
      assert.deepEqual(seen, ["two true"]);
      assert.equal(source.problem(), undefined);
    });
  });

  test("a key file that changes while the policy does not", async () => {
    const path = folder({
      "p.yaml": `${authorityYaml("a")}\n---\n${policyYaml(["signed: { by: a }"])}`,
      "a.pub": pemOf("old"),
    });
    await following([join(path, "p.yaml")], async (source) => {
      writeFileSync(join(path, "a.pub"), pemOf("new"));
      await until(() => keyOf(source.current()) === pemOf("new"), "the new key is in force");
    });
  });

  test("a broken file keeps what was in force and reports, until it is mended", async () => {
    const path = folder({ "a.yaml": named("one") });
    await following([path], async (source) => {
      const told: string[] = [];
      source.onChange((set) => told.push(set.policies[0]?.name ?? ""));
      const before = source.current();
      writeFileSync(join(path, "a.yaml"), named("two").slice(0, -10));
      await until(() => source.problem() !== undefined, "the problem is reported");
      assert.match(source.problem() ?? "", /a\.yaml:7:\d+: /);
      assert.equal(source.current(), before);
      writeFileSync(join(path, "a.yaml"), "");
      await until(() => source.problem()?.includes("holds no document") ?? false, "an emptied file is a problem");
      assert.equal(source.current(), before);
      unlinkSync(join(path, "a.yaml"));
      await until(() => source.problem()?.includes("holds no *.yaml") ?? false, "an emptied folder is a problem");
      assert.equal(source.current(), before);
      writeFileSync(join(path, "a.yaml"), named("two"));
      await until(() => names(source).join() === "two", "the mended file is in force");
      assert.equal(source.problem(), undefined);
      assert.deepEqual(told, ["two"]);
    });
  });

  test("a file being written piece by piece is never taken for whole", async () => {
    const whole = ["one", "two", "three"].map(named).join("\n---\n");
    const path = folder({ "a.yaml": whole });
    await following(
      [path],
      async (source) => {
        const told: number[] = [];
        source.onChange((set) => told.push(set.policies.length));
        const next = ["four", "five", "six", "seven", "eight", "nine"].map(named);
        // Each piece by itself is a valid set with fewer policies.
        for (let i = 1; i <= next.length; i++) {
          writeFileSync(join(path, "a.yaml"), next.slice(0, i).join("\n---\n"));
          await delay(60);
        }
        await until(() => names(source).join() === "four,five,six,seven,eight,nine", "the whole file is in force");
        assert.deepEqual(told, [6]);
      },
      { pollMs: 200, settleMs: 200 },
    );
  });

  test("many writers at once end with the last version in force", async () => {
    const path = folder({ "a.yaml": named("start") });
    await following([path], async (source) => {
      const seen = new Set<string>();
      source.onChange((set) => seen.add(set.policies.map(({ name }) => name).join()));
      for (let i = 0; i < 60; i++) {
        write(path, { [`.tmp${i % 3}`]: named(`v${i}`) });
        renameSync(join(path, `.tmp${i % 3}`), join(path, "a.yaml"));
        await delay(2);
      }
      await until(() => names(source).join() === "v59", "the last version is in force");
      assert.equal(source.problem(), undefined);
      assert.ok(
        [...seen].every((one) => /^v\d+$/.test(one)),
        "only whole versions were in force",
      );
    });
  });

  test("by polling alone where nothing reports changes", async () => {
    const keys = folder({ "deep.pub": pemOf("old") });
    const path = folder({
      "p.yaml": `${authorityYaml("a").replace("a.pub", join(keys, "link.pub"))}\n---\n${policyYaml(["signed: { by: a }"])}`,
    });
    const real = folder({ "deep.pub": pemOf("old") });
    symlinkSync(join(real, "deep.pub"), join(keys, "link.pub"));
    await following([path], async (source) => {
      await delay(100);
      // The link's own folder is watched; what it leads to is not.
      writeFileSync(join(real, "deep.pub"), pemOf("new"));
      await until(() => keyOf(source.current()) === pemOf("new"), "the new key is in force");
    });
  });

  test("ends when it is closed", async () => {
    const path = folder({ "a.yaml": named("one") });
    const source = openPolicySource([path], { pollMs: 20, settleMs: 10 });
    let told = 0;
    source.onChange(() => told++);
    await source.close();
    writeFileSync(join(path, "a.yaml"), named("two"));
    await delay(150);
    assert.deepEqual([names(source), told], [["one"], 0]);
  });
});
