import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { createSafeFetch } from "../../../src/adapters/http/safe-fetch.ts";
import { parseCertificate, type Certificate } from "../../../src/crypto/certificate.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import type { SafeFetch } from "../../../src/ports/safe-fetch.ts";
import type { RevocationSources } from "../../../src/revocation/ask.ts";
import { collectRevocation } from "../../../src/revocation/collect-revocation.ts";
import type { Finding } from "../../../src/revocation/finding.ts";
import { judgeRevocation } from "../../../src/revocation/judge-revocation.ts";
import { PathServer } from "../../support/http-server.ts";
import { purposes } from "../../support/signing/certificates.ts";
import {
  answerOf,
  chainOf,
  changesAt,
  delegateOf,
  flag,
  listOf,
  listsAt,
  ocspAt,
  OCSP_SIGNING,
  pointOf,
  responseOf,
  scopeOf,
  type AnswerOptions,
  type TestChain,
} from "../../support/signing/revocation.ts";

const NOW = parseInstant("2024-05-02T00:00:00Z");
const STALE = { thisUpdate: "2024-04-01T00:00:00Z", nextUpdate: "2024-05-01T00:00:00Z" };
const FUTURE = { thisUpdate: "2024-05-03T00:00:00Z" };

let server: PathServer;
let fetch: ReturnType<typeof createSafeFetch>;
let byOcsp: TestChain;
let byList: TestChain;
let byBoth: TestChain;

function sources(how: { readonly fetch?: SafeFetch } = {}): RevocationSources {
  const answers = new Map<string, Promise<unknown>>();
  return {
    // As the real one, but less patient.
    fetch: (request) => (how.fetch ?? fetch)({ ...request, timeoutMs: Math.min(request.timeoutMs, 400) }),
    clock: { now: () => NOW },
    once: async <T>(key: string, look: () => Promise<T>) => {
      const answer = answers.get(key) ?? look();
      answers.set(key, answer);
      return (await answer) as T;
    },
  };
}

function collect({ chain }: { readonly chain: readonly Certificate[] }, from = sources()): Promise<Finding> {
  return collectRevocation(chain, from, new AbortController().signal);
}

function kindOf({ chain }: { readonly chain: readonly Certificate[] }, { documents, gaps }: Finding): string {
  return judgeRevocation(chain, documents, gaps, { purpose: "code-signing", signedAt: undefined }).kind;
}

const answer = (pki: TestChain, options?: AnswerOptions): Buffer => answerOf(pki.leaf, pki.authority, options);

describe("collecting revocation", { timeout: 30_000 }, () => {
  before(async () => {
    server = await PathServer.start();
    fetch = createSafeFetch({ trustedHosts: [server.host] });
    byOcsp = chainOf([ocspAt(server.url("/first"), server.url("/second/"))]);
    byList = chainOf([listsAt(pointOf([server.url("/a.crl"), server.url("/b.crl")]))]);
    byBoth = chainOf([ocspAt(server.url("/first")), listsAt(pointOf([server.url("/a.crl")]))]);
  });
  after(() => Promise.all([server.stop(), fetch.close()]));
  beforeEach(() => server.reset());

  test("asks the OCSP responder once, by GET, and keeps what it says with its digest and origin", async () => {
    const bytes = answer(byBoth);
    server.serve("/first", bytes).serve("/a.crl", listOf(byBoth.authority));
    const found = await collect(byBoth);
    assert.deepEqual(found.gaps, []);
    const [document] = found.documents;
    assert.equal(found.documents.length, 1);
    assert.deepEqual(Buffer.from(document!.bytes), bytes);
    assert.equal(document!.descriptor.mediaType, "application/ocsp-response");
    assert.equal(document!.descriptor.digest, digestOf(bytes));
    assert.deepEqual(document!.descriptor.annotations, {
      "dev.assay.revocation.certificate": digestOf(byBoth.leaf.der),
      "dev.assay.revocation.url": server.url("/first"),
    });
    assert.equal(server.asked.length, 1);
    assert.match(server.asked[0]!, /^GET \/first\/[A-Za-z0-9%]+$/);
    assert.equal(kindOf(byBoth, found), "good");
  });

  test("reads the list where there is no OCSP", async () => {
    server.serve("/a.crl", listOf(byList.authority));
    const found = await collect(byList);
    assert.equal(found.documents[0]?.descriptor.mediaType, "application/pkix-crl");
    assert.deepEqual(server.asked, ["GET /a.crl"]);
    assert.equal(kindOf(byList, found), "good");
  });

  test("asks nothing where nothing is told", async () => {
    const pki = chainOf([]);
    assert.deepEqual(await collect(pki), { documents: [], gaps: [] });
    assert.equal(kindOf(pki, await collect(pki)), "good");
  });

  test("goes on to the next address when one does not answer", async () => {
    server.serve("/second", answer(byOcsp)).serve("/b.crl", listOf(byList.authority));
    assert.equal(kindOf(byOcsp, await collect(byOcsp)), "good");
    assert.equal(kindOf(byList, await collect(byList)), "good");
    assert.deepEqual((await collect(byList)).gaps, []);
  });

  const failures: Readonly<Record<string, readonly [string, Parameters<PathServer["serve"]>[1]]>> = {
    "404 with a good body": [
      "not-found",
      (_request, response) => response.writeHead(404).end(listOf(byList.authority)),
    ],
    "500": ["server-error", (_request, response) => response.writeHead(500).end("oops")],
    "206 with a good body": [
      "unsupported",
      (_request, response) => response.writeHead(206).end(listOf(byList.authority)),
    ],
    "403": ["unauthorized", (_request, response) => response.writeHead(403).end()],
    "429": ["rate-limited", (_request, response) => response.writeHead(429).end()],
    "a redirect": [
      "unsupported",
      (_request, response) => response.writeHead(302, { location: server.url("/good.crl") }).end(),
    ],
    garbage: ["malformed", Buffer.from("<html>Welcome to the captive portal</html>")],
    nothing: ["malformed", Buffer.alloc(0)],
    silence: ["timeout", () => undefined],
    "an endless answer": [
      "too-large",
      (_request, response) => {
        const chunk = Buffer.alloc(1024 * 1024, 0x30);
        const pour = (): void => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once("drain", pour);
        };
        pour();
      },
    ],
    "an answer that is too large": [
      "too-large",
      (_request, response) => response.writeHead(200, { "content-length": 2 ** 30 }).write("x"),
    ],
    "a cut": ["unreachable", (request) => request.socket.destroy()],
  };

  for (const [name, [code, handler]] of Object.entries(failures)) {
    test(`takes ${name} for no answer, and names the address and the cause`, async () => {
      server.serve("/good.crl", listOf(byList.authority));
      for (const path of ["/first", "/second", "/a.crl", "/b.crl"]) server.serve(path, handler);
      for (const pki of [byOcsp, byList]) {
        const found = await collect(pki);
        assert.deepEqual(found.documents, []);
        assert.deepEqual(
          found.gaps.map((gap) => gap.code),
          [code, code],
          JSON.stringify(found.gaps),
        );
        const place = pki === byOcsp ? server.url("/first") : server.url("/a.crl");
        assert.ok(found.gaps[0]!.what.includes(place) && found.gaps[0]!.what.includes(digestOf(pki.leaf.der)));
        const judged = judgeRevocation(pki.chain, found.documents, found.gaps, {
          purpose: "code-signing",
          signedAt: undefined,
        });
        assert.equal(judged.kind === "unknown" ? judged.gap.code : judged.kind, code);
      }
      assert.ok(!server.asked.includes("GET /good.crl"));
    });
  }

  test("falls back on the list, and then misses nothing", async () => {
    const first = [answer(byBoth, { status: "unknown" }), responseOf(6), answer(byBoth, STALE), Buffer.from("<html>")];
    for (const bytes of first) {
      server.serve("/first", bytes).serve("/a.crl", listOf(byBoth.authority));
      const found = await collect(byBoth);
      assert.equal(kindOf(byBoth, found), "good");
      assert.deepEqual(found.gaps, []);
    }
  });

  test("names both when neither tells", async () => {
    server.serve("/first", answer(byBoth, { status: "unknown" }));
    const { documents, gaps } = await collect(byBoth);
    assert.deepEqual(documents, []);
    assert.deepEqual(
      gaps.map(({ detail }) => detail),
      ["the OCSP responder does not know the certificate", "it answered with status 404"],
    );
  });

  test("takes answers that ended, that lie in the future or that never end for none", async () => {
    for (const [options, why] of [
      [STALE, /out of date since 2024-05-01/],
      [FUTURE, /of the future/],
      [{ nextUpdate: null }, /does not say (?:until )?when/],
    ] as const) {
      server.serve("/first", answer(byOcsp, options)).serve("/second", answer(byOcsp, options));
      server.serve("/a.crl", listOf(byList.authority, options)).serve("/b.crl", listOf(byList.authority, options));
      for (const pki of [byOcsp, byList]) {
        const found = await collect(pki);
        assert.deepEqual(found.documents, []);
        assert.match(found.gaps[0]?.detail ?? "", why);
        assert.equal(kindOf(pki, found), "unknown");
      }
    }
  });

  test("keeps an old list that says that the certificate is revoked", async () => {
    server.serve("/a.crl", listOf(byList.authority, { ...STALE, entries: [{ serial: byList.leaf.serial }] }));
    assert.equal(kindOf(byList, await collect(byList)), "revoked");
  });

  test("brings what says that a certificate is revoked", async () => {
    server.serve("/first", answer(byOcsp, { status: { reason: 1 } }));
    const found = await collect(byOcsp);
    assert.deepEqual(found.gaps, []);
    assert.equal(kindOf(byOcsp, found), "revoked");
    assert.equal(server.asked.length, 1);
  });

  test("asks for the authorities too, and downloads a list that two share once", async () => {
    const [a, b] = [listsAt(pointOf([server.url("/a.crl")])), listsAt(pointOf([server.url("/b.crl")]))];
    const pki = chainOf([a], [b]);
    server.serve("/a.crl", listOf(pki.authority)).serve("/b.crl", listOf(pki.root));
    const shared = sources();
    const both = await Promise.all([collect(pki, shared), collect(pki, shared)]);
    for (const found of both) assert.equal(kindOf(pki, found), "good");
    assert.deepEqual(server.asked.toSorted(), ["GET /a.crl", "GET /b.crl"]);
    server.reset();
    server.serve("/a.crl", listOf(pki.authority));
    assert.equal(kindOf(pki, await collect(pki)), "unknown");
  });

  test("brings the changes since a list", async () => {
    const base = listOf(byList.authority, { number: 5, extensions: [changesAt(server.url("/changes.crl"))] });
    const changes = (entries: readonly { readonly serial: number }[]): Buffer =>
      listOf(byList.authority, { number: 6, changesSince: 5, entries });
    server.serve("/a.crl", base).serve("/changes.crl", changes([]));
    assert.equal(kindOf(byList, await collect(byList)), "good");
    server.serve("/changes.crl", changes([{ serial: byList.leaf.serial }]));
    assert.equal(kindOf(byList, await collect(byList)), "revoked");
    server.reset();
    server.serve("/a.crl", base);
    const found = await collect(byList);
    assert.equal(kindOf(byList, found), "unknown");
    assert.equal(found.gaps[0]?.code, "not-found");
  });

  test("goes on to the next address when a list speaks of other certificates", async () => {
    const other = listOf(byList.authority, { scope: scopeOf(undefined, flag(0x82)) });
    server.serve("/a.crl", other).serve("/b.crl", listOf(byList.authority));
    assert.equal(kindOf(byList, await collect(byList)), "good");
    server.serve("/b.crl", other);
    const { documents, gaps } = await collect(byList);
    assert.deepEqual(documents, []);
    assert.match(gaps[0]?.detail ?? "", /speaks of other certificates/);
  });

  test("takes the answer of a responder whose own certificate ended for none", async () => {
    const signer = delegateOf(byOcsp.authority, { notAfter: "2024-05-01T12:00:00Z" });
    server.serve("/first", answer(byOcsp, { signer }));
    const { gaps } = await collect(byOcsp);
    assert.match(gaps[0]?.detail ?? "", /out of date since 2024-05-01T12:00/);
  });

  test("looks a responder up in its authority's list", async () => {
    const extensions = [purposes(false, OCSP_SIGNING), listsAt(pointOf([server.url("/responders.crl")]))];
    const signer = delegateOf(byOcsp.authority, { extensions });
    server.serve("/first", answer(byOcsp, { signer })).serve("/responders.crl", listOf(byOcsp.authority));
    assert.equal(kindOf(byOcsp, await collect(byOcsp)), "good");
    server.serve("/responders.crl", listOf(byOcsp.authority, { entries: [{ serial: signer.serial }] }));
    const found = await collect(byOcsp);
    assert.equal(kindOf(byOcsp, found), "unknown");
    assert.equal(found.gaps.length, 1, "so that it is asked again soon");
  });

  test("does not ask an address inside unless the operator named it", async () => {
    const guarded = createSafeFetch();
    server.serve("/first", answer(byOcsp)).serve("/a.crl", listOf(byList.authority));
    for (const pki of [byOcsp, byList]) {
      const found = await collect(pki, sources({ fetch: guarded }));
      assert.deepEqual(new Set(found.gaps.map(({ code }) => code)), new Set(["blocked-address"]));
    }
    assert.deepEqual(server.asked, []);
    await guarded.close();
  });

  test("asks nothing on the word of certificates that are no chain", async () => {
    const [leaf] = byOcsp.chain as [Certificate];
    for (const chain of [[], [leaf], [leaf, ...byList.chain.slice(1)]]) {
      assert.deepEqual(await collect({ chain }), { documents: [], gaps: [] });
    }
    assert.deepEqual(server.asked, []);
  });

  test("posts a request that is too long for an address", async () => {
    const long = parseCertificate(byOcsp.leaf.der);
    const chain = [{ ...long, serial: "01".repeat(200) }, ...byOcsp.chain.slice(1)];
    let body = Buffer.alloc(0);
    let type: string | undefined;
    server.serve("/first", (request, response) => {
      type = request.headers["content-type"];
      request.on("data", (chunk: Buffer) => (body = Buffer.concat([body, chunk])));
      request.on("end", () => response.end(responseOf(1)));
    });
    const found = await collect({ chain });
    assert.equal(server.asked[0], "POST /first");
    assert.equal(type, "application/ocsp-request");
    assert.ok(body.includes(Buffer.from("01".repeat(200), "hex")));
    assert.match(found.gaps[0]?.detail ?? "", /malformedRequest/);
  });

  test("ends with the caller", async () => {
    const stop = new AbortController();
    server.serve("/first", () => stop.abort(new Error("enough")));
    await assert.rejects(collectRevocation(byOcsp.chain, sources(), stop.signal), /enough/);
  });
});
