import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { openLayout } from "../../src/adapters/oci-layout/layout.ts";
import { parseCertificate } from "../../src/crypto/certificate.ts";
import { readSignedData } from "../../src/crypto/cms.ts";
import { readDer } from "../../src/crypto/der.ts";
import { checkTimestampToken } from "../../src/crypto/timestamp.ts";
import { parseInstant, type Instant } from "../../src/domain/instant.ts";
import type { PolicySet } from "../../src/domain/policy.ts";
import { parseReference } from "../../src/domain/reference.ts";
import type { FolderEntry } from "../../src/policy/key-file.ts";
import { parsePolicyFiles, type PolicyParse } from "../../src/policy/parse.ts";
import { decideAt, trustPolicyYaml } from "../support/notation-deciding.ts";
import { openJws } from "../../src/schemes/notation/jws-envelope.ts";
import { vectorFolder } from "../support/vectors.ts";

const folder = vectorFolder("notation-e2e");
const skip = folder === undefined ? "the vectors of notation's own tests are absent: set ASSAY_VECTORS" : false;
const at = (...path: string[]): string => join(folder ?? "", ...path);
const POLICIES = folder === undefined ? [] : readdirSync(at("config/trustpolicies"));
const LAYOUTS = folder === undefined ? [] : readdirSync(at("registry/oci_layout"));

/** Files by the paths that the authority below names them with: a trust policy, and stores as notation's tests fill them. */
type Stores = Readonly<Record<string, Uint8Array>>;

const AUTHORITY = trustPolicyYaml("trustPolicy: trustpolicy.json, trustStore: store");

function parse(policy: string, stores: Stores): PolicyParse {
  const files: Stores = { ...stores, "trustpolicy.json": readFileSync(at("config/trustpolicies", policy)) };
  const list = (_: string, root: string, path: string): readonly FolderEntry[] | { readonly error: string } => {
    const names = Object.keys(files).filter((name) => name.startsWith(`${root}/${path}/`));
    if (names.length === 0) return { error: "there is no such file" };
    return names.map((name) => ({ name: name.slice(`${root}/${path}/`.length), kind: "file" }));
  };
  const read = (_: string, path: string) => files[path] ?? { error: "there is no such file" };
  return parsePolicyFiles([{ name: "p.yaml", text: AUTHORITY }], read, list);
}

const certificate = (name: string): Uint8Array => readFileSync(at("config/localkeys", name));
/** The certificate of two layouts is not among the files: it is the one in their envelope, which signs itself. */
function ownCertificate(blob: string): Uint8Array {
  const envelope = readFileSync(at("registry/oci_layout", blob), "utf8");
  const { header } = JSON.parse(envelope) as { readonly header: { readonly x5c: readonly [string] } };
  return Buffer.from(header.x5c[0], "base64");
}

type Signer = "e2e" | "new" | "expired" | "seven";
const CERTIFICATES: Readonly<Record<Signer, () => Uint8Array>> = {
  e2e: () => certificate("e2e.crt"),
  new: () => certificate("new_e2e.crt"),
  expired: () => certificate("expired_e2e.crt"),
  seven: () =>
    ownCertificate(
      "e2e-with-timestamped-signature/blobs/sha256/603ff134e97a79cd7a15560b76137c2c4a10451daab11327a7c6f86dac250fee",
    ),
};

/** The stores that the policies name, of which the main one holds this certificate. */
function storesOf(signer: Signer): Stores {
  const main = CERTIFICATES[signer]();
  return {
    "store/x509/ca/e2e/a.crt": main,
    "store/x509/ca/sKey/a.crt": main,
    "store/x509/ca/wabbit-networks.io/a.crt": main,
    "store/x509/ca/e2e-new/a.crt": certificate("new_e2e.crt"),
    "store/x509/tsa/e2e/a.cer": readFileSync(at("config/timestamp/globalsignTSARoot.cer")),
    "store/x509/tsa/e2e/b.cer": readFileSync(at("config/timestamp/DigiCertTSARootSHA384.cer")),
  };
}

/** What the reference client refuses, and why. All others are read. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  "blob_trust_policy.json": /registryScopes: is missing/,
  "empty_registry_scope_trustpolicy.json": /registryScopes: is an empty list/,
  "empty_trusted_identity_trustpolicy.json": /trusted identity "" is neither/,
  "invalid_format_trustpolicy.json": /not valid|not JSON/,
  "invalid_trust_store_trustpolicy.json": /trust store ca:invalid_store .* cannot be read: there is no such file/,
  "malformed_registry_scope_trustpolicy.json": /"localhost:5000\\\\test-repo", which is no repository/,
  "malformed_trust_store_trustpolicy.json": /"ca:", which names no store/,
  "malformed_trusted_identity_trustpolicy.json": /"x509\.subject CN=e2e.*" is neither/,
  "missing_country_trusted_identity_trustpolicy.json": /has no C:/,
  "missing_organization_trusted_identity_trustpolicy.json": /has no O:/,
  "missing_state_trusted_identity_trustpolicy.json": /has no ST:/,
  "multi_statements_with_multi_wildcard_registry_scope_trustpolicy.json": /registry scope "\*" more than once/,
  "multi_statements_with_the_same_name_trustpolicy.json": /name "e2e" more than once/,
  "multi_statements_with_the_same_registry_scope_trustpolicy.json":
    /registry scope "localhost:5000\/test-repo8" more than once/,
  "override_integrity_for_permissive_trustpolicy.json": /unknown key "integrity"/,
  "overlapped_registry_scope_trustpolicy.json": /registry scope "localhost:5000\/test-repo6" more than once/,
  "overlapped_trusted_identity_trustpolicy.json": /overlapping trusted identities/,
  "unset_trust_store_trustpolicy.json": /names no trust store/,
  "unset_trusted_identity_trustpolicy.json": /names no trusted identity/,
  "wildcard_plus_other_registry_scope_trustpolicy.json": /\* beside other scopes/,
  "wildcard_plus_other_trusted_identity_trustpolicy.json": /\* beside other trusted identities/,
  "wildcard_trust_store_trustpolicy.json": /"\*", which names no store/,
};
const VALID = POLICIES.filter((policy) => REFUSED[policy] === undefined);

describe("trust policies of notation's own tests", { skip }, () => {
  test("are the 43 that are known here", () => {
    assert.equal(POLICIES.length, 43);
    assert.deepEqual(
      Object.keys(REFUSED).filter((policy) => !POLICIES.includes(policy)),
      [],
    );
  });
  for (const policy of POLICIES) {
    test(`${policy} is ${REFUSED[policy] === undefined ? "read" : "refused with the reason"}`, () => {
      const parsed = parse(policy, storesOf("e2e"));
      const said = parsed.kind === "refused" ? parsed.problems.map(({ message }) => message).join("\n") : "";
      assert.match(said, REFUSED[policy] ?? /^$/);
    });
  }
});

/** What is in each layout, and an instant at which nothing of it had expired yet. */
type Layout = {
  readonly signer: Signer;
  readonly subject: Readonly<Record<string, string>>;
  /** How the signatures that are never good are rejected. */
  readonly others: readonly string[];
  readonly good: boolean;
  readonly signatureEnds?: string;
  readonly certificateEnds: string;
  readonly stamp: "timestamp-missing" | "timestamp-invalid";
  readonly wholeAt: string;
};
const E2E = { C: "US", ST: "WA", L: "Seattle", O: "Notary", CN: "e2e" };
const PLAIN: Layout = {
  signer: "e2e",
  subject: E2E,
  others: [],
  good: true,
  certificateEnds: "2122-12-19T02:43:39Z",
  stamp: "timestamp-missing",
  wholeAt: "2023-06-27T05:15:00Z",
};
const SEVEN: Layout = {
  ...PLAIN,
  signer: "seven",
  subject: { ...E2E, CN: "testcert7" },
  certificateEnds: "2025-01-22T08:36:26Z",
  stamp: "timestamp-invalid",
  wholeAt: "2025-01-21T09:30:00Z",
};
const KNOWN: Readonly<Record<string, Layout>> = {
  e2e: { ...PLAIN, good: false },
  "e2e-valid-signature": PLAIN,
  "e2e-valid-multiple-signatures": { ...PLAIN, others: ["certificate-untrusted"] },
  "e2e-expired-signature": { ...PLAIN, signatureEnds: "2023-06-27T05:21:21Z" },
  "e2e-invalid-signature": { ...PLAIN, good: false, others: ["malformed"] },
  "e2e-with-expired-cert": {
    ...PLAIN,
    signer: "expired",
    subject: { C: "AU", ST: "Some-State", O: "Internet Widgits Pty Ltd" },
    certificateEnds: "2023-06-27T06:10:00Z",
    wholeAt: "2023-06-27T06:08:00Z",
  },
  "e2e-with-invalid-timestamped-signature": SEVEN,
  // Its timestamp is Microsoft's, whose root no store has.
  "e2e-with-timestamped-signature": { ...SEVEN, signatureEnds: "2025-01-21T12:39:46Z" },
};
const TODAY = "2026-11-21T12:00:00Z";

type Statement = {
  readonly registryScopes: readonly [string];
  readonly signatureVerification: {
    readonly level: string;
    readonly override?: Readonly<Record<string, string>>;
    readonly verifyTimestamp?: string;
  };
  readonly trustStores?: readonly string[];
  readonly trustedIdentities?: readonly string[];
};

function statementOf(policy: string): Statement {
  const { trustPolicies } = JSON.parse(readFileSync(at("config/trustpolicies", policy), "utf8")) as {
    readonly trustPolicies: readonly [Statement];
  };
  return trustPolicies[0];
}

/** The specification's table, apart from the code that is tested. */
function enforces(
  check: "authenticity" | "authenticTimestamp" | "expiry",
  { signatureVerification }: Statement,
): boolean {
  const { level, override } = signatureVerification;
  return (
    (override?.[check] ??
      (level === "strict" || (level === "permissive" && check === "authenticity") ? "enforce" : "log")) === "enforce"
  );
}

function matches({ trustedIdentities = [] }: Statement, subject: Layout["subject"]): boolean {
  return trustedIdentities.some((identity) => {
    const parts = identity
      .replace(/^x509\.subject: */, "")
      .split(",")
      .map((part) => part.trim().split("="));
    return identity === "*" || parts.every(([type = "", value]) => subject[type] === value);
  });
}

/** What the client of that time says of the layout's own signature: a rejection, or until when it counts. */
function expectedOf(
  statement: Statement,
  layout: Layout,
  trusted: boolean,
): { readonly reason?: string; readonly until: readonly string[] } {
  const tsa = statement.trustStores?.some((store) => store.startsWith("tsa:")) ?? false;
  const always = statement.signatureVerification.verifyTimestamp !== "afterCertExpiry";
  if (statement.signatureVerification.level === "skip") return { reason: "verification-skipped", until: [] };
  if (enforces("authenticity", statement) && !trusted) return { reason: "certificate-untrusted", until: [] };
  if (enforces("authenticTimestamp", statement) && tsa && always) return { reason: layout.stamp, until: [] };
  if (enforces("authenticity", statement) && !matches(statement, layout.subject))
    return { reason: "wrong-identity", until: [] };
  return {
    until: [
      ...(enforces("expiry", statement) && layout.signatureEnds !== undefined ? [layout.signatureEnds] : []),
      ...(enforces("authenticTimestamp", statement) ? [layout.certificateEnds] : []),
    ],
  };
}

function expectedAnswer(statement: Statement, layout: Layout, trusted: boolean, instant: string): string {
  const { reason, until } = expectedOf(statement, layout, trusted);
  if (!layout.good) return layout.others.length === 0 ? "deny unsigned" : "deny wrongly-signed";
  const stranger =
    layout.others.length > 0 &&
    statement.signatureVerification.level !== "skip" &&
    !enforces("authenticity", statement);
  if (reason !== undefined) return stranger ? "allow" : "deny wrongly-signed";
  return until.every((end) => instant < end) || stranger ? "allow" : "deny signature-expired";
}

/** Opens the layout under a repository's name and decides about its image at an instant. */
async function decide(set: PolicySet, name: string, repository: string, instant: Instant): ReturnType<typeof decideAt> {
  const reference = parseReference(`${repository}:v1`);
  const location = { kind: "folder", path: at("registry/oci_layout", name), tag: "v1" } as const;
  const layout = await openLayout(location, { as: reference });
  return await decideAt(set, layout, { repository, digest: layout.root.digest }, instant);
}

describe("every layout under every trust policy", { skip }, () => {
  test("the layouts are those that are known here", () =>
    assert.deepEqual([...LAYOUTS].toSorted(), Object.keys(KNOWN).toSorted()));
  for (const policy of VALID) {
    test(policy, async () => {
      const statement = statementOf(policy);
      const [scope] = statement.registryScopes;
      for (const name of LAYOUTS) {
        const layout = KNOWN[name];
        assert.ok(layout !== undefined);
        for (const signer of [layout.signer, "new"] as const) {
          const parsed = parse(policy, storesOf(signer));
          assert.ok(parsed.kind === "parsed");
          for (const instant of [layout.wholeAt, TODAY]) {
            const { said } = await decide(
              parsed.set,
              name,
              scope === "*" ? "localhost:5000/e2e" : scope,
              parseInstant(instant),
            );
            assert.equal(
              said,
              expectedAnswer(statement, layout, signer !== "new", instant),
              `${name}, ${signer}, ${instant}`,
            );
          }
        }
        if (scope === "*" || policy.includes("with_wildcard")) continue;
        const elsewhere = parse(policy, storesOf(layout.signer));
        assert.ok(elsewhere.kind === "parsed");
        const { said, tried } = await decide(
          elsewhere.set,
          name,
          "localhost:5000/unnamed",
          parseInstant(layout.wholeAt),
        );
        assert.equal(said, name === "e2e" ? "deny unsigned" : "deny wrongly-signed", name);
        assert.ok(
          tried.every((reason) => reason === "no-trust-policy"),
          name,
        );
      }
    });
  }
});

/** Cases of notation's e2e suite by their names; `ok` as the client ended on the day it was run, 2025. */
const CASES: readonly (readonly [name: string, policy: string, layout: string, signer: Signer, ok: boolean])[] = [
  ["strict level with expired signature", "trustpolicy", "e2e-expired-signature", "e2e", false],
  ["strict level with expired authentic timestamp", "trustpolicy", "e2e-with-expired-cert", "expired", false],
  ["strict level with invalid authenticity", "trustpolicy", "e2e-valid-signature", "new", false],
  ["strict level with invalid integrity", "trustpolicy", "e2e-invalid-signature", "e2e", false],
  ["permissive level with expired signature", "permissive_trustpolicy", "e2e-expired-signature", "e2e", true],
  [
    "permissive level with expired authentic timestamp",
    "permissive_trustpolicy",
    "e2e-with-expired-cert",
    "expired",
    true,
  ],
  ["permissive level with invalid authenticity", "permissive_trustpolicy", "e2e-valid-signature", "new", false],
  ["permissive level with invalid integrity", "permissive_trustpolicy", "e2e-invalid-signature", "e2e", false],
  ["audit level with expired signature", "audit_trustpolicy", "e2e-expired-signature", "e2e", true],
  ["audit level with expired authentic timestamp", "audit_trustpolicy", "e2e-with-expired-cert", "expired", true],
  ["audit level with invalid authenticity", "audit_trustpolicy", "e2e-valid-signature", "new", true],
  ["audit level with invalid integrity", "audit_trustpolicy", "e2e-invalid-signature", "e2e", false],
  [
    "strict level with Expiry overridden as log level",
    "override_strict_trustpolicy",
    "e2e-expired-signature",
    "e2e",
    true,
  ],
  [
    "strict level with Authentic timestamp overridden as log level",
    "override_strict_trustpolicy",
    "e2e-with-expired-cert",
    "expired",
    true,
  ],
  [
    "strict level with Authenticity overridden as log level",
    "override_strict_trustpolicy",
    "e2e-valid-signature",
    "new",
    true,
  ],
  [
    "permissive level with Expiry overridden as enforce level",
    "override_permissive_trustpolicy",
    "e2e-expired-signature",
    "e2e",
    false,
  ],
  [
    "permissive level with Authentic timestamp overridden as enforce level",
    "override_permissive_trustpolicy",
    "e2e-with-expired-cert",
    "expired",
    false,
  ],
  [
    "permissive level with Authenticity overridden as log level",
    "override_permissive_trustpolicy",
    "e2e-valid-signature",
    "new",
    true,
  ],
  [
    "audit level with Expiry overridden as enforce level",
    "override_audit_trustpolicy",
    "e2e-expired-signature",
    "e2e",
    false,
  ],
  [
    "audit level with Authentic timestamp overridden as enforce level",
    "override_audit_trustpolicy",
    "e2e-with-expired-cert",
    "expired",
    false,
  ],
  [
    "audit level with Authenticity overridden as enforce level",
    "override_audit_trustpolicy",
    "e2e-valid-signature",
    "new",
    false,
  ],
  // The client succeeds without verifying; an authority that verifies nothing does not vouch.
  ["skip level with invalid integrity", "skip_trustpolicy", "e2e-invalid-signature", "e2e", false],
  ["with valid trusted identity", "valid_trusted_identity_trustpolicy", "e2e-valid-signature", "e2e", true],
  ["with invalid trusted identity", "invalid_trusted_identity_trustpolicy", "e2e-valid-signature", "e2e", false],
  ["with multiple trusted identity", "multiple_trusted_identity_trustpolicy", "e2e-valid-signature", "e2e", true],
  ["multiple trust stores", "multiple_trust_store_trustpolicy", "e2e-valid-signature", "e2e", true],
  ["multiple signatures", "trustpolicy", "e2e-valid-multiple-signatures", "e2e", true],
];

describe("notation's own cases end as they did there", { skip }, () => {
  for (const [name, policy, layout, signer, ok] of CASES) {
    test(name, async () => {
      const parsed = parse(`${policy}.json`, storesOf(signer));
      assert.ok(parsed.kind === "parsed");
      const { said } = await decide(parsed.set, layout, "localhost:5000/e2e", parseInstant("2025-06-01T00:00:00Z"));
      assert.equal(said === "allow", ok, said);
    });
  }
});

test("the timestamp of a public authority proves its time over the signature", { skip }, () => {
  const blob =
    "e2e-with-timestamped-signature/blobs/sha256/603ff134e97a79cd7a15560b76137c2c4a10451daab11327a7c6f86dac250fee";
  const { timestamp, signature } = openJws(readFileSync(at("registry/oci_layout", blob)));
  assert.ok(timestamp !== undefined);
  const { certificates } = readSignedData(readDer(timestamp));
  // The root does not travel with it, so the authority below it, which is its own kind of anchor, stands in its place.
  const root = certificates.map(parseCertificate).find(({ extensions }) => extensions.isAuthority);
  assert.ok(root !== undefined);
  const authority = { leaf: undefined, intermediates: [], root, notBefore: root.notBefore, notAfter: undefined };
  const check = checkTimestampToken(timestamp, signature, [authority]);
  assert.ok(check.kind === "proved");
  assert.deepEqual([check.at, check.accuracy, check.path.length], ["2025-01-21T09:17:46.641Z", 500, 2]);
  assert.equal(checkTimestampToken(timestamp, Buffer.from("x"), [authority]).kind, "invalid");
});
