import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import * as fc from "fast-check";

import { InputError } from "../../../src/domain/errors.ts";
import {
  formatReference,
  formatRepository,
  parseReference,
  parseRegistry,
  parseRepository,
  parseTag,
  referenceKey,
  type ImageReference,
} from "../../../src/domain/reference.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/references");

/** How distribution/reference reads one text; see the folder's README. */
type Row = {
  readonly input: string;
  readonly stricter?: string;
  readonly registry?: string;
  readonly path?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly canonical?: string;
  readonly error?: string;
};

const ROWS = JSON.parse(readFileSync(join(FIXTURES, "expected.json"), "utf8")) as readonly Row[];
const SHA256 = `sha256:${"5e".repeat(32)}`;

function refused(text: string, about: RegExp): void {
  assert.throws(
    () => parseReference(text),
    (error) => error instanceof InputError && error.code === "reference" && about.test(error.message),
    `${JSON.stringify(text)} was not refused as expected`,
  );
}

function partsOf(reference: ImageReference): Omit<Row, "input"> {
  return {
    registry: reference.repository.registry,
    path: reference.repository.path,
    ...(reference.tag === undefined ? {} : { tag: reference.tag }),
    ...(reference.kind === "digest" ? { digest: reference.digest } : {}),
    canonical: formatReference(reference),
  };
}

test("the oracle has an answer for every input there is", () => {
  const lines = ["inputs.txt", "generated.txt"]
    .flatMap((file) => readFileSync(join(FIXTURES, file), "utf8").split("\n"))
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/^stricter (\S+) /, ""));
  assert.ok(lines.length > 1800);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as string),
    ROWS.map((row) => row.input),
  );
});

test("every reference that a runtime accepts is read as the runtime reads it", () => {
  const rows = ROWS.filter((row) => row.error === undefined && row.stricter === undefined);
  assert.ok(rows.length > 400);
  for (const { input, ...expected } of rows) {
    const reference = parseReference(input);
    // distribution/reference keeps a missing tag missing until the canonical form; here it is `latest` at once.
    const tag = expected.tag ?? (expected.digest === undefined ? "latest" : undefined);
    assert.deepEqual(partsOf(reference), { ...expected, ...(tag === undefined ? {} : { tag }) }, JSON.stringify(input));
  }
});

test("every reference that a runtime refuses is refused", () => {
  const rows = ROWS.filter((row) => row.error !== undefined);
  assert.ok(rows.length > 1000);
  for (const row of rows) refused(row.input, /^cannot read the reference "/);
});

test("what is refused beyond the runtimes is marked with its reason, and only that", () => {
  const about: Readonly<Record<string, RegExp>> = {
    "image-id": /id of a local image/,
    host: /the registry's name/,
    port: /is above 65535/,
    ipv6: /is not an IPv6 address/,
  };
  const rows = ROWS.filter((row) => row.stricter !== undefined);
  assert.deepEqual(new Set(rows.map((row) => row.stricter)), new Set(Object.keys(about)));
  for (const row of rows) {
    assert.equal(row.error, undefined, `${row.input} is marked though the oracle refuses it as well`);
    refused(row.input, about[row.stricter ?? ""] ?? /never/);
  }
});

test("a refusal shows the text clipped and in plain ASCII, and what to write instead", () => {
  refused(`alpine:${"x".repeat(5000)}`, /^.{1,500}$/);
  refused("alpine\n", /"alpine\\n": the character U\+000A at position 7/);
  refused("\u0430lpine", /"\\u0430lpine": the character U\+0430 at position 1 is not allowed, write it in plain ASCII/);
  refused("\ud800", /U\+D800/);
  refused("reg.io/Shop", /write the repository in lower case/);
  refused(`reg.io/shop@${SHA256.toUpperCase()}`, /write sha256: and 64 lower-case/);
});

test("reading a hostile reference takes time in proportion to its length", () => {
  const started = performance.now();
  for (const piece of ["a", "-", "a-", "a.", "a_", ".", "/", ":", "@", "a/", "a:", "[", "0", "a__", "1:"]) {
    for (const prefix of ["", "a", "reg.io/", "A"]) {
      assert.throws(() => parseReference(`${prefix}${piece.repeat(200_000)}!`), InputError);
      assert.throws(() => parseReference(`${prefix}${piece.repeat(200_000)}/A`), InputError);
    }
  }
  assert.ok(performance.now() - started < 5000);
});

test("a repository is named without tag and digest", () => {
  assert.equal(formatRepository(parseRepository("alpine")), "docker.io/library/alpine");
  assert.equal(formatRepository(parseRepository("index.docker.io/acme/web")), "docker.io/acme/web");
  assert.equal(formatRepository(parseRepository("localhost:5000/web")), "localhost:5000/web");
  for (const text of ["alpine:1", "alpine:latest", `alpine@${SHA256}`, "localhost:5000", "", "A"]) {
    assert.throws(() => parseRepository(text), InputError, text);
  }
});

test("a registry is a host with an optional port", () => {
  assert.equal(parseRegistry("index.docker.io"), "docker.io");
  assert.equal(parseRegistry("registry"), "registry");
  assert.equal(parseRegistry("[::1]:5000"), "[::1]:5000");
  for (const text of [
    "",
    "a/b",
    "a:b",
    "a_b.c",
    "a.",
    "https://a.b",
    "user@a.b",
    "a.b:70000",
    "[::1",
    "a.b\n",
    "a b",
  ]) {
    assert.throws(() => parseRegistry(text), InputError, text);
  }
});

test("a tag has at most 128 characters of its small alphabet", () => {
  for (const text of ["1", "_", "A.b-c_d", "t".repeat(128)]) assert.equal(parseTag(text), text);
  for (const text of ["", ".a", "-a", "a b", "a\n", "a/b", "é", "t".repeat(129)]) {
    assert.throws(() => parseTag(text), InputError, text);
  }
});

test("spellings of one image share its key", () => {
  const same = [
    [
      "alpine",
      "alpine:latest",
      "library/alpine",
      "docker.io/alpine",
      "docker.io/library/alpine",
      "index.docker.io/alpine",
    ],
    [`alpine@${SHA256}`, `alpine:3.20@${SHA256}`, `index.docker.io/library/alpine:1@${SHA256}`],
    ["localhost/web", "localhost/web:latest"],
  ];
  for (const texts of same) {
    assert.equal(new Set(texts.map((text) => referenceKey(parseReference(text)))).size, 1, texts.join(" "));
  }
});

test("images that a runtime could tell apart have keys apart", () => {
  const texts = [
    "alpine",
    "Docker.io/library/alpine",
    "docker.io:443/library/alpine",
    "registry-1.docker.io/library/alpine",
    "localhost/library/alpine",
    "localhost:5000/library/alpine",
    "reg.io/alpine",
    "reg.io:443/alpine",
    "reg.io:0443/alpine",
    "REG.io/alpine",
    "reg.io/alpine:LATEST",
    "reg.io/library/alpine",
    "[::1]/alpine",
    "[0:0:0:0:0:0:0:1]/alpine",
    `alpine@${SHA256}`,
    `library/sha256-alpine:${"5e".repeat(32)}`,
    `docker.io/library/sha256:${"5e".repeat(32)}`,
  ];
  assert.equal(new Set(texts.map((text) => referenceKey(parseReference(text)))).size, texts.length);
});

const hostPart = fc.stringMatching(/^[a-zA-Z0-9](?:[a-z0-9-]{0,4}[a-z0-9])?$/);
const registry = fc.oneof(
  fc.constantFrom("docker.io", "index.docker.io", "localhost", "localhost:5000", "[::1]", "[::1]:443", "REG.io"),
  fc
    .tuple(fc.array(hostPart, { minLength: 2, maxLength: 3 }), fc.option(fc.integer({ min: 1, max: 65_535 })))
    .map(([parts, port]) => `${parts.join(".")}${port === null ? "" : `:${port}`}`),
);
const component = fc.oneof(
  fc.constantFrom("library", "alpine", "localhost", "sha256", "docker.io"),
  fc.stringMatching(/^[a-z0-9]{1,3}(?:(?:[._]|__|-{1,2})[a-z0-9]{1,2}){0,2}$/),
);
const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const tag = fc.oneof(fc.constant("latest"), fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,5}$/));
const digest = fc
  .tuple(fc.constantFrom(["sha256", 64] as const, ["sha384", 96] as const, ["sha512", 128] as const), fc.nat(15))
  .map(([[algorithm, length], digit]) => `${algorithm}:${digit.toString(16).repeat(length)}`);

const spelled = fc
  .tuple(fc.option(registry, { nil: "" }), path, fc.option(tag, { nil: "" }), fc.option(digest, { nil: "" }))
  .map(([host, path, tag, digest]) => ({ host, path, tag, digest }));

function spell(parts: { host: string; path: string; tag: string; digest: string }): string {
  const { host, path, tag, digest } = parts;
  return `${host === "" ? "" : `${host}/`}${path}${tag === "" ? "" : `:${tag}`}${digest === "" ? "" : `@${digest}`}`;
}

function tryParse(text: string): ImageReference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    assert.ok(error instanceof InputError, `${JSON.stringify(text)} threw ${String(error)}`);
    return undefined;
  }
}

test("what is formatted is read again as the same image", () => {
  let accepted = 0;
  fc.assert(
    fc.property(spelled, (parts) => {
      const once = tryParse(spell(parts));
      if (once === undefined) return;
      accepted += 1;
      const text = formatReference(once);
      const twice = parseReference(text);
      assert.equal(formatReference(twice), text);
      assert.deepEqual(twice.repository, once.repository);
      assert.equal(referenceKey(twice), referenceKey(once));
    }),
    { numRuns: 8000 },
  );
  assert.ok(accepted > 7000, `only ${accepted} of 8000 were references`);
});

test("no text makes the parser throw anything but a refusal", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(..."aZ0.-_:/@[]%\n\0\u017f\u212a".split("")), maxLength: 20 }),
  );
  fc.assert(
    fc.property(text, (text) => {
      const once = tryParse(text);
      if (once !== undefined) assert.equal(referenceKey(parseReference(formatReference(once))), referenceKey(once));
    }),
    { numRuns: 8000 },
  );
});

test("two references share a key only if registry, path and tag or digest are the same", () => {
  // Few letters, so that near misses and true equals both come up often.
  const small = fc.record({
    host: fc.constantFrom("", "docker.io", "index.docker.io", "Docker.io", "a.b", "a.b:443", "A.b", "localhost"),
    path: fc.constantFrom("a", "library/a", "a/a", "a.b/a", "localhost/a", "docker.io/a"),
    tag: fc.constantFrom("", "latest", "a", "A", "443"),
    digest: fc.constantFrom("", "", SHA256, `sha256:${"a".repeat(64)}`),
  });
  let equal = 0;
  const whole = (reference: ImageReference): string =>
    JSON.stringify([
      reference.repository.registry,
      reference.repository.path,
      reference.kind === "tag" ? [reference.tag] : reference.digest,
    ]);
  fc.assert(
    fc.property(small, small, (one, other) => {
      const [a, b] = [parseReference(spell(one)), parseReference(spell(other))];
      assert.equal(referenceKey(a) === referenceKey(b), whole(a) === whole(b));
      equal += referenceKey(a) === referenceKey(b) ? 1 : 0;
    }),
    { numRuns: 4000 },
  );
  assert.ok(equal > 20, `only ${equal} pairs were equal`);
});
