import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import { parseInstant } from "../../src/domain/instant.ts";
import type { PolicySet } from "../../src/domain/policy.ts";
import type { FolderEntry } from "../../src/policy/key-file.ts";
import { parsePolicyFiles } from "../../src/policy/parse.ts";
import { MemoryImages } from "../support/memory-images.ts";
import { decideAt, trustPolicyYaml } from "../support/notation-deciding.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/notation");
const USER = join(FOLDER, "user");
/** When everything that was made to expire soon had expired. */
const LATER = parseInstant("2026-12-01T00:00:00Z");

/** One answer of the real client: under which trust policy, of which repository, and with which metadata asked for. */
type Answer = {
  readonly accepted: boolean;
  readonly policy: string;
  readonly repository: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly reason: string;
};

const LINE = /^(accepts|refuses): policy (\S+): notation-1\.3\.2 verify (.*?)\$REGISTRY\/(\S+):1(?:\n {4}(.*))?$/gm;
const ANSWERS: readonly Answer[] = [...readFileSync(join(FOLDER, "confirmed.txt"), "utf8").matchAll(LINE)].map(
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

type Entry = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};
type Manifest = { readonly config?: Entry; readonly layers?: readonly Entry[]; readonly manifests?: readonly Entry[] };

const blob = (digest: string): Buffer => readFileSync(join(FOLDER, "blobs", digest.replace(":", "/")));
const read = (bytes: Buffer): Manifest => JSON.parse(bytes.toString()) as Manifest;

/** The kept registry's repositories, with the referrers that the fallback tags list. */
function repositories(): ReadonlyMap<string, { readonly images: MemoryImages; readonly digest: Digest }> {
  const names = (read(readFileSync(join(FOLDER, "index.json"))).manifests ?? []).map((entry) => {
    const [repository = "", tag = ""] = (entry.annotations?.["org.opencontainers.image.ref.name"] ?? "").split(":");
    return { repository, tag, entry };
  });
  return new Map(
    names
      .filter(({ tag }) => tag === "1")
      .map(({ repository, entry: { mediaType, digest } }) => {
        const images = new MemoryImages().put({ mediaType, digest, manifest: blob(digest), blobs: [], tag: "1" });
        const list = names.find((each) => each.repository === repository && each.tag === digest.replace(":", "-"));
        for (const each of list === undefined ? [] : (read(blob(list.entry.digest)).manifests ?? [])) {
          const manifest = blob(each.digest);
          const blobs = (read(manifest).layers ?? []).map((layer) => blob(layer.digest));
          images.refer(
            digest,
            { mediaType: each.mediaType, digest: each.digest, manifest, blobs, tag: undefined },
            each.artifactType,
          );
        }
        return [repository, { images, digest }];
      }),
  );
}

function policySet({ policy, metadata }: Answer): PolicySet {
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
  const kept = repositories();
  test("there are 102 answers", () => assert.equal(ANSWERS.length, 102));

  for (const asked of ANSWERS) {
    const { accepted, policy, repository, metadata, reason } = asked;
    test(`${policy} ${accepted ? "accepts" : "refuses"} ${repository} ${JSON.stringify(metadata)}`, async () => {
      const found = kept.get(repository);
      assert.ok(found !== undefined);
      const place = { repository: `registry.example.com/${repository}`, digest: found.digest };
      const { said, tried } = await decideAt(policySet(asked), found.images, place, LATER);
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
