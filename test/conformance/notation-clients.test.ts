import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import type { PolicySet } from "../../src/domain/policy.ts";
import { parseRepository } from "../../src/domain/reference.ts";
import type { AuthoritySpec } from "../../src/domain/trust.ts";
import type { FolderEntry } from "../../src/policy/key-file.ts";
import { parsePolicyFiles } from "../../src/policy/parse.ts";
import { ClientLayout } from "../support/client-layout.ts";
import { AT, testRows, together, type Outcomes, type Row } from "../support/client-outcomes.ts";
import { decideAt, trustPolicyYaml } from "../support/notation-deciding.ts";
import { pushLayout } from "../support/pushed-layout.ts";
import { openRegistryClient } from "../support/registry-client.ts";
import { TestRegistry } from "../support/registry.ts";
import { judgeAll, verdictOf } from "../support/signing/judging.ts";

const layout = new ClientLayout("notation");
const USER = join(layout.folder, "user");

/** One answer of the real client: under which trust policy, of which repository, and with which metadata asked for. */
type Answer = {
  readonly accepted: boolean;
  readonly policy: string;
  readonly repository: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly reason: string;
};

const LINE = /^(accepts|refuses): policy (\S+): notation-1\.3\.2 verify (.*?)\$REGISTRY\/(\S+):1(?:\n {4}(.*))?$/gm;
const ANSWERS: readonly Answer[] = [...layout.text("confirmed.txt").matchAll(LINE)].map(
  ([, word, policy = "", flags = "", repository = "", reason = ""]) => {
    const asked = [...flags.matchAll(/--user-metadata (\S+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]);
    return { accepted: word === "accepts", policy, repository, metadata: Object.fromEntries(asked), reason };
  },
);

/** How each of the client's reasons is called here; an end shows in the decision, since it depends on the time of judging. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/unable to find specified metadata/, "annotation-mismatch"],
  [/digital signature has expired|verification time is after/, "verified"],
  [/no timestamp countersignature/, "timestamp-missing"],
  [/failed to verify the timestamp countersignature/, "timestamp-invalid"],
  [/does not match the X\.509 trusted identities/, "wrong-identity"],
  [/does not contain any trusted certificate/, "certificate-untrusted"],
  [/content descriptor mismatch/, "wrong-subject"],
  [/no applicable trust policy statement/, "no-trust-policy"],
];
/** Where a timestamp is needed only once the certificate has ended, its want shows as that end. */
const ENDED = /^\w+\/short-lived(?:-other-timestamps)?$/;

function policySet({ policy, metadata }: Pick<Answer, "policy" | "metadata">): PolicySet {
  const list = (_: string, root: string, path: string): readonly FolderEntry[] =>
    readdirSync(join(USER, root, path)).map((name) => ({ name, kind: "file" }));
  const file = (_: string, path: string): Uint8Array =>
    readFileSync(join(USER, path === "trustpolicy.json" ? `${policy}.json` : path));
  const members = `trustPolicy: trustpolicy.json, trustStore: truststore, metadata: ${JSON.stringify(metadata)}`;
  const parsed = parsePolicyFiles([{ name: "p.yaml", text: trustPolicyYaml(members) }], file, list);
  assert.ok(parsed.kind === "parsed", JSON.stringify(parsed));
  return parsed.set;
}

describe("what the real client said of its signatures is what is said here", () => {
  test("there are 102 answers", () => assert.equal(ANSWERS.length, 102));

  for (const asked of ANSWERS) {
    const { accepted, policy, repository, metadata, reason } = asked;
    test(`${policy} ${accepted ? "accepts" : "refuses"} ${repository} ${JSON.stringify(metadata)}`, async () => {
      const found = layout.load(repository);
      const place = { repository: `registry.example.com/${repository}`, digest: found.digest };
      const { said, tried } = await decideAt(policySet(asked), found.images, place, AT);
      // The client takes an image under skip that nobody signed; nobody vouches for it here.
      if (accepted && repository === "unsigned") assert.equal(said, "deny unsigned");
      else if (accepted) assert.equal(said, "allow");
      else assert.match(said, /^deny /);
      const expected = REASONS.find(([words]) => words.test(reason))?.[1];
      const ended = ENDED.test(repository) && policy === "trustpolicy";
      if (expected !== undefined && !ended) assert.ok(tried.includes(expected), tried.join());
      if (expected === "verified" || ended) assert.equal(said, "deny signature-expired");
    });
  }
});

const POLICIES = [
  "trustpolicy",
  "permissive",
  "audit",
  "skip",
  "timestamp-always",
  "without-tsa",
  "any-identity",
  "one-name",
  "stranger",
] as const;
type Column = (typeof POLICIES)[number];

function authority(policy: Column): AuthoritySpec {
  const spec = policySet({ policy, metadata: {} }).authorities[0]?.spec;
  return spec ?? assert.fail(`${policy} has no authority`);
}

const VERIFIED = "verified";
const UNTRUSTED = "rejected certificate-untrusted at chain";
const WRONG_IDENTITY = "rejected wrong-identity at identity";
const WRONG_SUBJECT = "rejected wrong-subject at subject";
const NO_TIMESTAMP = "rejected timestamp-missing at timestamp";

/** One answer for all policies but those that are named; nobody vouches for what is not verified. */
function all(line: string, change: Partial<Record<Column, string>> = {}): Outcomes<Column> {
  const lines = { skip: "rejected verification-skipped at found", ...change };
  return Object.fromEntries(POLICIES.map((policy) => [policy, [lines[policy] ?? line]])) as unknown as Outcomes<Column>;
}

/** By `p256` of `acme`, without a timestamp. */
const plain = (change: Partial<Record<Column, string>> = {}): Outcomes<Column> =>
  all(VERIFIED, { "timestamp-always": NO_TIMESTAMP, stranger: UNTRUSTED, ...change });
const stamped = (change: Partial<Record<Column, string>> = {}): Outcomes<Column> =>
  plain({ "timestamp-always": VERIFIED, ...change });
const OTHER_NAME = { "one-name": WRONG_IDENTITY };

/** Counted until a time that has passed, and now only where that is no more than logged. */
const over = (change: Partial<Record<Column, string>> = {}): Outcomes<Column> =>
  all("over", {
    permissive: VERIFIED,
    audit: VERIFIED,
    "timestamp-always": NO_TIMESTAMP,
    stranger: UNTRUSTED,
    ...change,
  });

const stranger = all(UNTRUSTED, { audit: VERIFIED, stranger: VERIFIED });
const otherOrganization = all(WRONG_IDENTITY, {
  audit: VERIFIED,
  "any-identity": VERIFIED,
  "timestamp-always": NO_TIMESTAMP,
  stranger: UNTRUSTED,
});
const elsewhere = all(WRONG_SUBJECT, { "timestamp-always": NO_TIMESTAMP, stranger: UNTRUSTED });
const nothing = Object.fromEntries(POLICIES.map((policy) => [policy, []])) as unknown as Outcomes<Column>;

const both = (...names: readonly string[]): readonly string[] =>
  names.flatMap((name) => [`jws/${name}`, `cose/${name}`]);

const ROWS: readonly Row<Column>[] = [
  [[...both("p256", "metadata", "expiry"), "index"], plain()],
  [both("rsa2048", "rsa3072", "rsa4096", "p384", "p521"), plain(OTHER_NAME)],
  [["chain/rsa-root", "chain/deep", "chain/self-signed"], plain(OTHER_NAME)],
  [both("timestamped", "all"), stamped()],
  [both("timestamped-rsa", "timestamped-p384"), stamped(OTHER_NAME)],
  [both("expired", "short-lived"), over()],
  [both("short-lived-timestamped"), stamped({ "without-tsa": "over" })],
  [both("short-lived-other-timestamps"), over({ "timestamp-always": "rejected timestamp-invalid at timestamp" })],
  [both("other-organization"), otherOrganization],
  [both("stranger"), stranger],
  [both("elsewhere"), elsewhere],
  [["several/formats"], together(plain(), plain())],
  [["several/keys"], together(plain(OTHER_NAME), plain(OTHER_NAME))],
  [["several/one-trusted"], together(stranger, plain())],
  [["several/none-trusted"], together(stranger, otherOrganization)],
  [["several/one-expired"], together(over(), plain())],
  [["unsigned"], nothing],
];

describe("signatures by the real notation client, under each of its trust policies", () => {
  const authorities = Object.fromEntries(POLICIES.map((policy) => [policy, authority(policy)]));
  testRows(layout, authorities as unknown as Readonly<Record<Column, AuthoritySpec>>, ROWS);
});

describe("the real notation client's signatures, which it lists under a tag too where a registry lists them itself", () => {
  for (const [what, referrersApi] of [
    ["by the registry and the tag", true],
    ["by the tag alone, each entry twice", false],
  ] as const) {
    test(`are fetched and counted once where they are listed ${what}`, async () => {
      const registry = await TestRegistry.start({ referrersApi });
      const client = openRegistryClient({ plainHttpHosts: [registry.host] });
      try {
        await pushLayout(layout.folder, registry);
        const { digest } = layout.load("several/formats");
        const repository = parseRepository(`${registry.host}/several/formats`);
        if (!referrersApi) await listTwice(registry, "several/formats", digest.replace(":", "-"));
        registry.forget();
        const target = {
          repository,
          digest,
          requested: { kind: "digest", repository, digest, tag: undefined },
        } as const;
        const opinions = await judgeAll(client, target, authority("trustpolicy"));
        assert.deepEqual(opinions.map(verdictOf), [VERIFIED, VERIFIED]);
        const fetched = registry.seen({ kind: "manifest" }).filter(({ reference }) => reference.startsWith("sha256:"));
        assert.equal(fetched.length, 3, "two signatures and the image");
        assert.equal(registry.seen({ kind: "blob" }).length, 2);
      } finally {
        await Promise.all([client.close(), registry.close()]);
      }
    });
  }
});

/** Two clients that add to one tag at once may each list what the other lists. */
async function listTwice(registry: TestRegistry, repository: string, tag: string): Promise<void> {
  const answer = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`);
  const index = (await answer.json()) as { readonly mediaType: string; readonly manifests: readonly object[] };
  const twice = { ...index, manifests: [...index.manifests, ...index.manifests] };
  await registry.putManifest(repository, Buffer.from(JSON.stringify(twice)), index.mediaType, [tag]);
}
