import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError, PortError } from "../../../src/domain/errors.ts";
import { parsePolicyFiles } from "../../../src/policy/parse.ts";
import { cli, denied, fakeWorld, finding, judged, verdict } from "../../support/cli-fake.ts";

const WEB = "registry.example.com/shop/web:1.2";
const API = "registry.example.com/shop/api:3";

function worldWith(answers: Record<string, ReturnType<typeof judged>>) {
  return Object.assign(fakeWorld(), { answers });
}

test("exits 0 for an allowed image, with the report on standard output and nothing on standard error", async () => {
  const ran = await cli(["verify", WEB], worldWith({ [WEB]: judged(verdict()) }));
  assert.equal(ran.code, 0);
  assert.match(ran.out, /^✔ allowed {2}registry\.example\.com\/shop\/web:1\.2\n/);
  assert.equal(ran.err, "");
});

test("exits 0 for an image allowed with warnings, and says so", async () => {
  const ran = await cli(["verify", WEB], worldWith({ [WEB]: judged(verdict({ decision: "warn" })) }));
  assert.equal(ran.code, 0);
  assert.match(ran.out, /^! allowed with warnings/);
});

test("exits 1 for a denied image", async () => {
  const ran = await cli(["verify", WEB], worldWith({ [WEB]: judged(denied()) }));
  assert.equal(ran.code, 1);
  assert.match(ran.out, /^✖ denied {2}/);
});

test("exits 2 for an image denied only because something could not be determined", async () => {
  const gap = finding({ outcome: "undetermined", reason: "gap", message: "the registry did not answer" });
  const warned = finding({ outcome: "violated", reason: "too-old", enforcement: "warn" });
  const value = denied({ findings: [gap, warned] });
  const ran = await cli(["verify", WEB], worldWith({ [WEB]: judged(value) }));
  assert.equal(ran.code, 2);
  assert.match(ran.out, /^✖ denied \(could not tell\)/);
});

test("exits 1 when one finding is violated and another undetermined", async () => {
  const gap = finding({ outcome: "undetermined", reason: "gap" });
  const root = finding({ outcome: "violated", reason: "root-user" });
  const ran = await cli(["verify", WEB], worldWith({ [WEB]: judged(denied({ findings: [gap, root] })) }));
  assert.equal(ran.code, 1);
});

test("exits 1 for a denial that names no finding at all", async () => {
  const ran = await cli(["verify", WEB], worldWith({ [WEB]: judged(denied({ findings: [] })) }));
  assert.equal(ran.code, 1);
});

test("exits 2 when the registry cannot be reached, naming the cause and the mend", async () => {
  const fake = fakeWorld();
  fake.answers[WEB] = () => Promise.reject(new PortError("unreachable", "registry.example.com", "connection refused"));
  const ran = await cli(["verify", WEB], fake);
  assert.equal(ran.code, 2);
  assert.match(ran.out, /registry\.example\.com: connection refused \(unreachable\)\n {4}fix: check the host name/);
});

test("exits 2 when the registry refuses the credentials: the image was never seen", async () => {
  const fake = fakeWorld();
  const problem = { code: "unauthorized", message: "registry.example.com: access denied", retryable: false } as const;
  fake.answers[WEB] = () => Promise.resolve({ kind: "unresolved", image: WEB, ...problem });
  assert.equal((await cli(["verify", WEB], fake)).code, 2);
});

test("exits 1 for an image that does not exist", async () => {
  const fake = fakeWorld();
  const problem = { code: "not-found", message: `${WEB}: there is no such tag`, retryable: false } as const;
  fake.answers[WEB] = () => Promise.resolve({ kind: "unresolved", image: WEB, ...problem });
  const ran = await cli(["verify", WEB], fake);
  assert.equal(ran.code, 1);
  assert.match(ran.out, /fix: check the name, the tag and the digest/);
});

test(
  "exits 2 when an image takes longer than --timeout, even if the pipeline ignores its signal",
  { timeout: 2500 },
  async (t) => {
    const fake = fakeWorld();
    fake.answers[WEB] = () => new Promise(() => undefined);
    // A promise that never settles keeps no process alive; a server that is silent would.
    const alive = setTimeout(() => undefined, 3000);
    t.after(() => clearTimeout(alive));
    const ran = await cli(["verify", WEB, "--timeout", "20ms"], fake);
    assert.equal(ran.code, 2);
    assert.match(ran.out, /no answer within 20 ms; allow more with --timeout/);
  },
);

test("exits 2 for a mistake of its own, since no image was judged", async () => {
  const fake = fakeWorld();
  fake.answers[WEB] = () => Promise.reject(new TypeError("x is undefined"));
  const ran = await cli(["verify", WEB], fake);
  assert.equal(ran.code, 2);
  assert.equal(ran.out, "");
  assert.equal(ran.err, "assay: internal error, please report it: x is undefined\n");
});

test("exits 3 when the policies cannot be used", async () => {
  const fake = fakeWorld();
  fake.composeError = new InputError("policy", "policy/a.yaml:3:1: unknown key\npolicy/a.yaml:9:1: empty rules");
  const ran = await cli(["verify", WEB], fake);
  assert.equal(ran.code, 3);
  assert.equal(ran.out, "");
  assert.equal(ran.err, "assay: policy/a.yaml:3:1: unknown key\n  policy/a.yaml:9:1: empty rules\n");
});

test("judges several images and reports them in the order given, whichever is done first", async () => {
  const fake = worldWith({ [API]: judged(denied({ image: API })) });
  fake.answers[WEB] = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return judged(verdict())();
  };
  const ran = await cli(["verify", WEB, API], fake);
  assert.equal(ran.code, 1);
  assert.ok(ran.out.indexOf(WEB) < ran.out.indexOf(API));
  assert.match(ran.out, /\n2 images: 1 allowed, 1 denied\n$/);
});

test("one image that cannot be reached leaves the verdicts of the others standing", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()) });
  fake.answers[API] = () => Promise.reject(new PortError("timeout", "registry.example.com", "no answer in 30s"));
  const ran = await cli(["verify", WEB, API], fake);
  assert.equal(ran.code, 2);
  assert.match(ran.out, /2 images: 1 allowed, 1 denied \(1 could not be determined\)/);
});

test("a denied image among undetermined ones exits 1", async () => {
  const fake = worldWith({ [WEB]: judged(denied()) });
  fake.answers[API] = () => Promise.reject(new PortError("timeout", "registry.example.com", "no answer in 30s"));
  assert.equal((await cli(["verify", API, WEB], fake)).code, 1);
});

test("never judges more images at once than ASSAY_CONCURRENCY allows", async () => {
  const fake = fakeWorld();
  const images = Array.from({ length: 7 }, (_, at) => `registry.example.com/shop/part${at}:1`);
  let active = 0;
  let most = 0;
  for (const image of images) {
    fake.answers[image] = async () => {
      active += 1;
      most = Math.max(most, active);
      await new Promise((resolve) => setTimeout(resolve, 5));
      active -= 1;
      return judged(verdict({ image }))();
    };
  }
  const ran = await cli(["verify", ...images], fake, { env: { ASSAY_CONCURRENCY: "3" } });
  assert.equal(ran.code, 0);
  assert.equal(most, 3);
});

test("closes what it composed, whether it succeeds or fails", async () => {
  const good = worldWith({ [WEB]: judged(verdict()) });
  await cli(["verify", WEB], good);
  assert.deepEqual(good.calls, [`verify ${WEB}`, "close app 0"]);
  const bad = fakeWorld();
  await cli(["verify", WEB], bad);
  assert.deepEqual(bad.calls, [`verify ${WEB}`, "close app 0"]);
});

test("prints exactly the public verdict object for one image as JSON", async () => {
  const value = verdict();
  const ran = await cli(["verify", WEB, "--format", "json"], worldWith({ [WEB]: judged(value) }));
  assert.equal(ran.out, `${JSON.stringify({ form: "public", ...value }, undefined, 2)}\n`);
});

test("prints an array for several images as JSON, with a denial for one that led to no verdict", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()) });
  fake.answers[API] = () => Promise.reject(new PortError("timeout", "registry.example.com", "no answer in 30s"));
  const ran = await cli(["verify", API, WEB, "--format=json"], fake);
  const [first, second] = JSON.parse(ran.out);
  const message = "registry.example.com: no answer in 30s";
  assert.deepEqual(first, { image: API, decision: "deny", problem: { code: "timeout", message, retryable: true } });
  assert.equal(second.decision, "allow");
});

test("writes the report to --output without colours, and leaves standard output empty", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()) });
  const ran = await cli(["verify", WEB, "-o", "report.txt"], fake, { outIsTerminal: true });
  assert.equal(ran.out, "");
  assert.match(ran.written["report.txt"] ?? "", /^✔ allowed {2}registry/);
});

test("exits 3 when the report cannot be written, even for an allowed image", async () => {
  const ran = await cli(["verify", WEB, "-o", "/nowhere/report"], worldWith({ [WEB]: judged(verdict()) }));
  assert.equal(ran.code, 3);
  assert.match(ran.err, /--output \/nowhere\/report cannot be written: ENOENT.*name a file in a folder that exists/);
});

test("turns --key into a policy that demands that key and the transparency log on exactly these images", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()), [API]: judged(verdict({ image: API })) });
  await cli(["verify", WEB, API, WEB, "--key", "keys/release.pub"], fake);
  const [policy] = fake.composed[0]!.options.inlinePolicies;
  const [authority, rules] = policy!.text.split("\n---\n").map((document) => JSON.parse(document) as { spec: unknown });
  assert.deepEqual(authority?.spec, {
    cosign: { keys: [{ file: "/home/shop/keys/release.pub" }], transparencyLog: "required" },
  });
  assert.deepEqual(rules?.spec, {
    match: { images: ["registry.example.com/shop/web", "registry.example.com/shop/api"] },
    rules: [{ signed: { by: "key" } }],
  });
});

test("turns --certificate-identity into a policy that demands that subject and issuer, and log and SCT", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()) });
  await cli(
    ["verify", WEB, "--certificate-identity", "bob@example.com", "--certificate-oidc-issuer", "https://a"],
    fake,
  );
  const [inline] = fake.composed[0]!.options.inlinePolicies;
  assert.ok(inline !== undefined);
  const parsed = parsePolicyFiles([inline], () => ({ error: "there are no files" }));
  assert.ok(parsed.kind === "parsed");
  const [authority] = parsed.set.authorities;
  assert.ok(authority?.spec.kind === "keyless");
  assert.deepEqual(authority.spec.identities, [
    { issuer: { kind: "exact", text: "https://a" }, subject: { kind: "exact", text: "bob@example.com" } },
  ]);
  assert.deepEqual(
    [authority.spec.transparencyLog, authority.spec.sct, authority.unsafe],
    ["required", "required", []],
  );
  assert.deepEqual(
    parsed.set.policies.map(({ match }) => match.images.map(({ text }) => text)),
    [["registry.example.com/shop/web"]],
  );
});

test("leaves the transparency log out of --key's policy only where that is spelled out", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()) });
  await cli(["verify", WEB, "--key", "k.pub", "--unsafe-ignore-transparency-log"], fake);
  assert.match(fake.composed[0]!.options.inlinePolicies[0]!.text, /"transparencyLog":"unsafeIgnored"/);
});

test("lays its flags over the environment's configuration", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()) });
  const flags = ["--policy", "p", "--ca", "roots.pem", "--timeout", "90s", "--unsafe-plain-http", "b:5000"];
  await cli(["verify", WEB, ...flags, "--unsafe-plain-http=c", "--platform", "linux/arm64"], fake, {
    env: { ASSAY_POLICY: "q", ASSAY_UNSAFE_PLAIN_HTTP: "a" },
  });
  const { config, options } = fake.composed[0]!;
  assert.equal(config.policy, "p");
  assert.equal(config.registryCa, "roots.pem");
  assert.equal(config.verifyTimeoutMs, 90_000);
  assert.deepEqual(config.unsafePlainHttp, ["a", "b:5000", "c"]);
  assert.equal(options.platform, "linux/arm64");
  assert.deepEqual(options.inlinePolicies, []);
});

test("judges a layout on disk under the name that --as gives it", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()) });
  const ran = await cli(["verify", "oci:build/out:v1", "--as", WEB], fake);
  assert.equal(ran.code, 0);
  const [local] = fake.composed[0]!.options.localImages;
  assert.deepEqual(
    { ...local, as: undefined },
    { kind: "oci-layout", path: "/home/shop/build/out", tag: "v1", as: undefined },
  );
  const archive = await cli(["verify", "oci-archive:/tmp/web.tar", "--as", WEB], fake);
  assert.equal(archive.code, 0);
  const [second] = fake.composed[1]!.options.localImages;
  assert.deepEqual([second?.kind, second?.path, second?.tag], ["oci-archive", "/tmp/web.tar", undefined]);
});

const REFUSED: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["no image", [], /No image is named: give one/],
  ["a reference that is none", ["Shop/Web"], /cannot read the reference "Shop\/Web": .*lower case/],
  [
    "an unknown flag",
    [WEB, "--polcy", "p"],
    /has no option --polcy\. Did you mean "--policy"\? Run "assay help verify"/,
  ],
  ["a flag without its value", [WEB, "--policy"], /--policy needs a value: PATH/],
  ["a flag with an empty value", [WEB, "--policy="], /--policy needs a value: PATH/],
  ["a flag whose value is another flag", [WEB, "--key", "--format"], /"--format" looks like another option/],
  ["a switch with a value", [WEB, "--key=k", "--unsafe-ignore-transparency-log=no"], /is a switch and takes no value/],
  ["a flag given twice", [WEB, "--policy", "a", "--policy", "b"], /--policy is given 2 times/],
  [
    "a report that is none",
    [WEB, "--format", "jsno"],
    /--format "jsno" is not a report: use text or json\. Did you mean "json"\?/,
  ],
  [
    "a report of a later version",
    [WEB, "--format", "sarif"],
    /--format sarif is not supported by this version: use text or json/,
  ],
  ["manifests", ["-f", "deploy.yaml"], /-f .* is not supported by this version: name the images themselves/],
  [
    "an identity without its issuer",
    [WEB, "--certificate-identity", "x"],
    /--certificate-identity and --certificate-oidc-issuer go together/,
  ],
  [
    "an issuer without an identity",
    [WEB, "--certificate-oidc-issuer", "x"],
    /--certificate-identity and --certificate-oidc-issuer go together/,
  ],
  [
    "an identity and a key",
    [WEB, "--certificate-identity", "x", "--certificate-oidc-issuer", "y", "--key", "k"],
    /--certificate-identity and --key exclude each other/,
  ],
  [
    "an identity and a policy",
    [WEB, "--certificate-identity", "x", "--certificate-oidc-issuer", "y", "--policy", "p"],
    /--certificate-identity and --policy exclude each other/,
  ],
  [
    "an identity for a server",
    [WEB, "--certificate-identity", "x", "--certificate-oidc-issuer", "y", "--server", "https://a"],
    /--certificate-identity and --server exclude each other/,
  ],
  ["a key and a policy", [WEB, "--key", "k", "--policy", "p"], /--key and --policy exclude each other/],
  [
    "a policy for a server",
    [WEB, "--server", "https://a", "--policy", "p"],
    /--policy and --server exclude each other/,
  ],
  ["a platform for a server", [WEB, "--server", "https://a", "--platform", "linux/amd64"], /--platform and --server/],
  ["a token without a server", [WEB, "--token-file", "t"], /--token-file goes with --server/],
  ["the log ignored without a key", [WEB, "--unsafe-ignore-transparency-log"], /goes with --key/],
  ["a timeout that is none", [WEB, "--timeout", "soon"], /--timeout: "soon" is not a duration/],
  ["a timeout of nothing", [WEB, "--timeout", "0s"], /--timeout is 0/],
  [
    "a platform that is none",
    [WEB, "--platform", "arm"],
    /--platform "arm" is not a platform: write it as linux\/amd64/,
  ],
  ["a local image without a name", ["oci:out"], /oci:out has no name, and policies match by name: say with --as/],
  ["a name for an image that has one", [WEB, "--as", API], /--as names one local image, and 0 are given/],
  ["one name for two images", ["oci:a", "oci:b", "--as", WEB], /--as names one local image, and 2 are given/],
  ["a local image without a folder", ["oci::v1", "--as", WEB], /oci::v1 is incomplete/],
];

for (const [what, words, message] of REFUSED) {
  test(`refuses ${what} with exit 3, before anything is judged`, async () => {
    const fake = worldWith({ [WEB]: judged(verdict()) });
    const ran = await cli(["verify", ...words], fake);
    assert.equal(ran.code, 3);
    assert.match(ran.err, message);
    assert.equal(ran.out, "");
    assert.deepEqual(fake.composed, []);
  });
}

test("refuses a configuration in the environment that cannot be meant, naming the variable", async () => {
  const ran = await cli(["verify", WEB], fakeWorld(), { env: { ASSAY_CONCURRENCY: "many" } });
  assert.equal(ran.code, 3);
  assert.match(ran.err, /ASSAY_CONCURRENCY is "many": write a whole number/);
});

test("shows progress on standard error only where that is a terminal, and leaves no trace of it", async () => {
  const fake = worldWith({ [WEB]: judged(verdict()) });
  const shown = await cli(["verify", WEB], fake, { errIsTerminal: true });
  assert.match(shown.err, /judging registry\.example\.com\/shop\/web:1\.2/);
  assert.ok(shown.err.endsWith("\r\u001b[K"));
  const dumb = await cli(["verify", WEB], fake, { errIsTerminal: true, env: { TERM: "dumb" } });
  assert.equal(dumb.err, "");
});
