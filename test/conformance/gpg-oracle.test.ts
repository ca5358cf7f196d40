import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { readKeyring, type Keyring } from "../../src/crypto/openpgp/keyring.ts";
import { checkMessage } from "../../src/crypto/openpgp/message-check.ts";
import { readSignedMessage } from "../../src/crypto/openpgp/signed-message.ts";
import { InputError } from "../../src/domain/errors.ts";
import { instantOf } from "../../src/domain/instant.ts";
import { GpgHome } from "../support/gpg.ts";

const CONTENT = "this digest, under this name";
/** Changed by way of a seed, so that a failure can be repeated with `ASSAY_SEED`. */
const SEED = Number(process.env["ASSAY_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const MESSAGES_CHANGED = 6000;
const KEYRINGS_CHANGED = 2500;
/** Each question costs a process or three. */
const MESSAGES_ASKED = 60;
const KEYRINGS_ASKED = 25;

/** Numbers that look random and repeat (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function changed(bytes: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const at = random(copy.length);
  switch (random(5)) {
    case 0:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random(20))]);
    case 1:
      return Buffer.concat([copy.subarray(0, at), Buffer.from([random(256)]), copy.subarray(at)]);
    case 2:
      return Buffer.concat([copy, copy.subarray(at)]);
    case 3:
      copy[at] = random(256);
      return copy;
    default:
      copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
      return copy;
  }
}

/** Whether Assay takes the message for well signed now. */
function accepts(message: Buffer, keyring: Keyring): boolean {
  try {
    const read = readSignedMessage(message);
    if (read.kind === "refused") return false;
    const check = checkMessage(read, keyring);
    if (check.kind === "unproved") return false;
    const now = instantOf(Date.now());
    return (check.notBefore ?? now) <= now && (check.notAfter === undefined || now < check.notAfter);
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

function tryReading(ring: Buffer): Keyring | undefined {
  try {
    return readKeyring([{ bytes: ring, from: "changed.gpg" }]);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

describe(`nothing that GnuPG refuses is accepted (seed ${SEED})`, { timeout: 120_000 }, () => {
  let gpg: GpgHome;
  let ring: Buffer;
  const keys: string[] = [];
  const messages: Buffer[] = [];

  before(async () => {
    gpg = await GpgHome.open();
    for (const algorithm of ["rsa2048", "ed25519", "nistp256"]) keys.push(await gpg.makeKey(algorithm));
    const primary = await gpg.makeKey("ed25519", { usage: "cert" });
    keys.push(`${await gpg.addSubkey(primary, "ed25519")}!`);
    for (const key of keys) {
      messages.push(await gpg.sign(CONTENT, [key], ["-z", "0"]));
      messages.push(await gpg.sign(CONTENT, [key], ["-z", "0", "--default-sig-expire", "2y"]));
    }
    messages.push(await gpg.sign(CONTENT, keys.slice(0, 1)));
    ring = await gpg.export();
  });
  after(async () => gpg[Symbol.asyncDispose]());

  test("unchanged messages are accepted by both", async () => {
    for (const message of messages) {
      assert.deepEqual(
        [accepts(message, readKeyring([{ bytes: ring, from: "ring" }])), (await gpg.verify(message)).good],
        [true, true],
      );
    }
  });

  test("changed messages", async () => {
    const random = randomFrom(SEED);
    const keyring = readKeyring([{ bytes: ring, from: "ring" }]);
    const taken: Buffer[] = [];
    for (let count = 0; count < MESSAGES_CHANGED; count++) {
      const message = changed(messages[random(messages.length)] ?? assert.fail(), random);
      if (accepts(message, keyring)) taken.push(message);
    }
    assert.ok(taken.length > 0);
    for (const message of taken.slice(0, MESSAGES_ASKED)) {
      const { good, status } = await gpg.verify(message);
      assert.ok(good, `${status.join(" ")}: ${message.toString("base64")}`);
    }
  });

  test("changed keyrings", async () => {
    const random = randomFrom(SEED + 1);
    const taken: { readonly ring: Buffer; readonly message: Buffer }[] = [];
    const exported = await Promise.all(keys.map((key) => gpg.export(key.replace("!", ""))));
    for (let count = 0; count < KEYRINGS_CHANGED; count++) {
      const at = random(keys.length);
      const altered = changed(exported[at] ?? assert.fail(), random);
      const keyring = tryReading(altered);
      const message = messages[2 * at] ?? assert.fail();
      if (keyring !== undefined && accepts(message, keyring)) taken.push({ ring: altered, message });
    }
    assert.ok(taken.length > 0);
    for (const each of taken.slice(0, KEYRINGS_ASKED)) {
      await using other = await GpgHome.open();
      await other.run(["--import"], each.ring);
      const { good, status } = await other.verify(each.message);
      assert.ok(good, `${status.join(" ")}: ${each.ring.toString("base64")}`);
    }
  });

  test("keys that GnuPG holds something against", async () => {
    const past = ["--faked-system-time", "20200101T000000!"];
    const short = await gpg.makeKey("ed25519", { at: "20190101T000000", expires: "20210101T000000" });
    const old = await gpg.makeKey("ed25519", { at: "20190101T000000" });
    const cases = [
      await gpg.sign(CONTENT, [short], past),
      await gpg.sign(CONTENT, [old], [...past, "--default-sig-expire", "1y"]),
      await gpg.sign(CONTENT, keys.slice(0, 1), ["--sig-notation", "!x@example.com=1"]),
    ];
    const keyring = readKeyring([{ bytes: await gpg.export(), from: "ring" }]);
    for (const [at, message] of cases.entries()) {
      const { good, status } = await gpg.verify(message);
      assert.deepEqual([at, accepts(message, keyring), good], [at, false, false], status.join(" "));
    }
    // GnuPG says nothing of a signature that is yet to come.
    assert.equal(accepts(await gpg.sign(CONTENT, [old], ["--faked-system-time", "20400101T000000!"]), keyring), false);
    const good = await gpg.sign(CONTENT, [old], past);
    assert.deepEqual([accepts(good, keyring), (await gpg.verify(good)).good], [true, true]);
  });

  test("a key whose end its owner moves ends when GnuPG says", async () => {
    const key = await gpg.makeKey("ed25519", { expires: "1y" });
    const end = async (): Promise<string | undefined> => {
      const { keys: found } = readKeyring([{ bytes: await gpg.export(key), from: "ring" }]);
      return found[0]?.notAfter;
    };
    const told = async (): Promise<string> => {
      const listed = (await gpg.call(["--with-colons", "--list-keys", key])).toString();
      return instantOf(
        Number(
          listed
            .split("\n")
            .find((line) => line.startsWith("pub:"))
            ?.split(":")[6],
        ) * 1000,
      );
    };
    assert.equal(await end(), await told());
    for (const expires of ["3y", "2w"]) {
      await gpg.call([
        "--faked-system-time",
        expires === "3y" ? "20300101T000000!" : "20300201T000000!",
        "--quick-set-expire",
        key,
        expires,
      ]);
      assert.equal(await end(), await told());
    }
  });
});
