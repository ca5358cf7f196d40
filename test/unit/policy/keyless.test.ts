import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { FULCIO_EXTENSIONS, type FulcioExtension } from "../../../src/domain/fulcio-extensions.ts";
import type { Authority } from "../../../src/domain/trust.ts";
import { parsePolicyFiles, type PolicyParse } from "../../../src/policy/parse.ts";
import { formatProblem } from "../../../src/policy/problem.ts";
import { policyYaml } from "../../support/policy-facts.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import type { BundleOptions } from "../../support/signing/bundle.ts";
import { CA_EXTENSIONS, issue } from "../../support/signing/certificates.ts";
import { judgeAll, REPOSITORY, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { KeylessChain } from "../../support/signing/keyless-chain.ts";
import { ISSUER, VirtualFulcio, WORKFLOW, type LeafOptions } from "../../support/signing/virtual-fulcio.ts";

const chain = new KeylessChain();
const stranger = new VirtualFulcio();
const ownRoot = issue({ name: "own root", extensions: CA_EXTENSIONS });
const ownMiddle = issue({ name: "own middle", issuer: ownRoot, extensions: CA_EXTENSIONS });
const image = imageOf("web");

const FILES: Readonly<Record<string, string>> = {
  "root.json": rootOf(chain.fulcio),
  "other-root.json": rootOf(stranger),
  "tuf-root.json": JSON.stringify({ signed: { _type: "root" }, signatures: [] }),
  "own.crt": ownRoot.pem,
  "middle.crt": ownMiddle.pem,
  "other.crt": stranger.root.pem,
  "key.pem": "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
};

function rootOf(fulcio: VirtualFulcio): string {
  return JSON.stringify(fulcio.rootJson(chain.log, chain.tsa));
}

function parse(members: string): PolicyParse {
  const authority = `apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: ci }
spec:
  keyless: { ${members} }
`;
  const text = `${authority}---\n${policyYaml(["signed: { by: ci }"])}`;
  return parsePolicyFiles([{ name: "p.yaml", text }], (_, path) => {
    const found = FILES[path];
    return found === undefined ? { error: "there is no such file" } : Buffer.from(found);
  });
}

function authority(members: string): Authority {
  const result = parse(members);
  assert.ok(result.kind === "parsed", result.kind === "refused" ? result.problems.map(formatProblem).join("\n") : "");
  const [one] = result.set.authorities;
  assert.ok(one !== undefined);
  return one;
}

const problems = (members: string): string => {
  const result = parse(members);
  return result.kind === "refused" ? result.problems.map(formatProblem).join("\n") : "";
};
const warnings = (members: string): string => {
  const result = parse(members);
  return result.kind === "parsed" ? result.set.warnings.map(formatProblem).join("\n") : "refused";
};

const WHO = `identities: [{ issuer: "${ISSUER}", subject: "${WORKFLOW}" }]`;
const ROOT = "trustRoot: root.json";
const PLAIN = `${WHO}, ${ROOT}`;
const UNLOGGED = "transparencyLog: unsafeIgnored, sct: unsafeIgnored";

type Signing = {
  readonly leaf?: LeafOptions;
  readonly bundle?: Partial<BundleOptions>;
  readonly form?: "tag";
  readonly annotations?: Record<string, string>;
  readonly name?: string;
};

/** What the authority that this policy file writes says of an image signed so. */
async function judged(members: string, { leaf = {}, bundle = {}, form, annotations, name }: Signing = {}) {
  const images = new MemoryImages().put(image);
  if (form === "tag") {
    images.put(chain.legacy(image.digest, { leaf, ...(annotations && { annotations }), ...(name && { name }) }));
  } else {
    const signed = chain.bundle(image.digest, { leaf, ...bundle, ...(annotations && { annotations }) });
    images.refer(image.digest, signed, undefined);
  }
  return (await judgeAll(images, targetOf(image.digest), authority(members).spec)).map(verdictOf).join();
}

const COUNTS = "verified";
const WRONG_SIGNER = "rejected wrong-signer at identity";
const UNTRUSTED = "rejected certificate-untrusted at chain";
const OWN: LeafOptions = { signer: ownMiddle, timestamps: () => [] };
const OTHER = "https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/evil";

/** Each field, with a value by which a signature counts and one by which it does not (T-POL-01, CVE-2025-29778). */
const FLIPS: Readonly<Record<string, readonly [good: string, bad: string, expected: string, signing?: Signing]>> = {
  "identities.issuer": [PLAIN, PLAIN.replace(ISSUER, "https://evil.example.com"), WRONG_SIGNER],
  "identities.issuerPattern": [
    `identities: [{ issuerPattern: "https://token.*.com", subject: "${WORKFLOW}" }], ${ROOT}`,
    `identities: [{ issuerPattern: "https://t0ken.*.com", subject: "${WORKFLOW}" }], ${ROOT}`,
    WRONG_SIGNER,
  ],
  "identities.issuerRegExp": [
    `identities: [{ issuerRegExp: 'https://token\\.[a-z.]+\\.com', subject: "${WORKFLOW}" }], ${ROOT}`,
    `identities: [{ issuerRegExp: 'https://token\\.[a-z.]+\\.co', subject: "${WORKFLOW}" }], ${ROOT}`,
    WRONG_SIGNER,
  ],
  "identities.subject": [PLAIN, PLAIN.replace(WORKFLOW, OTHER), WRONG_SIGNER],
  "identities.subjectPattern": [
    `identities: [{ issuer: "${ISSUER}", subjectPattern: "https://github.com/acme/**" }], ${ROOT}`,
    `identities: [{ issuer: "${ISSUER}", subjectPattern: "https://github.com/acme/*" }], ${ROOT}`,
    WRONG_SIGNER,
  ],
  "identities.subjectRegExp": [
    `identities: [{ issuer: "${ISSUER}", subjectRegExp: 'https://github\\.com/acme/.*@refs/heads/main' }], ${ROOT}`,
    `identities: [{ issuer: "${ISSUER}", subjectRegExp: 'https://github\\.com/acme/' }], ${ROOT}`,
    WRONG_SIGNER,
  ],
  "identities, several": [
    `identities: [{ issuer: x, subject: x }, { issuer: "${ISSUER}", subject: "${WORKFLOW}" }], ${ROOT}`,
    `identities: [{ issuer: x, subject: x }], ${ROOT}`,
    WRONG_SIGNER,
  ],
  trustRoot: [PLAIN, `${WHO}, trustRoot: other-root.json`, UNTRUSTED],
  "trustRoot, public-good": [PLAIN, `${WHO}, trustRoot: public-good`, UNTRUSTED],
  "trustRoot, a TUF repository": [
    PLAIN,
    `${WHO}, trustRoot: { tufMirror: https://tuf.example.com, root: tuf-root.json }`,
    "undetermined unreachable at chain",
  ],
  "certificateAuthority.roots": [
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [own.crt], intermediates: [middle.crt] }`,
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [other.crt], intermediates: [middle.crt] }`,
    UNTRUSTED,
    { leaf: OWN },
  ],
  "certificateAuthority.roots.file": [
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [{ file: own.crt }], intermediates: [middle.crt] }`,
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [{ file: other.crt }], intermediates: [middle.crt] }`,
    UNTRUSTED,
    { leaf: OWN },
  ],
  "certificateAuthority.roots.inline": [
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [{ inline: ${JSON.stringify(ownRoot.pem)} }], intermediates: [middle.crt] }`,
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [{ inline: ${JSON.stringify(stranger.root.pem)} }], intermediates: [middle.crt] }`,
    UNTRUSTED,
    { leaf: OWN },
  ],
  "certificateAuthority.intermediates": [
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [own.crt], intermediates: [{ file: middle.crt }] }`,
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [own.crt] }`,
    UNTRUSTED,
    { leaf: OWN },
  ],
  "certificateAuthority.intermediates.inline": [
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [own.crt], intermediates: [{ inline: ${JSON.stringify(ownMiddle.pem)} }] }`,
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [own.crt], intermediates: [{ inline: ${JSON.stringify(stranger.intermediate.pem)} }] }`,
    UNTRUSTED,
    { leaf: OWN },
  ],
  "issuer left out, which one's own authority allows": [
    `identities: [{ subject: "${WORKFLOW}" }], ${ROOT}, sct: unsafeIgnored, certificateAuthority: { roots: [own.crt], intermediates: [middle.crt] }`,
    `${PLAIN}, sct: unsafeIgnored, certificateAuthority: { roots: [own.crt], intermediates: [middle.crt] }`,
    WRONG_SIGNER,
    { leaf: { ...OWN, issuer: null } },
  ],
  discover: [`${PLAIN}, discover: [referrers]`, `${PLAIN}, discover: [tag]`, ""],
  sct: [`${PLAIN}, sct: unsafeIgnored`, PLAIN, "rejected sct-missing at chain", { leaf: { timestamps: () => [] } }],
  transparencyLog: [
    `${PLAIN}, transparencyLog: unsafeIgnored`,
    PLAIN,
    "rejected log-missing at log",
    { bundle: { log: undefined, timestamps: (signature) => [chain.stamp(signature)] } },
  ],
  timestamp: [PLAIN, `${PLAIN}, timestamp: required`, "rejected timestamp-missing at timestamp"],
  annotations: [
    `${PLAIN}, annotations: { env: prod }`,
    `${PLAIN}, annotations: { env: dev }`,
    "rejected annotation-mismatch at predicate",
    { annotations: { env: "prod" } },
  ],
  "signedIdentity, by name": [
    `${PLAIN}, signedIdentity: matchRepository`,
    `${PLAIN}, signedIdentity: { type: matchExact }`,
    "rejected wrong-identity at identity",
    { form: "tag" },
  ],
  "signedIdentity.reference": [
    `${PLAIN}, signedIdentity: { type: exactReference, reference: "${REPOSITORY}:1" }`,
    `${PLAIN}, signedIdentity: { type: exactReference, reference: "${REPOSITORY}:2" }`,
    "rejected wrong-identity at identity",
    { form: "tag", name: `${REPOSITORY}:1` },
  ],
  "signedIdentity.repository": [
    `${PLAIN}, signedIdentity: { type: exactRepository, repository: ${REPOSITORY} }`,
    `${PLAIN}, signedIdentity: { type: exactRepository, repository: ${REPOSITORY}x }`,
    "rejected wrong-identity at identity",
    { form: "tag" },
  ],
  "signedIdentity.prefix": [
    `${PLAIN}, signedIdentity: { type: remapIdentity, prefix: registry.example.com, signedPrefix: a.example }`,
    `${PLAIN}, signedIdentity: { type: remapIdentity, prefix: other.example.com, signedPrefix: a.example }`,
    "rejected wrong-identity at identity",
    { form: "tag", name: "a.example/shop/web:1" },
  ],
  "signedIdentity.signedPrefix": [
    `${PLAIN}, signedIdentity: { type: remapIdentity, prefix: registry.example.com, signedPrefix: a.example }`,
    `${PLAIN}, signedIdentity: { type: remapIdentity, prefix: registry.example.com, signedPrefix: b.example }`,
    "rejected wrong-identity at identity",
    { form: "tag", name: "a.example/shop/web:1" },
  ],
};

describe("each field of a keyless authority flips a verdict", () => {
  for (const [field, [good, bad, expected, signing]] of Object.entries(FLIPS)) {
    test(field, async () => {
      assert.deepEqual([await judged(good, signing), await judged(bad, signing)], [COUNTS, expected]);
    });
  }

  for (const name of Object.keys(FULCIO_EXTENSIONS) as readonly FulcioExtension[]) {
    test(`extensions.${name}`, async () => {
      const value = name === "issuer" ? ISSUER : "what it says";
      const signing = { leaf: name === "issuer" ? {} : { says: { [name]: value } } };
      assert.equal(await judged(`${PLAIN}, extensions: { ${name}: "${value}" }`, signing), COUNTS);
      for (const other of [`${value}x`, value.slice(0, -1), value.toUpperCase()]) {
        const verdict = await judged(`${PLAIN}, extensions: { ${name}: "${other}" }`, signing);
        assert.equal(verdict, "rejected extension-mismatch at identity");
      }
      const absent = await judged(`${PLAIN}, extensions: { ${name}: "${value}" }`, {});
      assert.equal(absent, name === "issuer" ? COUNTS : "rejected extension-mismatch at identity");
    });
  }
});

describe("a keyless authority is refused, where it is written, with", () => {
  const ROWS: Readonly<Record<string, readonly [string, RegExp]>> = {
    "no identities": [ROOT, /p\.yaml:5:12: spec\.keyless\.identities: is missing/],
    "an empty list of identities": [`identities: [], ${ROOT}`, /identities: is an empty list/],
    "an identity of an issuer alone (T-ID-03)": [
      `identities: [{ issuer: x }], ${ROOT}`,
      /p\.yaml:5:27: spec\.keyless\.identities\[0\]: names no subject/,
    ],
    "an identity of a subject alone (T-ID-03)": [
      `identities: [{ subject: x }], ${ROOT}`,
      /p\.yaml:5:27: spec\.keyless\.identities\[0\]: names no issuer/,
    ],
    "an empty identity": [`identities: [{}], ${ROOT}`, /names no issuer[^]*names no subject/],
    "an empty subject": [`identities: [{ issuer: x, subject: "" }], ${ROOT}`, /subject: is empty/],
    "a subject said twice": [
      `identities: [{ issuer: x, subject: y, subjectRegExp: y }], ${ROOT}`,
      /p\.yaml:5:\d+: spec\.keyless\.identities\[0\]\.subjectRegExp: and subject both say who the subject is/,
    ],
    "a subject of anybody, as an expression (T-ID-01)": [
      `identities: [{ issuer: x, subjectRegExp: ".*" }], ${ROOT}`,
      /p\.yaml:5:55: spec\.keyless\.identities\[0\]\.subjectRegExp: matches everybody/,
    ],
    "a subject of anybody, as a glob": [
      `identities: [{ issuer: x, subjectPattern: "**" }], ${ROOT}`,
      /subjectPattern: matches everybody/,
    ],
    "an issuer of anybody": [
      `identities: [{ issuerPattern: "*", subject: x }], ${ROOT}`,
      /issuerPattern: matches everybody/,
    ],
    "an empty expression": [`identities: [{ issuer: x, subjectRegExp: "" }], ${ROOT}`, /subjectRegExp: is empty/],
    "an expression that only JavaScript knows": [
      `identities: [{ issuer: x, subjectRegExp: "(?=a)" }], ${ROOT}`,
      /subjectRegExp: the pattern is no regular expression of RE2/,
    ],
    "a word that cosign has": [
      `identities: [{ issuer: x, subjectRegexp: "a" }], ${ROOT}`,
      /unknown key "subjectRegexp"; did you mean "subjectRegExp"\?/,
    ],
    "an unknown extension": [
      `${PLAIN}, extensions: { sourceRepositoryUri: x }`,
      /extensions\.sourceRepositoryUri: is no extension of Fulcio's certificates; did you mean "sourceRepositoryURI"\?/,
    ],
    "an extension of the prototype": [`${PLAIN}, extensions: { toString: x }`, /toString: is no extension/],
    "a trust root that is not there": [`${WHO}, trustRoot: missing.json`, /"missing\.json" cannot be read/],
    "a trust root that is a certificate": [`${WHO}, trustRoot: own.crt`, /"own\.crt" is not a Sigstore trusted root/],
    "a TUF root that is a trusted root": [
      `${WHO}, trustRoot: { tufMirror: https://tuf.example.com, root: root.json }`,
      /"root\.json" is not the root\.json of a TUF repository/,
    ],
    "an authority without roots": [
      `${PLAIN}, certificateAuthority: { intermediates: [middle.crt] }`,
      /certificateAuthority\.roots: is missing/,
    ],
    "a root that is a private key": [
      `${PLAIN}, certificateAuthority: { roots: [key.pem] }`,
      /certificateAuthority\.roots\[0\]: the file "key\.pem" holds a private key/,
    ],
    "a root that is no certificate": [
      `${PLAIN}, certificateAuthority: { roots: [root.json] }`,
      /the file "root\.json" is not one or more certificates/,
    ],
    "a root that is not there": [
      `${PLAIN}, certificateAuthority: { roots: [missing.crt] }`,
      /the file "missing\.crt" cannot be read/,
    ],
    "a weakening that is not spelled so": [`${PLAIN}, sct: ignored`, /sct: is "ignored", expected one of required/],
  };
  for (const [what, [members, message]] of Object.entries(ROWS)) {
    test(what, () => assert.match(problems(members), message));
  }
});

describe("a keyless authority", () => {
  test("lists what it weakens", () => {
    assert.deepEqual(authority(PLAIN).unsafe, []);
    assert.deepEqual(authority(`${PLAIN}, ${UNLOGGED}`).unsafe, [
      "transparencyLog: unsafeIgnored",
      "sct: unsafeIgnored",
    ]);
  });

  test("trusts the public-good instance, in both places, with log and SCT, unless told otherwise", () => {
    assert.deepEqual(authority(WHO).spec, {
      kind: "keyless",
      identities: [{ issuer: { kind: "exact", text: ISSUER }, subject: { kind: "exact", text: WORKFLOW } }],
      discover: ["tag", "referrers"],
      root: { kind: "public-good" },
      certificateAuthority: undefined,
      transparencyLog: "required",
      sct: "required",
      timestamp: "optional",
      extensions: {},
      annotations: {},
      signedIdentity: undefined,
    });
  });

  test("is warned of a pattern that lets strangers pass, and of a star that means itself", () => {
    assert.equal(warnings(PLAIN), "");
    assert.match(
      warnings(`identities: [{ issuer: x, subjectRegExp: "https://.*" }], ${ROOT}`),
      /p\.yaml:5:55: spec\.keyless\.identities\[0\]\.subjectRegExp: also matches strangers, such as "https:/,
    );
    assert.match(
      warnings(`identities: [{ issuer: x, subject: "https://github.com/acme/*" }], ${ROOT}`),
      /subject: holds a \*, which means itself here: write subjectPattern/,
    );
  });
});
