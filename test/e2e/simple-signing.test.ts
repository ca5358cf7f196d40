import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import { OCI_INDEX } from "../../src/domain/media-types.ts";
import type { Verdict } from "../../src/domain/verdict.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import { putIndex } from "../support/image-builder.ts";
import { GpgHome } from "../support/gpg.ts";
import { extensionList, simplePayload } from "../support/signing/simple-signing.ts";
import { skopeoAccepts, skopeoSign } from "../support/skopeo.ts";
import { StaticSite } from "../support/static-site.ts";
import { DISTROLESS_FILES, putImageInto, reasonsOf, SupplyChain, verdictOf } from "../support/supply-chain.ts";
import { image, layer } from "../support/tar.ts";

const AMD64 = image({ user: "65532" }, [layer(DISTROLESS_FILES)]);
const ARM64 = image({ user: "65532", architecture: "arm64" }, [layer(DISTROLESS_FILES)]);
const ANY_NAME = "signedIdentity: matchRepository";

function tried(verdict: Verdict): readonly string[] {
  return verdict.signatures.map(({ status, reason, step }) =>
    status === "verified" ? status : `${reason} at ${step}`,
  );
}

describe("images signed by skopeo and GnuPG", { timeout: 120_000 }, () => {
  let chain: SupplyChain;
  let registry: DockerRegistry;
  let site: StaticSite;
  let gpg: GpgHome;
  const keys = { rsa: "", ed25519: "", primary: "", subkey: "" };

  before(async () => {
    [chain, registry, site, gpg] = await Promise.all([
      SupplyChain.start({ signatureExtension: true }),
      DockerRegistry.start(),
      StaticSite.start(),
      GpgHome.open(),
    ]);
    keys.rsa = await gpg.makeKey("rsa3072");
    keys.ed25519 = await gpg.makeKey("ed25519");
    keys.primary = await gpg.makeKey("ed25519", { usage: "cert" });
    keys.subkey = await gpg.addSubkey(keys.primary, "rsa2048");
  });
  after(async () => {
    await gpg[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await registry.close();
    await chain[Symbol.asyncDispose]();
  });

  /** Judges by an authority of these keys' keyring. */
  async function judged(reference: string, ring: readonly string[], members: string): Promise<Verdict> {
    chain.writeSimpleSigning(await gpg.export(...ring), members, [`${registry.host}/**`, `${chain.host}/**`]);
    const app = await chain.compose({ ASSAY_UNSAFE_PLAIN_HTTP: [chain.host, registry.host, site.host].join(",") });
    return verdictOf(app, reference);
  }

  const lookaside = (more = ""): string => `lookaside: ${site.url}/sigs/\n${more}`;

  /** Pushes the image under a name of its own, unsigned; its reference. */
  async function pushed(path: string, built = AMD64): Promise<string> {
    await putImageInto(registry, path, built, ["1"]);
    return `${registry.host}/${path}:1`;
  }

  async function signed(path: string, key: string): Promise<string> {
    const reference = await pushed(path);
    await skopeoSign(reference, { home: gpg.folder, key, lookaside: join(site.folder, "sigs") });
    return reference;
  }

  /** Where skopeo put the signatures of an image. */
  function place(path: string, digest: Digest = AMD64.manifest.descriptor.digest): string {
    return join(site.folder, "sigs", `${path}@${digest.replace(":", "=")}`);
  }

  /** Puts messages of GnuPG into the lookaside, in the place of what was there. */
  function store(path: string, ...messages: readonly Uint8Array[]): void {
    rmSync(place(path), { recursive: true, force: true });
    mkdirSync(place(path), { recursive: true });
    for (const [at, message] of messages.entries()) writeFileSync(join(place(path), `signature-${at + 1}`), message);
  }

  const payloadOf = (reference: string): string => simplePayload(AMD64.manifest.descriptor.digest, reference);

  for (const kind of ["rsa", "ed25519"] as const) {
    test(`an image that skopeo signed with ${kind} is allowed, its signer named by fingerprint`, async () => {
      const reference = await signed(`shop/${kind}`, keys[kind]);
      const verdict = await judged(reference, [keys[kind]], lookaside());
      assert.equal(verdict.decision, "allow");
      assert.deepEqual(tried(verdict), ["verified"]);
      const [{ signer, via } = { signer: undefined, via: "" }] = verdict.signatures;
      assert.ok(signer?.kind === "pgp");
      assert.deepEqual([signer.fingerprint, via], [keys[kind], `lookaside ${site.host}`]);
      assert.deepEqual(verdict.unsafe, [`authority vendor: lookaside: ${site.url}/sigs (plain HTTP)`]);
    });
  }

  test("a lookaside is asked for its signatures by number until the first that is not there", async () => {
    const reference = await signed("shop/asked", keys.rsa);
    site.asked.length = 0;
    await judged(reference, [keys.rsa], lookaside());
    const base = `/sigs/shop/asked@${AMD64.manifest.descriptor.digest.replace(":", "=")}`;
    assert.deepEqual(site.asked, [`${base}/signature-1`, `${base}/signature-2`]);
  });

  test("an unsigned image, one signed by another key, and one whose lookaside is down are three answers", async () => {
    const unsigned = await judged(await pushed("shop/unsigned"), [keys.rsa], lookaside());
    assert.deepEqual([unsigned.decision, reasonsOf(unsigned)], ["deny", ["unsigned"]]);
    const reference = await signed("shop/stranger", keys.ed25519);
    const stranger = await judged(reference, [keys.rsa], lookaside());
    assert.deepEqual(
      [stranger.decision, reasonsOf(stranger), tried(stranger)],
      ["deny", ["wrongly-signed"], ["unknown-key at signature"]],
    );
    assert.match(stranger.signatures[0]?.detail ?? "", new RegExp(keys.ed25519.slice(-16)));
    site.status = 503;
    const down = await judged(reference, [keys.ed25519], lookaside());
    site.status = undefined;
    assert.deepEqual(
      [down.decision, down.findings.map(({ outcome }) => outcome), down.gaps.map(({ code }) => code)],
      ["deny", ["undetermined"], ["server-error"]],
    );
  });

  test("a subkey signs for its primary key", async () => {
    const reference = await pushed("shop/subkey");
    store("shop/subkey", await gpg.sign(payloadOf(reference), [`${keys.subkey}!`]));
    const verdict = await judged(reference, [keys.primary], lookaside());
    assert.deepEqual([verdict.decision, tried(verdict)], ["allow", ["verified"]]);
    const [{ signer } = { signer: undefined }] = verdict.signatures;
    assert.equal(signer?.kind === "pgp" && signer.fingerprint, keys.primary);
  });

  test("two signatures beside each other are two, and one message by two keys is none", async () => {
    const reference = await pushed("shop/two");
    const [first, second] = [
      await gpg.sign(payloadOf(reference), [keys.rsa]),
      await gpg.sign(payloadOf(reference), [keys.ed25519]),
    ];
    store("shop/two", first, second);
    const both = await judged(reference, [keys.rsa, keys.ed25519], lookaside());
    assert.deepEqual([both.decision, tried(both)], ["allow", ["verified", "verified"]]);
    const together = await gpg.sign(payloadOf(reference), [keys.rsa, keys.ed25519]);
    store("shop/together", together);
    const name = await pushed("shop/together");
    const verdict = await judged(name, [keys.rsa, keys.ed25519], lookaside());
    assert.deepEqual([verdict.decision, tried(verdict)], ["deny", ["unsupported at parsed"]]);
  });

  test("an expired signature does not count, nor one whose key has expired, nor one yet to come", async () => {
    const reference = await pushed("shop/expired");
    const past = ["--faked-system-time", "20200101T000000!"];
    const old = await gpg.makeKey("ed25519", { at: "20190101T000000" });
    const short = await gpg.makeKey("ed25519", { at: "20190101T000000", expires: "20210101T000000" });
    store(
      "shop/expired",
      await gpg.sign(payloadOf(reference), [old], [...past, "--default-sig-expire", "1y"]),
      await gpg.sign(payloadOf(reference), [short], past),
      await gpg.sign(payloadOf(reference), [old], ["--faked-system-time", "20400101T000000!"]),
    );
    const verdict = await judged(reference, [old, short], lookaside());
    assert.equal(verdict.decision, "deny");
    assert.equal(verdict.signatures.length, 3);
    const good = await gpg.sign(payloadOf(reference), [old], [...past, "--default-sig-expire", "50y"]);
    store("shop/expired", good);
    const last = await judged(reference, [old, short], lookaside());
    assert.deepEqual([last.decision, last.validUntil?.slice(0, 4)], ["allow", "2069"]);
  });

  test("a revoked key's signatures do not count any more", async () => {
    await using own = await GpgHome.open();
    const key = await own.makeKey("ed25519");
    const reference = await pushed("shop/revoked");
    store("shop/revoked", await own.sign(payloadOf(reference), [key]));
    await gpg.call(["--import"], await own.export(key));
    assert.equal((await judged(reference, [key], lookaside())).decision, "allow");
    const certificate = readFileSync(join(own.folder, "openpgp-revocs.d", `${key}.rev`), "utf8");
    await gpg.call(["--import"], certificate.replace(":-----BEGIN", "-----BEGIN"));
    const verdict = await judged(reference, [key], lookaside());
    assert.deepEqual([verdict.decision, tried(verdict)], ["deny", ["key-revoked at chain"]]);
  });

  test("of a multi-arch image skopeo signs the index and each image, and either will do", async () => {
    const path = "shop/multi";
    for (const built of [AMD64, ARM64]) await putImageInto(registry, path, built, []);
    const entries = [AMD64, ARM64].map((built, at) => ({
      descriptor: built.manifest.descriptor,
      platform: { os: "linux", architecture: at === 0 ? "amd64" : "arm64" },
    }));
    const index = await putIndex(registry, path, entries, { tags: ["1"] });
    assert.equal(index.descriptor.mediaType, OCI_INDEX);
    const reference = `${registry.host}/${path}:1`;
    await skopeoSign(reference, { home: gpg.folder, key: keys.rsa, lookaside: join(site.folder, "sigs") });
    const all = await judged(reference, [keys.rsa], lookaside());
    assert.deepEqual([all.decision, tried(all)], ["allow", ["verified", "verified", "verified"]]);
    const digests = [index.descriptor.digest, AMD64.manifest.descriptor.digest, ARM64.manifest.descriptor.digest];
    for (const digest of digests.slice(1)) renameSync(place(path, digest), `${place(path, digest)}-away`);
    const byIndex = await judged(reference, [keys.rsa], lookaside());
    assert.deepEqual([byIndex.decision, tried(byIndex)], ["allow", ["verified"]]);
    renameSync(place(path, digests[0]), `${place(path, digests[0])}-away`);
    assert.deepEqual(reasonsOf(await judged(reference, [keys.rsa], lookaside())), ["unsigned"]);
  });

  test("a signature moved to another repository is refused, unless the policy maps its name", async () => {
    const reference = await signed("shop/origin", keys.rsa);
    const copy = await pushed("mirror/origin");
    cpSync(place("shop/origin"), place("mirror/origin"), { recursive: true });
    for (const identity of ["", "signedIdentity: matchExact", ANY_NAME]) {
      const moved = await judged(copy, [keys.rsa], lookaside(identity));
      assert.deepEqual([moved.decision, tried(moved)], ["deny", ["wrong-identity at identity"]]);
    }
    const [prefix, signedPrefix] = [`${registry.host}/mirror`, `${registry.host}/shop`];
    const mapped = `signedIdentity: { type: remapIdentity, prefix: "${prefix}", signedPrefix: "${signedPrefix}" }`;
    assert.equal((await judged(copy, [keys.rsa], lookaside(mapped))).decision, "allow");
    const exact = `signedIdentity: { type: exactReference, reference: "${reference}" }`;
    assert.equal((await judged(copy, [keys.rsa], lookaside(exact))).decision, "allow");
  });

  test("a signature moved to another image is refused", async () => {
    await signed("shop/subject", keys.rsa);
    const path = "shop/subject";
    await putImageInto(registry, path, ARM64, ["1"]);
    mkdirSync(dirname(place(path, ARM64.manifest.descriptor.digest)), { recursive: true });
    cpSync(place(path), place(path, ARM64.manifest.descriptor.digest), { recursive: true });
    const verdict = await judged(`${registry.host}/${path}:1`, [keys.rsa], lookaside());
    assert.deepEqual([verdict.decision, tried(verdict)], ["deny", ["wrong-subject at subject"]]);
  });

  test("what skopeo refuses of a payload or a message is refused here, and what it accepts is accepted", async () => {
    const name = `${registry.host}/shop/same:1`;
    const reference = await pushed("shop/same");
    const good = payloadOf(name);
    const ROWS: readonly (readonly [string, string, readonly string[]])[] = [
      ["as skopeo writes it", good, []],
      ["an unknown member", good.replace('"type"', '"x":1,"type"'), []],
      ["a member twice", good.replace('"type"', '"type":"x","type"'), []],
      ["another case", good.replace('"critical"', '"Critical"'), []],
      ["another type", good.replace("atomic", "cosign"), []],
      ["no optional part", good.replace(/,"optional".*\}$/, "}"), []],
      ["a fraction of a second", good.replace("1464398954", "1464398954.5"), []],
      ["another name", payloadOf(`${registry.host}/shop/other:1`), []],
      ["a detached signature", good, ["--detach-sign"]],
      ["a condition nobody knows", good, ["--sig-notation", "!x@example.com=1"]],
      ["ZLIB", good, ["--compress-algo", "zlib"]],
      ["no compression", good, ["-z", "0"]],
    ];
    for (const [what, payload, options] of ROWS) {
      const message = await gpg.sign(payload, [keys.rsa], options);
      store("shop/same", message);
      const found = await judged(reference, [keys.rsa], lookaside("signedIdentity: matchExact"));
      const files = { manifest: AMD64.manifest.bytes, signature: message };
      const skopeo = await skopeoAccepts(files, { name, home: gpg.folder, key: keys.rsa });
      assert.deepEqual([what, found.decision === "allow"], [what, skopeo]);
    }
    assert.equal(readdirSync(place("shop/same")).length, 1);
  });

  test("the registry's own extension serves signatures, and one without it is a gap", async () => {
    const { manifest } = AMD64;
    await putImageInto(chain.registry, "shop/web", AMD64, ["1"]);
    const reference = chain.ref("shop/web:1");
    const extension = "registryExtension: true";
    const unsigned = await judged(reference, [keys.rsa], extension);
    assert.deepEqual([unsigned.decision, reasonsOf(unsigned)], ["deny", ["unsigned"]]);
    const message = await gpg.sign(payloadOf(reference), [keys.rsa]);
    chain.registry.signatures.set(manifest.descriptor.digest, extensionList([message]));
    const verdict = await judged(reference, [keys.rsa], extension);
    assert.deepEqual([verdict.decision, tried(verdict)], ["allow", ["verified"]]);
    const without = await judged(await pushed("shop/without"), [keys.rsa], extension);
    assert.deepEqual([without.decision, without.gaps.map(({ code }) => code)], ["deny", ["unsupported"]]);
  });

  test("a keyring that cannot be read is refused when policies are loaded, with its place", async () => {
    const ring = await gpg.export(keys.rsa);
    chain.writeSimpleSigning(ring.subarray(0, ring.length - 10), lookaside());
    await assert.rejects(chain.compose(), (error: Error) => {
      assert.match(error.message, /policy\.yaml:3:\d+: authority "vendor": the keyring vendor\.gpg ends in the middle/);
      return error.name === "InputError";
    });
  });

  test("a lookaside over plain HTTP on a host that the configuration does not name is not asked", async () => {
    const reference = await signed("shop/plain", keys.rsa);
    chain.writeSimpleSigning(await gpg.export(keys.rsa), lookaside(), [`${registry.host}/**`]);
    site.asked.length = 0;
    const app = await chain.compose({ ASSAY_UNSAFE_PLAIN_HTTP: [chain.host, registry.host].join(",") });
    const verdict = await verdictOf(app, reference);
    assert.deepEqual([verdict.decision, verdict.gaps.map(({ code }) => code)], ["deny", ["blocked-address"]]);
    assert.deepEqual(site.asked, []);
  });
});
