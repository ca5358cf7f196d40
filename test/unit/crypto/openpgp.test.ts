import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { suite, test } from "node:test";
import { deflateRawSync, deflateSync } from "node:zlib";

import { parseKeyPacket } from "../../../src/crypto/openpgp/key-packet.ts";
import { readKeyring, type Keyring } from "../../../src/crypto/openpgp/keyring.ts";
import { checkMessage } from "../../../src/crypto/openpgp/message-check.ts";
import { parseSignaturePacket } from "../../../src/crypto/openpgp/signature-packet.ts";
import { readSignedMessage } from "../../../src/crypto/openpgp/signed-message.ts";
import { isMadeBy } from "../../../src/crypto/openpgp/verification.ts";
import {
  announcement,
  BORN,
  boundSubkey,
  certifiedUser,
  compressed,
  keyringOf,
  literal,
  packet,
  PgpKey,
  SIGN_FLAG,
  signedMessage,
  u32,
  userContent,
} from "../../support/signing/openpgp.ts";

const CONTENT = Buffer.from("this digest, under this name");
const key = new PgpKey();
const RING = ringOf(keyringOf(key));

function ringOf(...files: readonly Uint8Array[]): Keyring {
  return readKeyring(files.map((bytes, at) => ({ bytes, from: `${at}.gpg` })));
}

/** What becomes of a message, in a line: `proved`, or `unknown-key: …`, or the message of what was thrown. */
function check(message: Uint8Array, ring: Keyring = RING): string {
  try {
    const read = readSignedMessage(message);
    if (read.kind === "refused") return `${read.reason}: ${read.detail}`;
    const found = checkMessage(read, ring);
    if (found.kind === "unproved") return `${found.reason}: ${found.detail}`;
    return `proved by ${found.by.primary} from ${found.notBefore} to ${found.notAfter}`;
  } catch (error) {
    assert.ok(error instanceof Error && error.name === "InputError", String(error));
    return `malformed: ${error.message}`;
  }
}

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
const PROVED = `proved by ${key.fingerprint} from ${at(BORN + 100)} to undefined`;
const signature = (content: Uint8Array = CONTENT): Buffer => packet(2, key.sign(content));
const joined = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

suite("one signature over one literal is proved", () => {
  const plain = signedMessage(key, CONTENT);
  const ROWS: Readonly<Record<string, Uint8Array>> = {
    "as it is": plain,
    "compressed with ZIP": compressed(plain),
    "compressed with ZLIB": packet(8, Uint8Array.of(2), deflateSync(plain)),
    "compressed to the end of the message": joined(Uint8Array.of(0xa3, 1), deflateRawSync(plain)),
    "with a hash of SHA-384": signedMessage(key, CONTENT, { hash: 9 }),
    "with a hash of SHA-512": signedMessage(key, CONTENT, { hash: 10 }),
    "with a notation that need not be understood": signedMessage(key, CONTENT, { hashed: [[20, u32(1)]] }),
    "of no bytes": signedMessage(key, ""),
  };
  for (const [name, message] of Object.entries(ROWS)) test(name, () => assert.equal(check(message), PROVED));

  test("in pieces, the first of at least 512 bytes", () => {
    const long = Buffer.alloc(600, "x");
    const body = joined(Buffer.from("b"), Uint8Array.of(0), u32(BORN), long);
    const inPieces = joined(Uint8Array.of(0xcb, 0xe9), body.subarray(0, 512), Uint8Array.of(94), body.subarray(512));
    assert.equal(check(joined(announcement(key), inPieces, signature(long))), PROVED);
    const tooShort = joined(
      Uint8Array.of(0xcb, 0xe8),
      body.subarray(0, 256),
      Uint8Array.of(0xc1, 0x9e),
      body.subarray(256),
    );
    assert.match(check(joined(announcement(key), tooShort, signature(long))), /first piece is too short/);
  });

  test("and only the literal's bytes are what was signed", () => {
    const read = readSignedMessage(plain);
    assert.ok(read.kind === "signed");
    assert.deepEqual(Buffer.from(read.content), CONTENT);
  });
});

suite("other messages are refused, each with its reason (CVE-2025-47934 and its kind)", () => {
  const other = Buffer.from("another digest");
  const [ann, lit, sig] = [announcement(key), literal(CONTENT), signature()];
  const clear = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx\n-----BEGIN PGP SIGNATURE-----\n";
  const ROWS: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    "a literal alone": [lit, /^no-signature: nobody signed/],
    "a compressed literal alone": [compressed(lit), /^no-signature: nobody signed/],
    "a detached signature": [sig, /^unsupported: it is a detached signature/],
    "an encrypted message": [packet(18, Uint8Array.of(1)), /^unsupported: it is encrypted/],
    "a signed message with an encrypted one behind": [joined(ann, lit, sig, packet(1, u32(3))), /encrypted/],
    "two literals, the signed one first": [joined(ann, lit, literal(other), sig), /^unsupported: it holds 2 literals/],
    "two literals, the signed one last": [joined(literal(other), ann, lit, sig), /^unsupported: it holds 2 literals/],
    "another literal behind": [joined(ann, lit, sig, literal(other)), /^unsupported: it holds 2 literals/],
    "two signed messages": [joined(ann, lit, sig, ann, lit, sig), /^unsupported: it holds 2 literals/],
    "two signers": [joined(announcement(key, {}, 0), ann, lit, sig, sig), /^unsupported: several keys signed it/],
    "two signatures for one announcement": [joined(ann, lit, sig, sig), /^unsupported: several keys signed it/],
    "a signature before its literal": [joined(sig, lit), /types 2, 11, where 4, 11, 2/],
    "a literal before its announcement": [joined(lit, ann, sig), /types 11, 4, 2/],
    "a packet of an unknown type beside": [joined(ann, lit, sig, packet(60, u32(1))), /types 4, 11, 2, 60/],
    "a literal within a literal": [joined(ann, literal(joined(ann, lit, sig)), sig), /^bad-signature/],
    "an armoured message": [Buffer.from("-----BEGIN PGP MESSAGE-----\n\nAAAA\n"), /^unsupported: it is armoured/],
    "a message signed in the clear": [Buffer.from(clear), /^unsupported: it is signed in the clear/],
    "a literal of text": [joined(ann, literal(CONTENT, "t"), sig), /^unsupported: its literal is not binary/],
    "something behind the compressed message": [
      joined(compressed(joined(ann, lit, sig)), lit),
      /follows the compressed/,
    ],
    "a message compressed twice": [compressed(compressed(joined(ann, lit, sig))), /compressed twice/],
    "a message compressed with BZIP2": [packet(8, Uint8Array.of(3), u32(1)), /compressed with algorithm 3/],
    "a message compressed twice, with more beside": [
      compressed(joined(compressed(joined(ann, lit, sig)), lit)),
      /^unsupported: it is compressed twice/,
    ],
    "a compressed packet that is empty": [packet(8), /compressed with algorithm none/],
    "no bytes": [Buffer.alloc(0), /^malformed: .*is empty/],
    words: [Buffer.from("<html>not here</html>"), /^malformed: .*is not OpenPGP data/],
    "half a message": [joined(ann, lit, sig).subarray(0, -1), /^malformed: .*ends in the middle/],
    "a byte behind the compressed data": [
      packet(8, Uint8Array.of(1), deflateRawSync(joined(ann, lit, sig)), Uint8Array.of(0)),
      /^malformed: .*bytes behind its compressed data/,
    ],
    "a message that inflates to more than 4 MiB": [
      compressed(signedMessage(key, Buffer.alloc(5 * 1024 * 1024))),
      /^malformed: .*does not inflate to at most/,
    ],
  };
  for (const [name, [message, expected]] of Object.entries(ROWS)) {
    test(name, () => assert.match(check(message), expected));
  }
});

test("a signature counts from the very second in which its key was made, and not a second before", () => {
  assert.match(check(signedMessage(key, CONTENT, { created: BORN })), /^proved/);
  assert.match(check(signedMessage(key, CONTENT, { created: BORN - 1 })), /^key-unfit: .*before the beginning/);
});

suite("a signature is refused", () => {
  const message = (options: Parameters<PgpKey["sign"]>[1]): string => check(signedMessage(key, CONTENT, options));

  test("of another type than binary (GHSA-qwqc-28w3-fww6)", () => {
    for (const type of [0x01, 0x02, 0x10, 0x18, 0x1f, 0x40, 0x50]) {
      assert.match(message({ type }), /^unsupported: its signature is of type 0x/, String(type));
    }
  });

  test("with SHA-1 or MD5", () => {
    assert.match(message({ hash: 2 }), /^unsupported: it is signed with SHA-1/);
    assert.match(message({ hash: 1 }), /^unsupported: it is signed with MD5/);
  });

  test("with a critical subpacket that nobody here knows, signed or beside", () => {
    assert.match(message({ hashed: [[20, u32(1), true]] }), /^unsupported: .*critical subpacket 20/);
    assert.match(message({ hashed: [[99, u32(1), true]] }), /^unsupported: .*critical subpacket 99/);
    assert.match(message({ unhashed: [[99, u32(1), true]] }), /^unsupported: .*critical subpacket 99/);
  });

  test("that says twice when it was made or when it ends", () => {
    assert.match(message({ hashed: [[2, u32(BORN)]] }), /^malformed: .*subpacket 2 twice/);
    assert.match(
      message({
        hashed: [
          [3, u32(9)],
          [3, u32(0)],
        ],
      }),
      /^malformed: .*subpacket 3 twice/,
    );
  });

  test("that does not say when it was made in what is signed", () => {
    const body = key.sign(CONTENT);
    const without = joined(body.subarray(0, 4), Uint8Array.of(0, 0), body.subarray(16));
    assert.match(
      check(joined(announcement(key), literal(CONTENT), packet(2, without))),
      /does not say when it was made/,
    );
  });

  test("that was announced otherwise", () => {
    const [lit, sig] = [literal(CONTENT), signature()];
    const others = [announcement(new PgpKey()), announcement(key, { hash: 9 }), announcement(key, { type: 1 })];
    for (const ann of [...others, announcement(key, {}, 0)]) {
      assert.match(check(joined(ann, lit, sig)), /^malformed: .*announces another signature/);
    }
  });

  test("over other bytes", () => {
    const changed = joined(announcement(key), literal(Buffer.from("another digest")), signature());
    assert.match(check(changed), /^bad-signature: the key [0-9A-F]{40} did not make this signature/);
  });

  test("by a stranger, who is named", () => {
    const stranger = new PgpKey();
    assert.match(
      check(signedMessage(stranger, CONTENT)),
      new RegExp(`^unknown-key: .*${stranger.fingerprint.slice(-16)}`),
    );
  });

  test("that names a key of the keyring whose fingerprint it does not have", () => {
    const fingerprint = Buffer.from(`04${new PgpKey().fingerprint}`, "hex");
    assert.match(message({ hashed: [[33, fingerprint]] }), /^unknown-key/);
    assert.equal(message({ hashed: [[33, Buffer.from(`04${key.fingerprint}`, "hex")]] }), PROVED);
  });

  test("that names another algorithm than its key's", () => {
    class Mislabelled extends PgpKey {
      override get algorithm(): number {
        return 19;
      }
    }
    const secret = generateKeyPairSync("ed25519").privateKey;
    const [proper, odd] = [new PgpKey("ed25519", secret), new Mislabelled("ed25519", secret)];
    const ring = ringOf(keyringOf(proper));
    assert.match(check(signedMessage(proper, CONTENT), ring), /^proved/);
    assert.match(check(signedMessage(odd, CONTENT), ring), /^bad-signature/);
  });

  test("with a hash that is not known here, even to those who ask for no strong one", () => {
    const text = { code: "signature", name: "it" } as const;
    const [by, good] = [parseKeyPacket(key.body, text), parseSignaturePacket(key.sign(CONTENT), text)];
    assert.equal(isMadeBy(good, by, CONTENT), true);
    assert.equal(isMadeBy({ ...good, hash: 3 }, by, CONTENT), false);
    assert.equal(isMadeBy(good, { ...by, key: { unusable: "broken" } }, CONTENT), false);
  });

  test("of another version than 3 and 4", () => {
    const body = Buffer.from(key.sign(CONTENT));
    for (const version of [2, 5, 6]) {
      body[0] = version;
      const changed = joined(announcement(key), literal(CONTENT), packet(2, body));
      assert.match(check(changed), new RegExp(`^malformed: .*signature of version ${version}`));
    }
  });
});

suite("each algorithm is checked to the last bit", () => {
  const KINDS = ["ed25519", "rsa", "P-256", "P-384", "P-521"] as const;
  const keys = new Map(KINDS.map((kind) => [kind, new PgpKey(kind)]));
  const joinedRing = ringOf(...[...keys.values()].map((each) => keyringOf(each)));

  for (const [kind, by] of keys) {
    const good = signedMessage(by, CONTENT);

    test(`${kind} verifies, and no other key's signature does in its place`, () => {
      assert.match(check(good, ringOf(keyringOf(by))), new RegExp(`^proved by ${by.fingerprint}`));
      assert.match(check(good, joinedRing), new RegExp(`^proved by ${by.fingerprint}`));
      for (const other of [...keys.values()].filter((each) => each !== by)) {
        const body = Buffer.concat([other.sign(CONTENT)]);
        // The issuer stands in the unhashed part: naming another costs nothing.
        body.set(by.keyId, body.indexOf(other.keyId));
        const forged = joined(announcement(by), literal(CONTENT), packet(2, body));
        assert.match(check(forged, joinedRing), /^(?:bad-signature|malformed)/);
        const announced = joined(announcement(other), literal(CONTENT), packet(2, body));
        announced.set(by.keyId, announced.indexOf(other.keyId));
        assert.match(check(announced, joinedRing), /^bad-signature/);
      }
    });

    test(`${kind} with any bit of its numbers changed does not verify`, () => {
      const ring = ringOf(keyringOf(by));
      const length = by.sign(CONTENT).length - 35;
      for (let back = 1; back < length && back < 140; back++) {
        const changed = Buffer.from(good);
        changed[changed.length - back] = (changed.at(-back) ?? 0) ^ (1 << (back % 8));
        assert.doesNotMatch(check(changed, ring), /^proved/, String(back));
      }
    });
  }

  test("a number longer than the key allows is no signature", () => {
    const by = keys.get("rsa") ?? assert.fail();
    const body = by.sign(CONTENT);
    const at = body.length - 258;
    const longer = joined(body.subarray(0, at), Uint8Array.of(0x08, 0x08, 0xff), body.subarray(at + 2));
    const message = joined(announcement(by), literal(CONTENT), packet(2, longer));
    assert.match(check(message, joinedRing), /^bad-signature/);
  });

  test("a number with bits above those it states is refused, one that states too many is not", () => {
    const body = key.sign(CONTENT);
    const at = body.length - 34;
    const stating = (bits: number): string => {
      const changed = Buffer.from(body);
      changed.writeUInt16BE(bits, at);
      changed[at + 2] = 0xff;
      return check(joined(announcement(key), literal(CONTENT), packet(2, changed)));
    };
    assert.match(stating(255), /^malformed: .*a number longer than it states/);
    assert.match(stating(256), /^bad-signature/);
  });

  test("points that are none are refused", () => {
    const ec = Buffer.from((keys.get("P-256") ?? assert.fail()).body);
    const ed = Buffer.from(key.body);
    const refused = (body: Buffer, at: number, byte: number): string => {
      body[at] = byte;
      try {
        ringOf(packet(6, body));
        return "read";
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    };
    assert.match(refused(Buffer.from(ec), 17, 0x03), /ECDSA key that is no point/);
    assert.match(refused(Buffer.from(ec), 40, (ec[40] ?? 0) ^ 1), /its numbers are no public key/);
    assert.match(refused(Buffer.from(ed), 18, 0x41), /Ed25519 key of another length/);
    const short = joined(ec.subarray(0, 15), Uint8Array.of(0x01, 0xfb, 4), ec.subarray(18, -1));
    assert.match(refused(short, 0, 4), /ECDSA key that is no point/);
    const shortEd = joined(ed.subarray(0, 16), Uint8Array.of(0x00, 0xff, 0x40), ed.subarray(19, -1));
    assert.match(refused(shortEd, 0, 4), /Ed25519 key of another length/);
    const elsewhere = joined(ec.subarray(0, 6), Buffer.from("052b8104000a", "hex"), ec.subarray(15));
    assert.match(refused(elsewhere, 0, 4), /an ECDSA key on the curve 2B8104000A, which Assay does not check/);
  });
});

suite("time is told, not judged", () => {
  test("a signature ends when it says so", () => {
    const found = check(signedMessage(key, CONTENT, { created: BORN + 50, hashed: [[3, u32(1000), true]] }));
    assert.equal(found, `proved by ${key.fingerprint} from ${at(BORN + 50)} to ${at(BORN + 1050)}`);
  });

  test("a signature ends when its key ends", () => {
    const ring = ringOf(keyringOf(key, [], { hashed: [SIGN_FLAG, [9, u32(500)]] }));
    assert.equal(check(signedMessage(key, CONTENT), ring).split(" to ")[1], at(BORN + 500));
    const sooner = signedMessage(key, CONTENT, { hashed: [[3, u32(10)]] });
    assert.equal(check(sooner, ring).split(" to ")[1], at(BORN + 110));
  });

  test("a signature made before its key was, or after its key ended, does not count", () => {
    assert.match(check(signedMessage(key, CONTENT, { created: BORN - 1 })), /^key-unfit: .*before the beginning/);
    const ring = ringOf(keyringOf(key, [], { hashed: [SIGN_FLAG, [9, u32(100)]] }));
    assert.match(check(signedMessage(key, CONTENT), ring), /^key-unfit: .*after the end/);
  });

  test("the newest word on a key's end counts, for each user id, and the earliest of these", () => {
    const later = (name: string, seconds: number, created: number): readonly Buffer[] =>
      certifiedUser(key, name, { created, hashed: [SIGN_FLAG, [9, u32(seconds)]] });
    const ends = (...parts: readonly Buffer[]): string =>
      check(signedMessage(key, CONTENT), ringOf(joined(packet(6, key.body), ...parts))).split(" to ")[1] ?? "";
    assert.equal(ends(...later("a", 200, BORN), ...later("a", 900, BORN + 1)), at(BORN + 900));
    assert.equal(ends(...later("a", 900, BORN + 1), ...later("a", 200, BORN)), at(BORN + 900));
    assert.equal(ends(...later("a", 900, BORN + 1), ...later("b", 300, BORN)), at(BORN + 300));
    const revocation = packet(2, key.sign(userContent(key, "b"), { type: 0x30, created: BORN + 2 }));
    assert.equal(ends(...later("a", 900, BORN + 1), ...later("b", 300, BORN), revocation), at(BORN + 900));
  });

  test("a user id certified and revoked in the same second is revoked, whichever stands first", () => {
    const kept = certifiedUser(key, "a", { created: BORN, hashed: [SIGN_FLAG, [9, u32(900)]] });
    const [name = Buffer.alloc(0), certified = Buffer.alloc(0)] = certifiedUser(key, "b", {
      created: BORN + 2,
      hashed: [SIGN_FLAG, [9, u32(300)]],
    });
    const revokedAt = (created: number): Buffer => packet(2, key.sign(userContent(key, "b"), { type: 0x30, created }));
    const end = (...signatures: readonly Buffer[]): string =>
      check(signedMessage(key, CONTENT), ringOf(joined(packet(6, key.body), ...kept, name, ...signatures))).split(
        " to ",
      )[1] ?? "";
    assert.equal(end(certified, revokedAt(BORN + 2)), at(BORN + 900));
    assert.equal(end(revokedAt(BORN + 2), certified), at(BORN + 900));
    assert.equal(end(certified, revokedAt(BORN + 1)), at(BORN + 300));
  });

  test("a key's own word without a user id counts too", () => {
    const direct = packet(2, key.sign(key.hashed, { type: 0x1f, created: BORN, hashed: [SIGN_FLAG, [9, u32(400)]] }));
    assert.equal(
      check(signedMessage(key, CONTENT), ringOf(joined(packet(6, key.body), direct))).split(" to ")[1],
      at(BORN + 400),
    );
  });
});

suite("a key is refused", () => {
  const by = (ring: Uint8Array): string => check(signedMessage(key, CONTENT), ringOf(ring));
  const revocation = (signer: PgpKey, reason: number): Buffer =>
    packet(2, signer.sign(key.hashed, { type: 0x20, hashed: [[29, Uint8Array.of(reason)]] }));

  test("that was revoked, for whatever reason", () => {
    assert.match(by(keyringOf(key, [revocation(key, 2)])), /^key-revoked: .*revoked on 2023-11-14 as compromised/);
    assert.match(by(keyringOf(key, [revocation(key, 3)])), /^key-revoked: .*as retired/);
    assert.match(by(keyringOf(key, [revocation(key, 0)])), /^key-revoked: /);
  });

  test("that another keyring of the authority knows to be revoked", () => {
    const rings = [keyringOf(key), joined(packet(6, key.body), revocation(key, 1))];
    for (const files of [rings, rings.toReversed()]) {
      assert.match(check(signedMessage(key, CONTENT), ringOf(...files)), /^key-revoked: .*superseded/);
    }
  });

  test("that a revoker of its owner's choice revoked, and by nobody else", () => {
    const revoker = new PgpKey();
    const named = {
      hashed: [SIGN_FLAG, [12, joined(Uint8Array.of(0x80, 22), Buffer.from(revoker.fingerprint, "hex"))]],
    } as const;
    assert.match(by(keyringOf(key, [revocation(revoker, 2)], named)), /^key-revoked/);
    assert.equal(by(keyringOf(key, [revocation(revoker, 2)])), PROVED);
  });

  test("whose revocation is by a hash that cannot be computed", () => {
    const weak = key.sign(key.hashed, { type: 0x20, hash: 1 });
    assert.match(by(keyringOf(key, [packet(2, weak)])), /^key-revoked/);
  });

  test("that is not for signing", () => {
    assert.match(by(keyringOf(key, [], { hashed: [[27, Uint8Array.of(0x01)]] })), /^key-unfit: .*not for signing/);
    assert.equal(by(keyringOf(key, [], { hashed: [] })), PROVED);
    const half = certifiedUser(key, "bob", { hashed: [[27, Uint8Array.of(0x01)]] });
    assert.match(by(keyringOf(key, half)), /^key-unfit: .*not for signing/);
  });

  test("that says nothing valid about itself", () => {
    assert.match(by(packet(6, key.body)), /^key-unfit: .*no valid signature about itself/);
    const strangers = joined(
      packet(6, key.body),
      packet(13, Buffer.from("alice")),
      packet(2, new PgpKey().sign(userContent(key, "alice"), { type: 0x13 })),
    );
    assert.match(by(strangers), /^key-unfit: .*no valid signature about itself/);
  });
});

suite("a subkey", () => {
  const sub = new PgpKey();
  const both = joined(key.hashed, sub.hashed);
  const by = (...parts: readonly Buffer[]): string => check(signedMessage(sub, CONTENT), ringOf(keyringOf(key, parts)));

  test("signs in the name of its primary key, also of one that is for certifying alone", () => {
    assert.equal(by(...boundSubkey(key, sub)), PROVED);
    const ring = keyringOf(key, boundSubkey(key, sub), { hashed: [[27, Uint8Array.of(0x01)]] });
    assert.equal(check(signedMessage(sub, CONTENT), ringOf(ring)), PROVED);
  });

  test("ends when it says so, and with its primary key", () => {
    assert.equal(by(...boundSubkey(key, sub, { hashed: [SIGN_FLAG, [9, u32(700)]] })).split(" to ")[1], at(BORN + 700));
    const ring = keyringOf(key, boundSubkey(key, sub), { hashed: [SIGN_FLAG, [9, u32(600)]] });
    assert.equal(check(signedMessage(sub, CONTENT), ringOf(ring)).split(" to ")[1], at(BORN + 600));
  });

  test("does not count without an agreement of its own, or with another's", () => {
    assert.match(by(...boundSubkey(key, sub, { back: [] })), /^key-unfit: .*back signature/);
    const others = new PgpKey().sign(both, { type: 0x19 });
    assert.match(by(...boundSubkey(key, sub, { back: [[32, others]] })), /^key-unfit: .*back signature/);
    const ofType = sub.sign(both, { type: 0x18 });
    assert.match(by(...boundSubkey(key, sub, { back: [[32, ofType]] })), /^key-unfit: .*back signature/);
    const overOther = sub.sign(joined(new PgpKey().hashed, sub.hashed), { type: 0x19 });
    assert.match(by(...boundSubkey(key, sub, { back: [[32, overOther]] })), /^key-unfit: .*back signature/);
    const weak = sub.sign(both, { type: 0x19, hash: 2 });
    assert.match(by(...boundSubkey(key, sub, { back: [[32, weak]] })), /^key-unfit: .*back signature/);
    assert.match(by(...boundSubkey(key, sub, { back: [[32, u32(7)]] })), /^key-unfit: .*back signature/);
  });

  test("does not count if it is for something else, or bound by SHA-1, or not bound", () => {
    assert.match(
      by(...boundSubkey(key, sub, { hashed: [[27, Uint8Array.of(0x0c)]] })),
      /^key-unfit: .*not for signing/,
    );
    assert.match(by(...boundSubkey(key, sub, { hashed: [] })), /^key-unfit: .*not for signing/);
    assert.match(by(...boundSubkey(key, sub, { hash: 2 })), /^key-unfit: .*weak hash/);
    assert.match(by(packet(14, sub.body)), /^key-unfit: .*not bound/);
  });

  test("does not count once it, or its primary key, was revoked", () => {
    const revocation = packet(2, key.sign(both, { type: 0x28 }));
    assert.match(by(...boundSubkey(key, sub), revocation), /^key-revoked/);
    assert.match(by(...boundSubkey(key, sub), packet(2, key.sign(key.hashed, { type: 0x20 }))), /^key-revoked/);
    const newer = boundSubkey(key, sub, { created: BORN + 5000 });
    assert.match(by(...boundSubkey(key, sub), revocation, ...newer.slice(1)), /^key-revoked/);
  });

  test("of a primary key that says nothing valid about itself does not count", () => {
    const ring = joined(packet(6, key.body), ...boundSubkey(key, sub));
    assert.match(check(signedMessage(sub, CONTENT), ringOf(ring)), /^key-unfit: .*no valid signature about itself/);
  });

  test("of two primary keys counts only if both may sign by it", () => {
    const other = new PgpKey();
    const rings = [keyringOf(key, boundSubkey(key, sub)), keyringOf(other, boundSubkey(other, sub, { back: [] }))];
    assert.match(check(signedMessage(sub, CONTENT), ringOf(...rings)), /^key-unfit: .*back signature/);
  });
});

suite("a keyring is refused", () => {
  const refusal = (bytes: Uint8Array): string => {
    try {
      ringOf(bytes);
      return "read";
    } catch (error) {
      assert.ok(error instanceof Error && error.name === "InputError", String(error));
      return error.message;
    }
  };
  const armour = (bytes: Uint8Array, checksum: string, block = "PUBLIC KEY BLOCK"): Buffer =>
    Buffer.from(
      `-----BEGIN PGP ${block}-----\n\n${Buffer.from(bytes).toString("base64")}\n${checksum}-----END PGP ${block}-----\n`,
    );

  test("that is none", () => {
    assert.match(refusal(Buffer.alloc(0)), /does not begin with a public key/);
    assert.match(refusal(Buffer.from("keys")), /is not OpenPGP data/);
    assert.match(refusal(signedMessage(key, CONTENT)), /does not begin with a public key/);
    assert.match(refusal(joined(keyringOf(key), literal(CONTENT))), /a packet of type 11, which no public key has/);
    assert.match(refusal(joined(keyringOf(key), packet(10, Buffer.from("PGP")))), /^read$/);
    assert.match(refusal(joined(keyringOf(key), packet(10, Buffer.from("pgp")))), /a packet of type 10/);
    assert.match(refusal(packet(5, key.body)), /holds a secret key/);
    assert.match(refusal(keyringOf(key).subarray(0, -1)), /ends in the middle/);
  });

  test("with a broken word of a key about itself, which could be the one that limits it", () => {
    const broken = Buffer.from(key.sign(userContent(key, "alice"), { type: 0x13 }));
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    assert.match(refusal(keyringOf(key, [packet(2, broken)])), /broken signature of the key .* about itself/);
    assert.match(refusal(keyringOf(key, [packet(2, key.sign(CONTENT, { type: 0x20 }))])), /broken signature/);
    const anonymous = packet(2, new PgpKey().sign(key.hashed, { type: 0x20, anonymous: true }));
    assert.match(refusal(keyringOf(key, [anonymous])), /broken signature/);
  });

  test("with a limit that is not known here", () => {
    assert.match(
      refusal(keyringOf(key, [], { hashed: [SIGN_FLAG, [20, u32(1), true]] })),
      /limit of the key .* not known/,
    );
  });

  test("with nothing but keys of other versions or algorithms, which it names", () => {
    const of = (version: number, algorithm: number): Buffer =>
      packet(6, Uint8Array.of(version), u32(BORN), Uint8Array.of(algorithm), Uint8Array.of(0, 1, 1));
    for (const version of [2, 3, 5, 6])
      assert.match(refusal(of(version, 1)), new RegExp(`a key of version ${version}`));
    assert.match(refusal(of(4, 17)), /is a DSA key/);
    assert.match(refusal(of(4, 27)), /Ed25519 key in the form of RFC 9580/);
    assert.match(refusal(of(4, 99)), /a key of algorithm 99/);
  });

  test("but a usable key beside unusable ones can be used, and the others' signatures are explained", () => {
    const dsa = packet(6, Uint8Array.of(4), u32(BORN), Uint8Array.of(17), Uint8Array.of(0, 1, 1));
    assert.equal(check(signedMessage(key, CONTENT), ringOf(joined(dsa, keyringOf(key)))), PROVED);
    assert.equal(
      check(signedMessage(key, CONTENT), ringOf(joined(packet(6, Uint8Array.of(6)), keyringOf(key)))),
      PROVED,
    );
    const { unusable } = ringOf(joined(dsa, keyringOf(key)));
    assert.deepEqual([...unusable.values()], ["a DSA key, which Assay does not check"]);
  });

  test("of RSA shorter than 2048 bits", () => {
    const n = Buffer.alloc(128, 0xff);
    const weak = packet(6, Uint8Array.of(4), u32(BORN), Uint8Array.of(1, 4, 0), n, Uint8Array.of(0, 17, 1, 0, 1));
    assert.match(refusal(weak), /RSA of 1024 bits: use 2048 to 8192/);
  });

  test("whose armour is damaged, is another's, or hides a private key", () => {
    assert.equal(refusal(armour(keyringOf(key), "")), "read");
    assert.equal(
      refusal(joined(Buffer.from("Our key:\n"), armour(keyringOf(key), ""), armour(keyringOf(new PgpKey()), ""))),
      "read",
    );
    assert.match(refusal(armour(keyringOf(key), "=AAAA\n")), /checksum is wrong/);
    assert.match(refusal(armour(keyringOf(key), "", "MESSAGE")), /is not made of whole blocks/);
    assert.match(refusal(armour(keyringOf(key), "", "PRIVATE KEY BLOCK")), /holds a private key/);
    assert.match(refusal(armour(keyringOf(key), "").subarray(0, -20)), /is not made of whole blocks/);
    assert.match(
      refusal(Buffer.from("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nA\n-----END PGP PUBLIC KEY BLOCK-----\n")),
      /not base64/,
    );
  });
});
