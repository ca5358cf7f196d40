import type { Question } from "./collection.ts";
import { MAX_ROOT_BYTES, MAX_ROTATIONS } from "./limits.ts";
import { isRefusal, refused, type Refusal } from "./refusal.ts";
import { signersFor } from "./role.ts";
import { parseRoot, type Root } from "./root.ts";
import { trustRoot, type RootTrust } from "./root-trust.ts";
import { missing, type Steps } from "./steps.ts";

export type NewestRoot =
  | { readonly kind: "root"; readonly root: Root; readonly trust: RootTrust }
  | { readonly kind: "absent" }
  | Refusal;

/**
 * The newest root, held against the pins, and led to from the remembered one: each root in between is asked for and must be
 * signed by the keys of the one before it and by its own.
 */
export function* rootSteps(question: Question): Steps<NewestRoot> {
  const bytes = yield { file: "root.json", limit: MAX_ROOT_BYTES };
  if (bytes === undefined) return { kind: "absent" };
  const root = parseRoot(bytes);
  const trust = trustRoot(root, question.pins, question.gun);
  if (isRefusal(trust)) return trust;
  const broken = question.remembered === undefined ? undefined : yield* rotationSteps(root, question);
  return broken ?? { kind: "root", root, trust };
}

function* rotationSteps(newest: Root, { gun, remembered }: Question): Steps<Refusal | undefined> {
  if (remembered === undefined) return undefined;
  let root = parseRoot(remembered.root);
  const [from, to] = [root.metadata.version, newest.metadata.version];
  if (to < from) return olderRoot(gun, from, to);
  if (to === from) return isSame(root, newest) ? undefined : changed(gun, `version ${to} is another than the one seen`);
  if (to - from > MAX_ROTATIONS) {
    return refused(
      "chain",
      "unsupported",
      `the root of ${gun} went from version ${from} to ${to}, more than is followed`,
    );
  }
  for (let version = from + 1; version <= to; version += 1) {
    const next = version === to ? newest : yield* intermediateSteps(version);
    if (isRefusal(next)) return next;
    if (next.metadata.version !== version) return changed(gun, `${version}.root.json is of another version`);
    if (signersFor(next.metadata, root.roles.root) === undefined) {
      return changed(gun, `version ${version} is not signed by the keys of version ${version - 1}`);
    }
    if (signersFor(next.metadata, next.roles.root) === undefined) {
      return changed(gun, `version ${version} is not signed by its own keys`);
    }
    root = next;
  }
  return undefined;
}

function* intermediateSteps(version: number): Steps<Root | Refusal> {
  const file = `${version}.root.json`;
  const bytes = yield { file, limit: MAX_ROOT_BYTES };
  return bytes === undefined ? missing(file) : parseRoot(bytes);
}

function isSame(a: Root, b: Root): boolean {
  return Buffer.compare(a.metadata.signedText, b.metadata.signedText) === 0;
}

function olderRoot(gun: string, from: number, to: number): Refusal {
  return refused(
    "chain",
    "metadata-rollback",
    `the root of ${gun} has version ${to}, and ${from} was seen before: an older state is being served`,
  );
}

function changed(gun: string, how: string): Refusal {
  return refused(
    "chain",
    "root-changed",
    `the root of ${gun} was replaced without the consent of the keys seen before (${how}): ask its owner, and forget what was seen only if this was meant`,
  );
}
