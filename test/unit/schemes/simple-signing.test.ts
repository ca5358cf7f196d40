import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { Digest } from "../../../src/domain/digest.ts";
import { PortError } from "../../../src/domain/errors.ts";
import type { Opinion } from "../../../src/domain/facts.ts";
import type { SimpleSigningAuthority } from "../../../src/domain/trust.ts";
import type { SafeFetch, SafeFetchRequest } from "../../../src/ports/safe-fetch.ts";
import { MAX_SIGNATURES } from "../../../src/schemes/limits.ts";
import { MAX_FILES } from "../../../src/schemes/simple-signing/lookaside.ts";
import { placeOf } from "../../../src/schemes/simple-signing/place.ts";
import { simpleSigning } from "../../../src/schemes/simple-signing/scheme.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { isPortError } from "../../support/port-error.ts";
import { sourcesOf, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { keyringOf, packet, PgpKey, signedMessage } from "../../support/signing/openpgp.ts";
import { extensionList, judgeSimple, simpleAuthority, simplePayload } from "../../support/signing/simple-signing.ts";

const DIGEST = digestOf("an image");
const HEX = DIGEST.slice("sha256:".length);
const NAME = "registry.example.com/shop/web:1";
const key = new PgpKey();
const RING = keyringOf(key);
const GOOD = simplePayload(DIGEST, NAME);
const never = new AbortController().signal;

async function judge(
  payload: string,
  change: Partial<SimpleSigningAuthority> = {},
  requested: string = NAME,
): Promise<Opinion> {
  const authority = simpleAuthority([RING], { signedIdentity: { kind: "matchRepoDigestOrExact" }, ...change });
  const [opinion] = await judgeSimple([signedMessage(key, payload)], authority, { digest: DIGEST, requested });
  assert.ok(opinion !== undefined);
  return opinion;
}

suite("a payload is read as containers/image reads it", () => {
  test("the seed of the rows below verifies, with its name in the notes", async () => {
    const opinion = await judge(GOOD);
    assert.ok(opinion.kind === "verified");
    assert.deepEqual(opinion.notes, [`signed under the name "${NAME}"`]);
    assert.deepEqual(opinion.signedAt, []);
    assert.ok(opinion.signers[0]?.kind === "pgp");
    assert.equal(opinion.signers[0].fingerprint, key.fingerprint);
    assert.match(opinion.signers[0].spki ?? "", /^sha256:[0-9a-f]{64}$/);
  });

  const ACCEPTED: Readonly<Record<string, readonly [string, string]>> = {
    "an optional part that is empty": [',"optional":{"creator":"a test","timestamp":1464398954}', ',"optional":{}'],
    "further members of the optional part": ['"creator":"a test"', '"x":[1],"creator":"a test"'],
  };
  for (const [what, [from, to]] of Object.entries(ACCEPTED)) {
    test(`accepts ${what}`, async () => assert.equal(verdictOf(await judge(replaced(from, to))), "verified"));
  }

  const REFUSED: Readonly<Record<string, readonly [string, string]>> = {
    "another type": ["atomic container signature", "cosign container image signature"],
    "a type in another case": ["atomic container", "Atomic container"],
    "no type": [',"type":"atomic container signature"', ""],
    "no optional part": [',"optional":{"creator":"a test","timestamp":1464398954}', ""],
    "an optional part of null": ['"optional":{"creator":"a test","timestamp":1464398954}', '"optional":null'],
    "an optional part that is a list": ['"optional":{"creator":"a test","timestamp":1464398954}', '"optional":[]'],
    "a creator that is no text": ['"a test"', "1"],
    "a timestamp with a fraction": ["1464398954", "1464398954.5"],
    "a timestamp that is text": ["1464398954", '"1464398954"'],
    "a timestamp in another case": ['"timestamp"', '"Timestamp"'],
    "an unknown member beside critical": ['{"critical"', '{"x":1,"critical"'],
    "an unknown member of critical": ['{"identity"', '{"x":1,"identity"'],
    "an unknown member of image": ['{"docker-manifest-digest"', '{"x":1,"docker-manifest-digest"'],
    "an unknown member of identity": ['{"docker-reference"', '{"x":1,"docker-reference"'],
    "critical twice": ['{"critical"', '{"critical":{},"critical"'],
    "a digest twice": ['{"docker-manifest-digest"', '{"docker-manifest-digest":"x","docker-manifest-digest"'],
    "critical in another case": ['"critical"', '"Critical"'],
    "a name in another case": ['"docker-reference"', '"Docker-Reference"'],
    "no name": [`{"docker-reference":"${NAME}"}`, "{}"],
    "a name that is no text": [`"docker-reference":"${NAME}"`, '"docker-reference":null'],
    "no digest": [`{"docker-manifest-digest":"${DIGEST}"}`, "{}"],
    "something behind it": ["}}", "}} {}"],
    "no JSON": [GOOD, "This is not JSON"],
  };
  for (const [what, [from, to]] of Object.entries(REFUSED)) {
    test(`refuses ${what}`, async () => {
      const opinion = await judge(replaced(from, to));
      assert.equal(verdictOf(opinion), "rejected malformed at subject");
      assert.ok(opinion.kind === "rejected" && opinion.signer?.kind === "pgp");
    });
  }

  function replaced(from: string, to: string): string {
    const changed = from === "}}" ? `${GOOD}{}` : GOOD.replace(from, to);
    assert.notEqual(changed, GOOD);
    return changed;
  }
});

suite("a payload speaks for one digest under one name (T-SIM-01, T-SIM-02)", () => {
  const SUBJECT = "rejected wrong-subject at subject";
  const IDENTITY = "rejected wrong-identity at identity";
  const MOVED = "mirror.example/shop/web:1";
  const ROWS: readonly (readonly [string, string, Partial<SimpleSigningAuthority>, string, string])[] = [
    ["another digest", simplePayload(digestOf("another"), NAME), {}, NAME, SUBJECT],
    ["a digest in capitals", simplePayload(DIGEST.toUpperCase(), NAME), {}, NAME, SUBJECT],
    ["no digest at all", simplePayload("", NAME), {}, NAME, SUBJECT],
    ["another repository", simplePayload(DIGEST, "registry.example.com/shop/other:1"), {}, NAME, IDENTITY],
    ["another tag", simplePayload(DIGEST, "registry.example.com/shop/web:2"), {}, NAME, IDENTITY],
    ["no tag", simplePayload(DIGEST, "registry.example.com/shop/web"), {}, NAME, IDENTITY],
    ["no reference", simplePayload(DIGEST, "UPPERCASEISINVALID"), {}, NAME, IDENTITY],
    ["another repository, asked for by digest", GOOD, {}, `mirror.example/shop/web@${DIGEST}`, IDENTITY],
    ["this repository, asked for by digest", GOOD, {}, `registry.example.com/shop/web@${DIGEST}`, "verified"],
    ["the repository it was moved from", GOOD, {}, MOVED, IDENTITY],
    [
      "another tag under matchRepository",
      GOOD,
      { signedIdentity: { kind: "matchRepository" } },
      `${NAME}2`,
      "verified",
    ],
    ["another tag under matchExact", GOOD, { signedIdentity: { kind: "matchExact" } }, `${NAME}2`, IDENTITY],
    [
      "a name the policy states",
      GOOD,
      { signedIdentity: { kind: "exactReference", reference: NAME } },
      MOVED,
      "verified",
    ],
    [
      "a repository the policy states",
      GOOD,
      { signedIdentity: { kind: "exactRepository", repository: "registry.example.com/shop/web" } },
      MOVED,
      "verified",
    ],
    [
      "the origin of a mirror",
      GOOD,
      { signedIdentity: { kind: "remapIdentity", prefix: "mirror.example", signedPrefix: "registry.example.com" } },
      MOVED,
      "verified",
    ],
  ];
  for (const [what, payload, change, requested, expected] of ROWS) {
    test(`${what}: ${expected}`, async () =>
      assert.equal(verdictOf(await judge(payload, change, requested)), expected));
  }
});

suite("a stored signature may name its format", () => {
  const judged = async (bytes: Uint8Array): Promise<string | undefined> => {
    const image = { digest: DIGEST, requested: NAME };
    return verdictOf((await judgeSimple([bytes], simpleAuthority([RING]), image))[0]);
  };
  const named = (format: string, rest: Uint8Array = signedMessage(key, GOOD)): Buffer =>
    Buffer.concat([Buffer.from(`\0${format}\n`), rest]);

  test("simple-signing is read, others are not", async () => {
    assert.equal(await judged(named("simple-signing")), "verified");
    assert.equal(await judged(named("sigstore-json", Buffer.from("{}"))), "rejected unsupported at found");
    assert.equal(await judged(named("simple-signing2")), "rejected unsupported at found");
  });

  test("one that names none, or too long a one, is broken", async () => {
    assert.equal(await judged(Buffer.from("\0")), "rejected malformed at parsed");
    assert.equal(await judged(named("")), "rejected malformed at parsed");
    assert.equal(await judged(Buffer.from("\0simple-signing")), "rejected malformed at parsed");
    assert.equal(await judged(named("x".repeat(70))), "rejected malformed at parsed");
    assert.equal(await judged(named("\u0007")), "rejected malformed at parsed");
  });
});

type Answers = Readonly<Record<string, { readonly status: number; readonly bytes?: Uint8Array; readonly to?: string }>>;

/** A web with these files, and what was asked of it. */
function web(answers: Answers | ((url: string) => Answers[string])): { fetch: SafeFetch; asked: SafeFetchRequest[] } {
  const asked: SafeFetchRequest[] = [];
  const fetch: SafeFetch = async (request) => {
    asked.push(request);
    const found = typeof answers === "function" ? answers(request.url) : (answers[request.url] ?? { status: 404 });
    const { status, bytes = new Uint8Array(), to } = found;
    return await Promise.resolve({ status, bytes, headers: to === undefined ? {} : { location: to } });
  };
  return { fetch, asked };
}

const lookaside = (url: string): SimpleSigningAuthority =>
  simpleAuthority([RING], { place: { kind: "lookaside", url } });

async function look(url: string, { fetch }: { fetch: SafeFetch }, requested: string = NAME, digest: Digest = DIGEST) {
  const sources = { ...sourcesOf(new MemoryImages()), fetch };
  return placeOf(lookaside(url)).collect(targetOf(digest, requested), sources, never);
}

suite("a lookaside is asked by the rules of containers/image", () => {
  const BASE = "https://s.example/sigs";
  const at = (number: number, repository = "shop/web"): string =>
    `${BASE}/${repository}@sha256=${HEX}/signature-${number}`;
  const one = { status: 200, bytes: signedMessage(key, GOOD) };

  test("from number one until the first that is not there", async () => {
    const site = web({ [at(1)]: one, [at(2)]: one, [at(4)]: one });
    const found = await look(BASE, site);
    assert.deepEqual(
      found.map(({ part, via, about, source }) => [part, via, about, source]),
      [0, 1].map((part) => [part, "lookaside s.example", DIGEST, placeOf(lookaside(BASE)).key]),
    );
    assert.deepEqual(
      site.asked.map(({ url }) => url),
      [at(1), at(2), at(3)],
    );
    assert.deepEqual(found[0]?.documents[0]?.bytes, one.bytes);
  });

  test("without the registry's host and port, and with Docker Hub's library", async () => {
    const paths = async (requested: string): Promise<string | undefined> => {
      const site = web({});
      await look(BASE, site, requested);
      return site.asked[0]?.url;
    };
    assert.equal(await paths("registry.example.com:5000/a/b/c:1"), at(1, "a/b/c"));
    assert.equal(await paths("busybox"), at(1, "library/busybox"));
    assert.equal(await paths("docker.io/library/busybox:1"), at(1, "library/busybox"));
  });

  test("with the digest's own algorithm", async () => {
    const site = web({});
    const digest = digestOf("an image", "sha512");
    await look(BASE, site, NAME, digest);
    assert.equal(site.asked[0]?.url, `${BASE}/shop/web@sha512=${digest.slice("sha512:".length)}/signature-1`);
  });

  test("its host may be private over https, and plain HTTP is left to the configuration", async () => {
    const trusted = async (url: string): Promise<readonly string[] | undefined> => {
      const site = web({});
      await look(url, site);
      assert.equal(site.asked[0]?.limit, 4 * 1024 * 1024);
      return site.asked[0]?.trustedHosts;
    };
    assert.deepEqual(await trusted("https://s.example"), ["s.example:443"]);
    assert.deepEqual(await trusted("https://s.example:8443/x"), ["s.example:8443"]);
    assert.deepEqual(await trusted("http://s.example"), []);
  });

  test("a redirect to plain HTTP is not followed even if the file is there, and one from plain HTTP is", async () => {
    const plain = at(1).replace("https:", "http:");
    const site = web({ [at(1)]: { status: 302, to: plain }, [plain]: one });
    await assert.rejects(look(BASE, site), isPortError("blocked-address"));
    assert.deepEqual(
      site.asked.map(({ url }) => url),
      [at(1)],
    );
    const from = web({ [plain]: { status: 302, to: "http://cdn.example/1" }, "http://cdn.example/1": one });
    assert.equal((await look(BASE.replace("https:", "http:"), from)).length, 1);
  });

  test("redirects are followed, a few, never to plain HTTP, and no other host becomes private", async () => {
    const site = web({
      [at(1)]: { status: 302, to: "/moved" },
      "https://s.example/moved": { status: 301, to: "https://cdn.example/1" },
      "https://cdn.example/1": one,
    });
    assert.equal((await look(BASE, site)).length, 1);
    assert.deepEqual(
      site.asked.map(({ trustedHosts }) => trustedHosts),
      site.asked.map(() => ["s.example:443"]),
    );
    await assert.rejects(
      look(
        BASE,
        web(() => ({ status: 302, to: "/again" })),
      ),
      isPortError("too-many"),
    );
    await assert.rejects(
      look(
        BASE,
        web(() => ({ status: 302, to: "http://s.example/" })),
      ),
      isPortError("blocked-address"),
    );
    await assert.rejects(
      look(
        BASE,
        web(() => ({ status: 302 })),
      ),
      isPortError("malformed"),
    );
  });

  const CODES = {
    401: "unauthorized",
    403: "unauthorized",
    429: "rate-limited",
    500: "server-error",
    204: "malformed",
    410: "malformed",
  } as const;
  for (const [status, code] of Object.entries(CODES)) {
    test(`an answer of ${status} is a gap (${code}), never an end`, async () => {
      await assert.rejects(look(BASE, web({ [at(1)]: one, [at(2)]: { status: Number(status) } })), isPortError(code));
    });
  }

  test("as many signatures are read as is allowed, and one more is an error", async () => {
    const upTo = (count: number) => web((url) => (Number(/\d+$/.exec(url)?.[0]) <= count ? one : { status: 404 }));
    assert.equal((await look(BASE, upTo(MAX_FILES))).length, MAX_FILES);
    await assert.rejects(look(BASE, upTo(MAX_FILES + 1)), isPortError("too-many"));
  });

  test("more than 64 MiB in all is an error", async () => {
    const large = { status: 200, bytes: Buffer.alloc(4 * 1024 * 1024) };
    await assert.rejects(
      look(
        BASE,
        web((url) => (Number(/\d+$/.exec(url)?.[0]) <= 17 ? large : { status: 404 })),
      ),
      isPortError("too-large"),
    );
  });
});

suite("an authority judges what lies in its own place alone", () => {
  test("two lookasides are two places, and the same one is one", () => {
    const places = ["https://a.example", "https://a.example", "https://b.example"].map(
      (url) => placeOf(lookaside(url)).key,
    );
    assert.equal(places[0], places[1]);
    assert.notEqual(places[0], places[2]);
    assert.match(places[0] ?? "", /^simple-signing:lookaside#[0-9a-f]{16}$/);
    assert.equal(placeOf(simpleAuthority([RING])).key, "simple-signing:extension");
  });

  test("a good signature from another's lookaside is no opinion", async () => {
    const site = web((url) =>
      url.endsWith("-1") ? { status: 200, bytes: signedMessage(key, GOOD) } : { status: 404 },
    );
    const [found] = await look("https://a.example", site);
    assert.ok(found !== undefined);
    const by = async (url: string) =>
      verdictOf(await simpleSigning.authority(lookaside(url))?.(found, targetOf(DIGEST, NAME)));
    assert.equal(await by("https://a.example"), "verified");
    assert.equal(await by("https://b.example"), "nothing");
  });

  test("a good signature by a key that counts no more names its signer, a broken one names nobody", async () => {
    const revoked = keyringOf(key, [packet(2, key.sign(key.hashed, { type: 0x20 }))]);
    const image = { digest: DIGEST, requested: NAME };
    const [good] = await judgeSimple([signedMessage(key, GOOD)], simpleAuthority([revoked]), image);
    assert.ok(good?.kind === "rejected" && good.reason === "key-revoked" && good.signer?.kind === "pgp");
    assert.equal(good.signer.fingerprint, key.fingerprint);
    const [stranger] = await judgeSimple([signedMessage(new PgpKey(), GOOD)], simpleAuthority([RING]), image);
    assert.ok(stranger?.kind === "rejected" && stranger.reason === "unknown-key");
    assert.equal(stranger.signer, undefined);
  });

  test("no registry is asked for an extension that no authority names", () => {
    assert.deepEqual(simpleSigning.places, []);
  });

  test("an authority without keyrings, or with one that cannot be read, is refused", () => {
    assert.throws(() => simpleSigning.authority(simpleAuthority([])), { name: "InputError", code: "policy" });
    assert.throws(() => simpleSigning.authority(simpleAuthority([Buffer.from("x")])), {
      name: "InputError",
      code: "key",
    });
  });
});

suite("the list of the registry extension", () => {
  const collect = async (list: Uint8Array | undefined) => {
    const images = new MemoryImages();
    images.extension = list;
    return placeOf(simpleAuthority([RING])).collect(targetOf(DIGEST, NAME), sourcesOf(images), never);
  };
  const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const entry = { schemaVersion: 2, name: "x", type: "atomic", content: "AAAA" };

  test("gives each atomic signature of version 2 in its order, and nothing of other kinds", async () => {
    const found = await collect(
      text({
        signatures: [{ ...entry, schemaVersion: 3 }, entry, { ...entry, type: "x" }, { ...entry, content: "AQID" }],
      }),
    );
    assert.deepEqual(
      found.map(({ part, documents }) => [part, Buffer.from(documents[0]?.bytes ?? []).toString("hex")]),
      [
        [0, "000000"],
        [1, "010203"],
      ],
    );
  });

  test("is empty where there is none", async () => {
    for (const list of [undefined, text({}), text({ signatures: null }), text({ signatures: [] })]) {
      assert.deepEqual(await collect(list), []);
    }
  });

  test("that cannot be read is a gap, and never an absence", async () => {
    const broken = [
      Buffer.from("<html>"),
      text([]),
      text({ signatures: {} }),
      text({ Signatures: [] }),
      text({ signatures: [1] }),
    ];
    const entries = [
      { ...entry, content: "A" },
      { ...entry, content: undefined },
      { ...entry, schemaVersion: "2" },
    ];
    for (const list of [...broken, ...entries.map((each) => text({ signatures: [each] }))]) {
      await assert.rejects(collect(list), isPortError("malformed"), list.toString());
    }
  });

  test("of more than is allowed is an error", async () => {
    const many = (count: number): Buffer => extensionList(Array.from({ length: count }, () => Buffer.from("x")));
    assert.equal((await collect(many(MAX_SIGNATURES))).length, MAX_SIGNATURES);
    await assert.rejects(collect(many(MAX_SIGNATURES + 1)), isPortError("too-many"));
  });

  test("that the registry does not give is a gap", async () => {
    const images = new MemoryImages();
    images.signatures = async () => await Promise.reject(new PortError("unsupported", "x", "no extension"));
    const asked = placeOf(simpleAuthority([RING])).collect(targetOf(DIGEST, NAME), sourcesOf(images), never);
    await assert.rejects(asked, isPortError("unsupported"));
  });
});
