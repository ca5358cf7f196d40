import type { BaseHint } from "../domain/base-image.ts";
import { isDigest, type Digest } from "../domain/digest.ts";

type Words = Readonly<Record<string, string>>;

const NAME = "org.opencontainers.image.base.name";
const DIGEST = "org.opencontainers.image.base.digest";
const BUILDPACKS = "io.buildpacks.lifecycle.metadata";
const RED_HAT = "com.redhat.component";

/** Buildpacks write a few kilobytes; what is larger is not worth reading for a hint. */
const MAX_METADATA = 256 * 1024;
/** Longer than any reference; hints end in messages. */
const MAX_NAME = 512;

/** What the builder wrote about the base image. Anybody can write it, so it tells people where to look and nothing else. */
export function baseHints(annotations: Words, labels: Words): readonly BaseHint[] {
  const hints = [
    ...ociHint("manifest annotation", annotations),
    ...ociHint("label", labels),
    ...buildpacksHint(labels),
    ...redHatHint(labels),
  ];
  return [...new Map(hints.map((hint) => [JSON.stringify(hint), hint])).values()];
}

function wordOf(words: Words, key: string): string {
  return Object.hasOwn(words, key) ? (words[key] ?? "") : "";
}

/** OCI image-spec, annotations.md; Docker and others put the same keys among the labels. */
function ociHint(where: string, words: Words): readonly BaseHint[] {
  return hint(`${where} ${NAME}`, wordOf(words, NAME), wordOf(words, DIGEST));
}

/** Buildpacks platform-spec, `io.buildpacks.lifecycle.metadata`: the run image that the application was put on. */
function buildpacksHint(labels: Words): readonly BaseHint[] {
  const runImage = memberOf(parsed(wordOf(labels, BUILDPACKS)), "runImage");
  const reference = textOf(memberOf(runImage, "reference"));
  const at = reference.lastIndexOf("@");
  return hint(`label ${BUILDPACKS}`, textOf(memberOf(runImage, "image")) || reference, reference.slice(at + 1));
}

function redHatHint(labels: Words): readonly BaseHint[] {
  if (wordOf(labels, RED_HAT) === "") return [];
  const version = [wordOf(labels, "version"), wordOf(labels, "release")].filter((part) => part !== "").join("-");
  const name = wordOf(labels, "name") || wordOf(labels, RED_HAT);
  return hint(`label ${RED_HAT}`, version === "" ? name : `${name}:${version}`, "");
}

function hint(from: string, name: string, digest: string): readonly BaseHint[] {
  const plain = name
    .replaceAll(/\p{Cc}/gu, " ")
    .trim()
    .slice(0, MAX_NAME);
  const known: Digest | undefined = isDigest(digest) ? digest : undefined;
  return plain === "" && known === undefined ? [] : [{ from, name: plain, digest: known }];
}

function parsed(text: string): unknown {
  if (text === "" || text.length > MAX_METADATA) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A label that is no JSON is no hint.
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
