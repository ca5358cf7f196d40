import assert from "node:assert/strict";

import { policiesOf, verifierOf } from "../../bench/memory-assay.ts";
import { parseReference } from "../../src/domain/reference.ts";
import type { Verdict } from "../../src/domain/verdict.ts";
import type { Verifier, VerifierParts } from "../../src/pipeline/verifier.ts";
import type { ImageSource } from "../../src/ports/image-source.ts";

/** Authorities by name, each with its spec as YAML, the files they name, and the rule that is made for each of them. */
export type CountedPolicies = {
  readonly authorities: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly rules?: (name: string) => readonly string[];
  /** Which images it is about; those that tests keep in memory, unless given. */
  readonly match?: string;
};

/** A verifier over these images whose one policy asks every authority. */
export function countingVerifier(
  images: ImageSource,
  {
    authorities,
    files,
    rules = (name) => [`{ signed: { by: ${name} } }`],
    match = "registry.example.com/**",
  }: CountedPolicies,
  more: Partial<VerifierParts> = {},
): Verifier {
  const header = (kind: string, name: string): string =>
    `apiVersion: assay.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\n`;
  const documents = Object.entries(authorities).map(
    ([name, spec]) => `${header("Authority", name)}spec: ${spec}\n---\n`,
  );
  const all = Object.keys(authorities).flatMap(rules);
  const spec = `spec: { match: { images: ["${match}"] }, rules: [${all.join(", ")}] }\n`;
  return verifierOf(images, policiesOf(`${documents.join("")}${header("Policy", "all")}${spec}`, files), more);
}

/** The verdict, which must allow the image: a count is low, too, where nothing was looked at. */
export async function allowed(verifier: Verifier, image: string): Promise<Verdict> {
  const answer = await verifier.verify(parseReference(image), AbortSignal.timeout(120_000));
  assert.ok(answer.kind === "judged", JSON.stringify(answer));
  assert.equal(answer.verdict.decision, "allow", JSON.stringify(answer.verdict.findings));
  return answer.verdict;
}

/** What became of the signatures under each authority: how often each status. */
export function statusesByAuthority({
  signatures,
}: Verdict): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const { authority, status } of signatures) {
    const own = (counts[authority] ??= {});
    own[status] = (own[status] ?? 0) + 1;
  }
  return counts;
}

/** How often each thing was asked for, by its first word, after it was proved that nothing was asked for twice. */
export function countsOnce(asked: readonly string[]): Readonly<Record<string, number>> {
  assert.deepEqual(
    asked.filter((one, at) => asked.indexOf(one) !== at),
    [],
    "asked for a second time",
  );
  const counts: Record<string, number> = {};
  for (const one of asked) {
    const word = one.split(" ", 1)[0] ?? "";
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}
