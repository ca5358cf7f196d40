import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";

import { parseDigest, type Digest } from "../../src/domain/digest.ts";
import type { Opinion } from "../../src/domain/facts.ts";
import type { CosignAuthority } from "../../src/domain/trust.ts";
import { PREDICATES } from "../fixtures/attestations/predicates.ts";
import { MemoryImages } from "../support/memory-images.ts";
import type { Artifact } from "../support/signing/artifact.ts";
import { attestAll, judgeAll, targetOf, verdictOf, type Attested } from "../support/signing/judging.ts";

const FOLDER = resolve(import.meta.dirname, "../fixtures/attestations");

type Entry = {
  readonly mediaType: string;
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
};
type Manifest = { readonly config?: Entry; readonly layers?: readonly Entry[]; readonly manifests?: readonly Entry[] };

function blob(digest: string): Buffer {
  return readFileSync(join(FOLDER, "blobs/sha256", digest.slice("sha256:".length)));
}

function artifact({ mediaType, digest }: Entry, tag?: string): Artifact {
  const { config, layers = [] } = JSON.parse(blob(digest).toString()) as Manifest;
  const blobs = config === undefined ? [] : [config, ...layers].map((each) => blob(each.digest));
  return { mediaType, manifest: blob(digest), digest: parseDigest(digest), blobs, tag };
}

type Repository = { readonly images: MemoryImages; readonly digest: Digest; readonly leaves: readonly Digest[] };

/** One repository of the kept layout: its image, and what its fallback tags list as referrers. */
function load(repository: string): Repository {
  const index = JSON.parse(readFileSync(join(FOLDER, "index.json"), "utf8")) as { manifests: Entry[] };
  const images = new MemoryImages();
  let found: Entry | undefined;
  for (const entry of index.manifests) {
    const [name, tag = ""] = entry.annotations["org.opencontainers.image.ref.name"]!.split(/:(.*)/);
    if (name !== repository) continue;
    images.put(artifact(entry, tag));
    const { manifests = [] } = JSON.parse(blob(entry.digest).toString()) as Manifest;
    if (tag === "1") found = entry;
    for (const listed of manifests) {
      if (tag === "1") images.put(artifact(listed));
      else images.refer(parseDigest(tag.replace("-", ":")), artifact(listed), listed.artifactType);
    }
  }
  const { manifests = [] } = JSON.parse(blob(found!.digest).toString()) as Manifest;
  return { images, digest: parseDigest(found!.digest), leaves: manifests.map((each) => parseDigest(each.digest)) };
}

const ROOT = {
  kind: "trusted-root",
  json: readFileSync(join(FOLDER, "keys/trusted_root.json"), "utf8"),
  from: "root",
} as const;

function authority(key: string, change: Partial<CosignAuthority> = {}): CosignAuthority {
  const pem = readFileSync(join(FOLDER, "keys", `${key}.pub`), "utf8");
  return {
    kind: "cosign",
    keys: [{ pem, from: `${key}.pub` }],
    discover: ["tag", "referrers"],
    transparencyLog: { kind: "required", root: ROOT },
    timestamp: "optional",
    annotations: {},
    signedIdentity: undefined,
    ...change,
  };
}

async function judged(
  repository: string,
  key: string,
  change: Partial<CosignAuthority> = {},
): Promise<readonly Attested[]> {
  const { images, digest } = load(repository);
  return attestAll(images, targetOf(digest), authority(key, change));
}

async function verdicts(
  repository: string,
  key: string,
  change?: Partial<CosignAuthority>,
): Promise<readonly string[]> {
  return (await judged(repository, key, change)).map(({ opinion }) => verdictOf(opinion));
}

function predicatesOf(found: readonly Attested[]): readonly (string | undefined)[] {
  return found.map(({ opinion }) => (opinion.kind === "verified" ? opinion.statement.predicateType : undefined));
}

const UNLOGGED = { transparencyLog: { kind: "unsafe-ignored" } } as const;
const STRANGER = "rejected unknown-key at signature";
const NAMES = ["provenance02", "provenance1", "spdx", "cyclonedx", "vuln", "openvex", "custom"];

describe("attestations by real cosign clients", () => {
  for (const form of ["att", "bundle"]) {
    for (const name of NAMES) {
      test(`${form}/${name} verifies with its predicate's type, and not by another key`, async () => {
        const found = await judged(`${form}/${name}`, "release");
        assert.deepEqual(predicatesOf(found), [PREDICATES[name]?.predicateType]);
        assert.deepEqual(await verdicts(`${form}/${name}`, "scanner"), [STRANGER]);
      });
    }

    test(`${form}: an RSA key's verifies`, async () => {
      assert.deepEqual(await verdicts(`${form}/rsa`, "rsa"), ["verified"]);
    });

    test(`${form}: one that is not logged counts only where the log is ignored`, async () => {
      assert.deepEqual(await verdicts(`${form}/unlogged`, "release"), ["rejected log-missing at log"]);
      assert.deepEqual(await verdicts(`${form}/unlogged`, "release", UNLOGGED), ["verified"]);
    });

    test(`${form}: two predicates are both found, and two of one type`, async () => {
      const two = predicatesOf(await judged(`${form}/two`, "release"));
      assert.deepEqual(new Set(two), new Set([PREDICATES["spdx"]?.predicateType, PREDICATES["vuln"]?.predicateType]));
      const same = await judged(`${form}/same-type`, "release");
      assert.deepEqual(predicatesOf(same), [PREDICATES["vuln"]?.predicateType, PREDICATES["vuln"]?.predicateType]);
      const digests = same.map(({ opinion }) => (opinion.kind === "verified" ? opinion.statement.digest : undefined));
      assert.notEqual(digests[0], digests[1]);
    });

    test(`${form}: each of two keys counts for its own`, async () => {
      for (const key of ["release", "scanner"]) {
        assert.deepEqual((await verdicts(`${form}/two-keys`, key)).toSorted(), [STRANGER, "verified"]);
      }
    });

    test(`${form}: a signature beside it is none, and it is no signature`, async () => {
      assert.deepEqual(await verdicts(`${form}/signed`, "scanner"), ["verified"]);
      const { images, digest } = load(`${form}/signed`);
      const signatures = await judgeAll(images, targetOf(digest), authority("scanner"));
      assert.ok(signatures.length > 0);
      assert.ok(signatures.every(({ kind }) => kind === "rejected"));
      const signed = await judgeAll(images, targetOf(digest), authority("release"));
      assert.equal(signed.filter(({ kind }) => kind === "verified").length, 1);
    });

    test(`${form}: one of another image counts for nothing`, async () => {
      assert.deepEqual(await verdicts(`${form}/elsewhere`, "release"), ["rejected wrong-subject at subject"]);
    });
  }

  test("one logged as intoto 0.0.1 verifies", async () => {
    assert.deepEqual(await verdicts("att/intoto", "release"), ["verified"]);
    assert.deepEqual(await verdicts("att/intoto", "scanner"), [STRANGER]);
  });

  test("either client's verify in the other's form", async () => {
    assert.deepEqual(await verdicts("att/by-3", "release"), ["verified"]);
    assert.deepEqual(await verdicts("bundle/by-2", "release"), ["verified"]);
  });

  test("both forms on one image are both found, and each only where it is looked for", async () => {
    assert.deepEqual(await verdicts("both-forms", "release"), ["verified", "verified"]);
    assert.deepEqual(await verdicts("both-forms", "release", { discover: ["tag"] }), ["verified"]);
    assert.deepEqual(await verdicts("both-forms", "release", { discover: ["referrers"] }), ["verified"]);
  });

  test("name the repository that was attested", async () => {
    const trust = { signedIdentity: { kind: "exactRepository", repository: "registry.example.com/x/y" } } as const;
    assert.deepEqual(await verdicts("att/vuln", "release", trust), ["rejected wrong-identity at identity"]);
  });

  for (const form of ["classic", "artifact"]) {
    test(`buildkit/${form}: statements count for their platform by the signature on the index`, async () => {
      const { images, digest, leaves } = load(`buildkit/${form}`);
      const vouchedFor = async (key: string) => {
        const opinions = await judgeAll(images, targetOf(digest), authority(key));
        const verified = opinions.find(
          (opinion): opinion is Opinion & { kind: "verified" } => opinion.kind === "verified",
        );
        return (about: Digest) => (about === digest ? verified : undefined);
      };
      for (const leaf of leaves.slice(0, 2)) {
        const look = async (key: string): Promise<readonly Attested[]> =>
          attestAll(images, { ...targetOf(leaf), indexes: [digest] }, authority(key), {
            vouched: await vouchedFor(key),
          });
        const found = await look("release");
        const wanted = [PREDICATES["spdx"]?.predicateType, PREDICATES["provenance1"]?.predicateType];
        assert.deepEqual(predicatesOf(found), wanted);
        // The scanner attested to the index, which is no signature of it.
        const others = (await look("scanner")).map(({ opinion }) => verdictOf(opinion));
        assert.deepEqual(others, ["rejected no-signature at signature", "rejected no-signature at signature"]);
      }
      assert.deepEqual(await verdicts(`buildkit/${form}`, "scanner"), ["verified"]);
    });
  }
});
