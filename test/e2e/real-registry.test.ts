import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import type { Digest } from "../../src/domain/digest.ts";
import type { VerdictJson } from "../../src/domain/verdict-json.ts";
import { runAssay, type Ended } from "../support/assay-process.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import { putIndex, type ImageTarget } from "../support/image-builder.ts";
import { LayoutWriter } from "../support/layout-writer.ts";
import { pushLayout } from "../support/pushed-layout.ts";
import { Service } from "../support/service.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { DISTROLESS_FILES, putImageInto, SHELL_FILES, SupplyChain } from "../support/supply-chain.ts";
import { image, layer } from "../support/tar.ts";

const REPOSITORY = "shop/web";
const FIXTURES = join(import.meta.dirname, "../fixtures/cosign");
const RULES = `- signed: { by: release-key }
- user: nonRoot
- composition: { atMost: distroless }
- absent: [shell, package-manager]`;

const GOOD = image({ user: "65532" }, [layer(DISTROLESS_FILES)]);
const UNSIGNED = image({ user: "65532", labels: { signed: "no" } }, [layer(DISTROLESS_FILES)]);
const ROOT = image({ user: "0", architecture: "arm64" }, [layer(DISTROLESS_FILES), layer(SHELL_FILES)]);
const BOTH = [
  { descriptor: GOOD.manifest.descriptor, platform: { os: "linux", architecture: "amd64" } },
  { descriptor: ROOT.manifest.descriptor, platform: { os: "linux", architecture: "arm64" } },
];

type Shown = { readonly image: string; readonly decision: string; readonly problem?: { readonly code: string } };

describe("the command line against real registries", () => {
  let chain: SupplyChain;
  let plain: DockerRegistry;
  let guarded: DockerRegistry;
  let tokened: DockerRegistry;
  let secure: DockerRegistry;
  let folder: string;
  let signed: readonly Digest[] = [];

  before(async () => {
    chain = await SupplyChain.start();
    folder = chain.folder;
    [plain, guarded, tokened, secure] = await Promise.all([
      DockerRegistry.start(),
      DockerRegistry.start({ auth: "basic" }),
      DockerRegistry.start({ auth: "token" }),
      DockerRegistry.start({ tls: true }),
    ]);
    const registries = [plain, guarded, tokened, secure];
    chain.writePolicy(RULES, { images: registries.map(({ host }) => `${host}/shop/**`) });
    await writeLayout();
    await Promise.all(registries.map((registry) => fill(registry)));
  });
  after(async () => {
    await Promise.all([plain, guarded, tokened, secure].map((registry) => registry.close()));
    await chain[Symbol.asyncDispose]();
  });

  /** An image that is allowed, one that nobody signed, and an index of the first with one that is denied. */
  async function writeLayout(): Promise<void> {
    const writer = new LayoutWriter();
    await putImageInto(writer, REPOSITORY, GOOD, ["good"]);
    await putImageInto(writer, REPOSITORY, UNSIGNED, ["unsigned"]);
    await putImageInto(writer, REPOSITORY, ROOT, ["root"]);
    const { descriptor } = await putIndex(writer, REPOSITORY, BOTH, { tags: ["both"] });
    signed = [GOOD.manifest.descriptor.digest, descriptor.digest];
    await signIn(writer);
    await writer.writeFolder(join(folder, "layout"));
    await writer.writeArchive(join(folder, "layout.tar"));
  }

  async function signIn(target: ImageTarget): Promise<void> {
    for (const digest of signed) await chain.sign(REPOSITORY, digest, {}, target);
  }

  async function fill(registry: DockerRegistry): Promise<void> {
    for (const tag of ["good", "unsigned", "both"])
      await skopeoPush(`oci:${join(folder, "layout")}:${tag}`, registry, `${REPOSITORY}:${tag}`);
    await signIn(registry);
  }

  const environment = (more: Readonly<Record<string, string>> = {}): Record<string, string> =>
    chain.env({
      ASSAY_UNSAFE_PLAIN_HTTP: [plain.host, guarded.host, tokened.host, tokened.tokens?.host].join(","),
      ...more,
    });
  const run = (args: readonly string[], more?: Readonly<Record<string, string>>): Promise<Ended> =>
    runAssay(args, environment(more));
  const at = (registry: DockerRegistry, tag: string): string => `${registry.host}/${REPOSITORY}:${tag}`;
  const shown = ({ out }: Ended): VerdictJson => JSON.parse(out) as VerdictJson;

  /** A folder with Docker's configuration, as `DOCKER_CONFIG` names it. */
  function dockerConfig(config: object): Record<string, string> {
    const path = mkdtempSync(join(folder, "docker-"));
    writeFileSync(join(path, "config.json"), JSON.stringify(config));
    return { DOCKER_CONFIG: path };
  }

  const account = (registry: DockerRegistry, password = registry.account.password): Record<string, string> =>
    dockerConfig({
      auths: { [registry.host]: { auth: Buffer.from(`${registry.account.username}:${password}`).toString("base64") } },
    });

  test("allows with 0, denies with 1, cannot tell with 2 and is misused with 3", async () => {
    const policy = join(folder, "policy");
    const broken = join(folder, "broken.yaml");
    writeFileSync(broken, readFileSync(join(policy, "policy.yaml"), "utf8").replace("user: nonRoot", "usr: nonRoot"));
    const [allowed, denied, down, misused] = await Promise.all([
      run(["verify", at(plain, "good"), "--policy", policy, "--format", "json"]),
      run(["verify", at(plain, "unsigned"), "--policy", policy, "--format", "text"]),
      run(["verify", "127.0.0.1:1/shop/web:1", "--unsafe-plain-http", "127.0.0.1:1"]),
      run(["verify", at(plain, "good"), "--policy", broken]),
    ]);
    assert.equal(allowed.code, 0);
    assert.equal(shown(allowed).decision, "allow");
    assert.equal(shown(allowed).digest, GOOD.manifest.descriptor.digest);
    assert.equal(allowed.err, "");
    assert.equal(denied.code, 1);
    assert.match(denied.out, /✖ denied .*shop\/web:unsigned/);
    assert.match(denied.out, /release-key/);
    assert.equal(down.code, 2);
    assert.match(down.out, /127\.0\.0\.1:1\/shop\/web.*ECONNREFUSED/);
    assert.equal(misused.code, 3);
    assert.equal(misused.out, "");
    assert.match(misused.err, /broken\.yaml:\d+:\d+: .*usr/);
  });

  test("judges several images at once, each by itself, and the worst counts", async () => {
    const ran = await run(["verify", at(plain, "good"), at(plain, "unsigned"), at(plain, "gone"), "--format", "json"]);
    assert.equal(ran.code, 1);
    const answers = JSON.parse(ran.out) as readonly Shown[];
    assert.deepEqual(
      answers.map(({ image, decision, problem }) => [image, decision, problem?.code]),
      [
        [at(plain, "good"), "allow", undefined],
        [at(plain, "unsigned"), "deny", undefined],
        [at(plain, "gone"), "deny", "not-found"],
      ],
    );
  });

  test("judges by one key without a policy, as strictly as a policy would", async () => {
    const key = join(folder, "policy/release.pub");
    const lax = ["--unsafe-ignore-transparency-log"];
    const [strict, relaxed, other] = await Promise.all([
      run(["verify", at(plain, "good"), "--key", key]),
      run(["verify", at(plain, "good"), "--key", key, "--format", "json", ...lax]),
      run(["verify", at(plain, "good"), "--key", join(FIXTURES, "keys/ecdsa.pub"), ...lax]),
    ]);
    assert.equal(strict.code, 1, "its log is not the public one");
    assert.match(strict.out, /log-untrusted/);
    assert.equal(relaxed.code, 0);
    assert.notDeepEqual(shown(relaxed).unsafe, []);
    assert.equal(other.code, 1);
    assert.match(other.out, /unknown-key/);
  });

  test("judges layouts on disk as the images they will be", async () => {
    const layout = join(folder, "layout");
    const [good, archived, unsigned, nameless] = await Promise.all([
      run(["verify", `oci:${layout}:good`, "--as", at(plain, "released"), "--format", "json"]),
      run(["verify", `oci-archive:${layout}.tar:good`, "--as", at(plain, "released"), "--format", "json"]),
      run(["verify", `oci:${layout}:unsigned`, "--as", at(plain, "released")]),
      run(["verify", `oci:${layout}:good`]),
    ]);
    for (const ran of [good, archived]) {
      assert.equal(ran.code, 0, ran.out);
      assert.equal(shown(ran).image, at(plain, "released"));
      assert.equal(shown(ran).digest, GOOD.manifest.descriptor.digest);
    }
    assert.equal(shown(good).id, shown(archived).id);
    assert.equal(unsigned.code, 1);
    assert.equal(nameless.code, 3);
    assert.match(nameless.err, /--as/);
  });

  test("judges every platform of an index, or the one that is asked for", async () => {
    const [all, amd64, arm64, none] = await Promise.all([
      run(["verify", at(plain, "both")]),
      run(["verify", at(plain, "both"), "--platform", "linux/amd64"]),
      run(["verify", at(plain, "both"), "--platform", "linux/arm64"]),
      run(["verify", at(plain, "both"), "--platform", "linux/s390x"]),
    ]);
    assert.deepEqual([all.code, amd64.code, arm64.code, none.code], [1, 0, 1, 1]);
    assert.match(all.out, /linux\/arm64/);
    assert.match(none.out, /s390x/);
  });

  test("logs in with the account of Docker's configuration, and names registry and mend where it is wrong", async () => {
    for (const registry of [guarded, tokened]) {
      const [right, wrong, none] = await Promise.all([
        run(["verify", at(registry, "good")], account(registry)),
        run(["verify", at(registry, "good")], account(registry, "battery staple")),
        run(["verify", at(registry, "good")]),
      ]);
      assert.equal(right.code, 0, right.out);
      for (const ran of [wrong, none]) {
        assert.equal(ran.code, 2, ran.out);
        assert.ok(ran.out.includes(registry.host));
        assert.match(ran.out, /unauthorized/);
        assert.match(ran.out, /fix: log in with an account that may read it: docker login, or DOCKER_CONFIG/);
        assert.doesNotMatch(ran.out + ran.err, /battery|YXNzYXk6/);
      }
    }
  });

  test("asks a credential helper for the account", async () => {
    const tools = mkdtempSync(join(folder, "bin-"));
    const helper = join(tools, "docker-credential-test");
    const { username, password } = guarded.account;
    const answer = JSON.stringify({ ServerURL: guarded.host, Username: username, Secret: password });
    writeFileSync(helper, `#!/bin/sh\nread host\necho "$1 $host" >> ${tools}/asked\nprintf '%s' '${answer}'\n`);
    chmodSync(helper, 0o755);
    const config = dockerConfig({ credHelpers: { [guarded.host]: "test" } });
    const path = `${tools}:${process.env["PATH"] ?? ""}`;
    const [found, missing] = await Promise.all([
      run(["verify", at(guarded, "good")], { ...config, PATH: path }),
      run(["verify", at(guarded, "good")], config),
    ]);
    assert.equal(found.code, 0, found.out);
    assert.ok(readFileSync(join(tools, "asked"), "utf8").startsWith(`get ${guarded.host}\n`));
    assert.equal(missing.code, 2);
    assert.match(missing.out, /docker-credential-test/);
  });

  test("trusts a private authority that it was given, and no other", async () => {
    const ca = join(folder, "ca.pem");
    writeFileSync(ca, secure.ca ?? "");
    const [trusted, flagged, unknown] = await Promise.all([
      run(["verify", at(secure, "good")], { ASSAY_REGISTRY_CA: ca }),
      run(["verify", at(secure, "good"), "--ca", ca]),
      run(["verify", at(secure, "good")]),
    ]);
    assert.equal(trusted.code, 0, trusted.out);
    assert.equal(flagged.code, 0);
    assert.equal(unknown.code, 2);
    assert.ok(unknown.out.includes(secure.host));
    assert.match(unknown.out, /certificate/i);
    const gone = await run(["verify", at(secure, "good")], { ASSAY_REGISTRY_CA: join(folder, "no.pem") });
    assert.equal(gone.code, 3);
    assert.match(gone.err, /ASSAY_REGISTRY_CA names .*no\.pem/);
  });

  test("shows what an image is made of, for people and for programs", async () => {
    const [text, json] = await Promise.all([
      run(["inspect", at(plain, "good")]),
      run(["inspect", at(plain, "good"), "--format", "json"]),
    ]);
    assert.deepEqual([text.code, json.code], [0, 0]);
    for (const word of [GOOD.manifest.descriptor.digest, "linux/amd64", "nonroot", "distroless-static", "release-key"])
      assert.ok(text.out.includes(word), `${word} is in ${text.out}`);
    const facts = JSON.parse(json.out) as { digest: string; platforms: unknown[]; signatures: unknown[] };
    assert.equal(facts.digest, GOOD.manifest.descriptor.digest);
    assert.equal(facts.platforms.length, 1);
    assert.equal(facts.signatures.length, 1);
  });

  test("colours what a terminal shows, unless NO_COLOR is set", async () => {
    const [coloured, bare] = await Promise.all([onTerminal({}), onTerminal({ NO_COLOR: "1" })]);
    assert.match(coloured, /allowed/);
    assert.ok(isColoured(coloured));
    assert.match(bare, /allowed/);
    assert.ok(!isColoured(bare));
  });

  /** What a person sees, who has a terminal. */
  async function onTerminal(more: Readonly<Record<string, string>>): Promise<string> {
    const program = join(import.meta.dirname, "../../bin/assay");
    const env = { PATH: process.env["PATH"] ?? "", TERM: "xterm", SHELL: "/bin/sh", ...environment(more) };
    const command = `${program} verify ${at(plain, "good")}`;
    const { stdout } = await promisify(execFile)("script", ["-qefc", command, "/dev/null"], { env });
    return stdout;
  }

  test("prints the verdict that the service gives, but for the times of looking and deciding", async () => {
    await using service = await Service.start(environment());
    for (const tag of ["good", "unsigned", "both"]) {
      const [ran, served] = await Promise.all([
        run(["verify", at(plain, tag), "--format", "json"]),
        service.judged(at(plain, tag)),
      ]);
      const timeless = (verdict: VerdictJson) => ({ ...verdict, resolvedAt: "", decidedAt: "" });
      assert.deepEqual(timeless(shown(ran)), timeless(served));
      const asked = await run(["verify", at(plain, tag), "--format", "json", "--server", service.url]);
      assert.equal(asked.code, ran.code);
      assert.deepEqual(timeless(shown(asked)), timeless(served));
    }
  });

  test("believes what cosign signed as far as it was logged, in both forms, and an attestation never", async () => {
    await pushLayout(FIXTURES, plain);
    const policy = join(folder, "cosign");
    mkdirSync(policy);
    for (const name of ["ecdsa", "ecdsa-2", "p384", "rsa", "ed25519", "log"])
      copyFileSync(join(FIXTURES, `keys/${name}.pub`), join(policy, `${name}.pub`));
    writeFileSync(join(policy, "policy.yaml"), cosignPolicies(plain.host));
    const images = Object.keys(SIGNED_BY).map((name) => `${plain.host}/${name}:1`);
    const ran = await run(["verify", ...images, "--policy", policy, "--format", "json"]);
    const verdicts = JSON.parse(ran.out) as readonly VerdictJson[];
    const decisions = Object.fromEntries(
      verdicts.map(({ image, decision }) => [image.slice(plain.host.length + 1, -2), decision]),
    );
    assert.deepEqual(decisions, {
      "tag/ecdsa": "allow",
      "tag/p384": "allow",
      "tag/rsa": "allow",
      "tag/ed25519": "deny",
      "tag/two-keys": "allow",
      "bundle/ecdsa": "allow",
      "bundle/rsa": "allow",
      "bundle/unlogged": "deny",
      "bundle/attested": "deny",
      "bundle/both-forms": "allow",
    });
    assert.equal(ran.code, 1);
    copyFileSync(join(FIXTURES, "keys/ecdsa-2.pub"), join(policy, "ecdsa.pub"));
    writeFileSync(join(policy, "policy.yaml"), cosignPolicies(plain.host, ["ecdsa"]));
    const swapped = await run([
      "verify",
      `${plain.host}/tag/ecdsa:1`,
      `${plain.host}/bundle/ecdsa:1`,
      "--policy",
      policy,
      "--format",
      "json",
    ]);
    assert.deepEqual(
      (JSON.parse(swapped.out) as readonly VerdictJson[]).map(({ decision }) => decision),
      ["deny", "deny"],
    );
  });
});

/** Whether it selects a graphic rendition (ECMA-48, 8.3.117), which a line that is only redrawn does not. */
function isColoured(text: string): boolean {
  return text.split("\u001b[").some((part, index) => index > 0 && /^[\d;]+m/.test(part));
}

/** What each repository of the fixtures must be signed by. */
const SIGNED_BY: Readonly<Record<string, string>> = {
  "tag/ecdsa": "ecdsa",
  "tag/p384": "p384",
  "tag/rsa": "rsa",
  "tag/ed25519": "ed25519",
  "tag/two-keys": "{ atLeast: 2, of: [ecdsa, ecdsa-2] }",
  "bundle/ecdsa": "ecdsa",
  "bundle/rsa": "rsa",
  "bundle/unlogged": "ecdsa",
  "bundle/attested": "ecdsa",
  "bundle/both-forms": "ecdsa",
};

function cosignPolicies(host: string, names = ["ecdsa", "ecdsa-2", "p384", "rsa", "ed25519"]): string {
  const authorities = names.map(
    (name) => `apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: ${name} }
spec: { cosign: { keys: [{ file: ${name}.pub }], rekorKeys: [{ file: log.pub }], annotations: { env: prod } } }
`,
  );
  const policies = Object.entries(SIGNED_BY)
    .filter(([, by]) => names.includes(by) || names.length > 1)
    .map(
      ([repository, by]) => `apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: ${repository.replace("/", "-")} }
spec: { match: { images: ["${host}/${repository}"] }, rules: [{ signed: { by: ${by} } }] }
`,
    );
  return [...authorities, ...policies].join("---\n");
}
