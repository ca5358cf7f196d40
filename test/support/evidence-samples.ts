import { NO_SURFACE } from "../../src/domain/attack-surface.ts";
import type { BaseCandidate } from "../../src/domain/base-image.ts";
import { absenteesOf } from "../../src/domain/policy.ts";
import { lintFacts } from "../../src/domain/lint.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import type { Descriptor } from "../../src/domain/descriptor.ts";
import type { Digest } from "../../src/domain/digest.ts";
import type { Dossier, SchemeId, SourceKey } from "../../src/domain/evidence.ts";
import type { ImageFacts } from "../../src/domain/facts.ts";
import { NOT_ASKED, NOT_COLLECTED } from "../../src/domain/gap.ts";
import { parseInstant } from "../../src/domain/instant.ts";
import type { LayerContent } from "../../src/domain/layer-facts.ts";
import { DOCKER_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../../src/domain/media-types.ts";
import type { Registry, Repository, Tag } from "../../src/domain/reference.ts";
import type { Document } from "../../src/domain/subject.ts";
import type { AuthorityName } from "../../src/domain/trust.ts";
import type { Verdict } from "../../src/domain/verdict.ts";

export const SAMPLE_TIME = parseInstant("2026-11-21T12:00:00.123Z");
export const SAMPLE_REPOSITORY: Repository = { registry: "registry.example.com:5000" as Registry, path: "shop/web" };

const GAP = { code: "rate-limited", what: "registry.example.com referrers", detail: "429" } as const;
const PLATFORM = { os: "linux", architecture: "arm64", variant: "v8", osVersion: undefined };

export function sampleDocument(text: string, mediaType: string = OCI_MANIFEST): Document {
  const bytes = new TextEncoder().encode(text);
  return { descriptor: sampleDescriptor(mediaType, digestOf(bytes), bytes.length), bytes };
}

export function sampleDescriptor(mediaType: string, digest: Digest, size: number): Descriptor {
  const annotations = { "org.example": 'a "quoted" ü', ["__proto__"]: "own" };
  return { mediaType, digest, size, artifactType: undefined, annotations, platform: PLATFORM, foreign: false };
}

export const SAMPLE_LAYER = sampleDescriptor("application/vnd.oci.image.layer.v1.tar+gzip", digestOf("layer"), 5);

export const SAMPLE_BASE: BaseCandidate = {
  repository: SAMPLE_REPOSITORY,
  digest: digestOf("base"),
  index: digestOf("base index"),
  platform: { os: "linux", architecture: "amd64", variant: undefined, osVersion: undefined },
  tags: [{ tag: "12" as Tag, firstSeen: SAMPLE_TIME, lastSeen: SAMPLE_TIME, leftAt: undefined }],
  firstSeen: SAMPLE_TIME,
  depth: 1,
};

export const SAMPLE_CONTENT: LayerContent = {
  kind: "walked",
  facts: {
    diffId: digestOf("diff"),
    packing: "gzip",
    compressedBytes: 5,
    uncompressedBytes: 512,
    entryCount: 2,
    entries: [
      {
        path: "bin/s\xffh",
        kind: "file",
        mode: 0o4755,
        uid: 0,
        gid: 0,
        size: 9,
        link: "",
        head: "\x7fELF\x00",
        capability: "",
        device: "",
        nature: "shell:dash",
      },
    ],
    tally: {
      kinds: { file: 1, directory: 1, symlink: 0, hardlink: 0, character: 0, block: 0, fifo: 0 },
      fileBytes: 9,
      sharedLibraries: 0,
      manuals: 0,
    },
    whiteouts: [{ path: "etc/x", kind: "opaque", after: 1 }],
    bodies: { "etc/passwd": "root:x:0:0::/root:/bin/sh\n" },
    counts: { "var/lib/rpm/rpmdb.sqlite": 18 },
    finds: [{ kind: "secret", path: "root/.netrc", why: "its name" }],
    anomalies: [{ code: "absolute", path: "/x" }],
  },
};

/** One with every kind of observation, a document held twice, and members that are not there. */
export function sampleDossier(): Dossier {
  const root = sampleDocument('{"index":1}', OCI_INDEX);
  const manifest = sampleDocument('{"manifest":1}');
  const config = sampleDocument('{"config":1}', DOCKER_CONFIG);
  const signature = sampleDocument('{"signature":1}');
  return {
    subject: {
      requested: { kind: "tag", repository: SAMPLE_REPOSITORY, tag: "1.0" as Tag },
      repository: SAMPLE_REPOSITORY,
      resolvedAt: SAMPLE_TIME,
      root,
      shape: "index",
      leaves: [
        {
          declared: PLATFORM,
          descriptor: manifest.descriptor,
          manifest: {
            kind: "observed",
            at: SAMPLE_TIME,
            value: {
              document: manifest,
              manifest: {
                kind: "manifest",
                mediaType: OCI_MANIFEST,
                artifactType: undefined,
                config: config.descriptor,
                layers: [SAMPLE_LAYER],
                subject: undefined,
                annotations: {},
              },
            },
          },
        },
        { declared: undefined, descriptor: config.descriptor, manifest: { kind: "gap", at: SAMPLE_TIME, gap: GAP } },
      ],
      attestations: [signature.descriptor],
      containedIn: [digestOf("index")],
    },
    signatures: [
      {
        about: root.descriptor.digest,
        source: "cosign:tag" as SourceKey,
        content: {
          kind: "observed",
          at: SAMPLE_TIME,
          value: [
            {
              id: digestOf("evidence"),
              scheme: "cosign" as SchemeId,
              source: "cosign:tag" as SourceKey,
              about: root.descriptor.digest,
              artifact: signature.descriptor,
              part: 1,
              via: "tag",
              documents: [signature, manifest],
              missing: undefined,
              gaps: [],
            },
          ],
        },
      },
      {
        about: root.descriptor.digest,
        source: "cosign:referrers" as SourceKey,
        content: { kind: "gap", at: SAMPLE_TIME, gap: GAP },
      },
      { about: root.descriptor.digest, source: "notation:referrers" as SourceKey, content: NOT_ASKED },
    ],
    leaves: [
      {
        manifest: manifest.descriptor.digest,
        declared: PLATFORM,
        config: { kind: "observed", at: SAMPLE_TIME, value: config },
        layers: [
          { descriptor: SAMPLE_LAYER, content: { kind: "observed", at: SAMPLE_TIME, value: SAMPLE_CONTENT } },
          { descriptor: SAMPLE_LAYER, content: NOT_ASKED },
        ],
        bases: { kind: "observed", at: SAMPLE_TIME, value: [SAMPLE_BASE] },
      },
    ],
  };
}

export function sampleFacts(): ImageFacts {
  const sighting = { layer: SAMPLE_LAYER.digest, path: "bin/sh", note: "ELF" };
  const common = {
    scheme: "cosign" as SchemeId,
    source: "cosign:tag" as SourceKey,
    via: "tag",
    authority: "release-key" as AuthorityName,
    about: digestOf("root"),
    artifact: digestOf("artifact"),
    evidence: digestOf("evidence"),
  };
  return {
    id: digestOf("facts"),
    repository: SAMPLE_REPOSITORY,
    digest: digestOf("root"),
    shape: "image",
    containedIn: [],
    signatures: [
      {
        ...common,
        opinion: {
          kind: "verified",
          signers: [
            { kind: "key", spki: digestOf("key") },
            { kind: "identity", issuer: "https://issuer", subject: "s", spki: undefined },
            { kind: "x509", trustStore: "ca", dn: "C=US", spki: digestOf("key") },
            { kind: "pgp", fingerprint: "AB", spki: undefined },
          ],
          notBefore: undefined,
          notAfter: SAMPLE_TIME,
          signedAt: [SAMPLE_TIME],
          notes: ["signed as latest"],
        },
      },
      { ...common, opinion: { kind: "undetermined", gap: GAP, step: "chain", signer: undefined } },
      {
        ...common,
        opinion: { kind: "rejected", reason: "bad-signature", step: "signature", detail: "no", signer: undefined },
      },
    ],
    attestations: [
      {
        ...common,
        opinion: {
          kind: "verified",
          signers: [{ kind: "key", spki: digestOf("key") }],
          notBefore: undefined,
          notAfter: undefined,
          signedAt: [],
          notes: [],
          statement: { digest: digestOf("statement"), size: 9, predicateType: "https://slsa.dev/provenance/v1" },
        },
      },
    ],
    sources: [
      { about: digestOf("root"), source: "cosign:tag" as SourceKey, state: { kind: "observed", found: 2 } },
      { about: digestOf("root"), source: "cosign:referrers" as SourceKey, state: { kind: "gap", gap: GAP } },
      { about: digestOf("root"), source: "notation:referrers" as SourceKey, state: NOT_COLLECTED },
    ],
    platforms: [
      {
        digest: digestOf("leaf"),
        declared: undefined,
        config: {
          kind: "known",
          value: {
            platform: PLATFORM,
            user: "1000",
            entrypoint: ["/app"],
            cmd: [],
            workingDir: "/",
            labels: { a: "b" },
            created: SAMPLE_TIME,
            historyCreated: SAMPLE_TIME,
          },
        },
        user: {
          kind: "known",
          value: {
            configured: "1000",
            verdict: "nonroot",
            uid: 1000,
            gidDocker: undefined,
            gidKubernetes: 0,
            because: "numeric",
            sightings: [sighting],
          },
        },
        composition: {
          kind: "known",
          value: {
            kind: "classified",
            class: "distroless",
            modifiers: ["debug"],
            because: "no shell",
            present: absenteesOf((thing) => (thing === "shell" ? [sighting] : [])),
            packages: 3,
            executables: 1,
            surface: NO_SURFACE,
            sightings: [],
          },
        },
        lints: lintFacts((lint) =>
          lint === "no-healthcheck"
            ? { kind: "known", value: [{ what: "it has none", sighting: undefined }] }
            : { kind: "known", value: [{ what: lint, sighting }] },
        ),
        base: {
          kind: "known",
          value: {
            kind: "found",
            candidates: [{ ...SAMPLE_BASE, isWhole: false, changes: [{ thing: "users", sighting }] }],
            hints: [{ from: "annotation", name: "debian", digest: undefined }],
          },
        },
        layers: [
          {
            digest: SAMPLE_LAYER.digest,
            diffId: undefined,
            compressedBytes: 5,
            uncompressedBytes: undefined,
            entries: 2,
            fileBytes: 9,
            notable: ["shell: bin/sh"],
            createdBy: "COPY",
          },
        ],
      },
      {
        digest: digestOf("leaf 2"),
        declared: PLATFORM,
        config: { kind: "gap", gap: GAP },
        user: NOT_COLLECTED,
        composition: { kind: "known", value: { kind: "uninspectable", reason: "bomb", detail: "1:1000" } },
        lints: lintFacts(() => ({ kind: "gap", gap: GAP })),
        base: { kind: "known", value: { kind: "unknown", because: "no layer is known", hints: [] } },
        layers: [],
      },
    ],
  };
}

export function sampleVerdict(image = "registry.example.com:5000/shop/web:1.0", id = "verdict"): Verdict {
  return {
    id: digestOf(id),
    image,
    digest: digestOf("root"),
    decision: "deny",
    findings: [
      {
        policy: "production",
        rule: "rules[0].signed",
        authority: undefined,
        outcome: "violated",
        reason: "unsigned",
        enforcement: "deny",
        message: "nobody signed",
        cites: [
          { kind: "signature", digest: digestOf("artifact"), authority: "release-key" },
          { kind: "attestation", digest: digestOf("artifact"), authority: "release-key" },
          { kind: "layer", digest: SAMPLE_LAYER.digest, path: "bin/sh" },
          { kind: "config", digest: digestOf("config") },
          { kind: "source", source: "cosign:tag", digest: digestOf("root") },
        ],
      },
      {
        policy: "production",
        rule: "rules[1].user",
        authority: "new-key",
        outcome: "satisfied",
        reason: undefined,
        enforcement: "warn",
        message: "",
        cites: [],
      },
    ],
    signatures: [
      {
        role: "signature",
        scheme: "cosign" as SchemeId,
        authority: "release-key",
        status: "rejected",
        reason: "unknown-key",
        step: "signature",
        detail: "no key fits",
        signer: { kind: "pgp", fingerprint: "AB", spki: undefined },
        signers: [],
        notes: ["signed as latest"],
        source: "cosign:tag" as SourceKey,
        via: "tag",
        about: digestOf("root"),
        artifact: digestOf("artifact"),
      },
    ],
    platforms: [
      { platform: "linux/amd64", digest: digestOf("leaf"), user: "1000", composition: "slim", base: "unknown" },
    ],
    gaps: [GAP],
    unsafe: ["transparencyLog: unsafeIgnored"],
    policies: ["production"],
    resolvedAt: SAMPLE_TIME,
    decidedAt: SAMPLE_TIME,
    validFrom: undefined,
    validUntil: SAMPLE_TIME,
  };
}
