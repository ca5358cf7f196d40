import type { Digest } from "../../../src/domain/digest.ts";
import type { SignatureEvidence } from "../../../src/domain/evidence.ts";
import type { AttestationOpinion, Opinion } from "../../../src/domain/facts.ts";
import { instantOf } from "../../../src/domain/instant.ts";
import { parseReference, type ImageReference } from "../../../src/domain/reference.ts";
import type { AuthoritySpec, CosignAuthority, TrustRoot } from "../../../src/domain/trust.ts";
import type { ImageSource } from "../../../src/ports/image-source.ts";
import { SCHEMES } from "../../../src/schemes/index.ts";
import type { Sources, Target, Vouched } from "../../../src/schemes/scheme.ts";
import type { SigningKey } from "./keys.ts";
import { cosignSpec } from "./authority-spec.ts";

export const REPOSITORY = "registry.example.com/shop/web";

/** What an authority of these keys is by default, with the log required. */
export function authorityOf(
  keys: readonly SigningKey[],
  root: TrustRoot,
  change: Partial<CosignAuthority> = {},
): CosignAuthority {
  const named = keys.map(({ pem, kind }) => ({ pem, from: `${kind}.pub` }));
  return cosignSpec({ keys: named, transparencyLog: { kind: "required", root }, ...change });
}

export function targetOf(digest: Digest, requested?: string): Target {
  const reference: ImageReference = parseReference(requested ?? `${REPOSITORY}@${digest}`);
  return { repository: reference.repository, digest, requested: reference };
}

/** Signatures are never looked for outside the registry here. */
export function sourcesOf(images: ImageSource): Sources {
  const refuse = async (): Promise<never> =>
    await Promise.reject(new Error("nothing may be fetched outside the registry"));
  return {
    images,
    fetch: refuse,
    notary: { metadata: refuse },
    memory: { get: refuse, replace: refuse },
    clock: { now: () => instantOf(Date.now()) },
    once: (_key, look) => look(),
  };
}

export async function collectAll(
  images: ImageSource,
  target: Target,
  spec: AuthoritySpec,
): Promise<readonly SignatureEvidence[]> {
  const found: SignatureEvidence[] = [];
  const sources = sourcesOf(rememberingLists(images));
  for (const place of SCHEMES.signatures.flatMap((scheme) => scheme.placesOf(spec))) {
    found.push(...(await place.collect(target, sources, new AbortController().signal)));
  }
  return found;
}

/** As in the pipeline, two places that both read referrers cost one list, and one manifest of it one request. */
function rememberingLists(images: ImageSource): ImageSource {
  const asked = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const known = asked.get(key) ?? ask();
    asked.set(key, known);
    return known as Promise<T>;
  };
  return new Proxy(images, {
    get: (of, name: keyof ImageSource) => {
      if (name === "referrers") {
        const list: ImageSource["referrers"] = (repository, digest, signal) =>
          once(`referrers of ${digest}`, () => of.referrers(repository, digest, signal));
        return list;
      }
      if (name === "manifest") {
        const manifest: ImageSource["manifest"] = (repository, digest, signal) =>
          once(digest, () => of.manifest(repository, digest, signal));
        return manifest;
      }
      return of[name].bind(of);
    },
  });
}

/** Collects and judges as the pipeline will: each piece of evidence by the scheme that found it. */
export async function judgeAll(images: ImageSource, target: Target, spec: AuthoritySpec): Promise<readonly Opinion[]> {
  const evidence = await collectAll(images, target, spec);
  const assess = new Map(SCHEMES.signatures.map((scheme) => [scheme.id, scheme.authority(spec)]));
  const opinions = await Promise.all(evidence.map(async (each) => await assess.get(each.scheme)?.(each, target)));
  return opinions.filter((opinion) => opinion !== undefined);
}

/** Attestations found and judged, by the places of this authority; what is no attestation is left out. */
export async function attestAll(
  images: ImageSource,
  target: Target,
  spec: AuthoritySpec,
  more: { readonly vouched?: Vouched; readonly sources?: Partial<Sources> } = {},
): Promise<readonly Attested[]> {
  const attested: Attested[] = [];
  for (const scheme of SCHEMES.attestations) {
    const attest = scheme.attestor(spec);
    for (const place of scheme.placesOf(spec)) {
      const sources = { ...sourcesOf(images), ...more.sources };
      for (const evidence of await place.collect(target, sources, new AbortController().signal)) {
        const opinion = await attest?.(evidence, target, more.vouched ?? (() => undefined));
        if (opinion !== undefined) attested.push({ evidence, opinion });
      }
    }
  }
  return attested;
}

export type Attested = { readonly evidence: SignatureEvidence; readonly opinion: AttestationOpinion };

/** An opinion in a line: `verified`, or `rejected log-mismatch at log`. */
export function verdictOf(opinion: Opinion | undefined): string {
  if (opinion === undefined) return "nothing";
  switch (opinion.kind) {
    case "verified":
      return "verified";
    case "undetermined":
      return `undetermined ${opinion.gap.code} at ${opinion.step}`;
    case "rejected":
      return `rejected ${opinion.reason} at ${opinion.step}`;
  }
}
