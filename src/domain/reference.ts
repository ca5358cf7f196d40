import type { Brand } from "./brand.ts";
import { isDigest, type Digest } from "./digest.ts";
import { quoted } from "./quoted.ts";
import { checkCharacters, checkPath, checkRegistry, checkTag, refuseReference } from "./reference-grammar.ts";

/** Host and optional port, as the reference spells it after normalising: `docker.io`, `localhost:5000`, `[::1]:5000`. */
export type Registry = Brand<string, "Registry">;

export type Tag = Brand<string, "Tag">;

/** A repository by its registry and its path in it: `docker.io` and `library/alpine`. */
export type Repository = { readonly registry: Registry; readonly path: string };

/** A normalised image reference. With both a tag and a digest the digest wins and the tag is only remembered. */
export type ImageReference =
  | { readonly kind: "tag"; readonly repository: Repository; readonly tag: Tag }
  | {
      readonly kind: "digest";
      readonly repository: Repository;
      readonly digest: Digest;
      readonly tag: Tag | undefined;
    };

const DOCKER_HUB = "docker.io";
/** Docker Hub's name of old, which Docker and containerd still turn into today's. */
const DOCKER_INDEX = "index.docker.io";
const LATEST = "latest" as Tag;

// The kubelet passes these on, and containerd and Docker then start whatever local image has that id or its beginning.
const LOCAL_IMAGE_ID = /^(?:[a-f0-9]{64}|sha(?:256|384|512):[a-f0-9]+)$/;

/**
 * Reads a reference as Docker and containerd do (distribution/reference `ParseDockerRef`), the tag beside a digest kept.
 * Refuses a few texts they take, which name no image in any registry: see test/fixtures/references/README.md.
 * Throws `InputError` with code `reference`.
 */
export function parseReference(text: string): ImageReference {
  checkCharacters(text);
  if (LOCAL_IMAGE_ID.test(text)) {
    refuseReference(text, "a runtime reads it as the id of a local image, write repository@sha256:… instead");
  }
  const { name, tag, digest } = splitReference(text);
  const repository = repositoryOf(name, text);
  if (tag !== undefined) checkTag(tag, text);
  if (digest === undefined) return { kind: "tag", repository, tag: (tag as Tag | undefined) ?? LATEST };
  if (!isDigest(digest)) {
    refuseReference(text, `${quoted(digest)} is not a digest, write sha256: and 64 lower-case hexadecimal digits`);
  }
  return { kind: "digest", repository, digest, tag: tag as Tag | undefined };
}

type Parts = { readonly name: string; readonly tag: string | undefined; readonly digest: string | undefined };

/** The first `@` begins the digest; before it, the first `:` after the registry begins the tag. */
function splitReference(text: string): Parts {
  const at = text.indexOf("@");
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.indexOf(":", registryOf(named)?.length ?? 0);
  return {
    name: colon === -1 ? named : named.slice(0, colon),
    tag: colon === -1 ? undefined : named.slice(colon + 1),
    digest: at === -1 ? undefined : text.slice(at + 1),
  };
}

/** What stands before the first slash, if it looks like a host: `localhost`, or with a dot, a colon or a capital. */
function registryOf(name: string): string | undefined {
  const slash = name.indexOf("/");
  const first = slash === -1 ? "" : name.slice(0, slash);
  return first === "localhost" || /[.:A-Z]/.test(first) ? first : undefined;
}

function repositoryOf(name: string, text: string): Repository {
  const first = registryOf(name);
  const registry = first === undefined || first === DOCKER_INDEX ? DOCKER_HUB : first;
  const rest = first === undefined ? name : name.slice(first.length + 1);
  const path = registry === DOCKER_HUB && !rest.includes("/") && rest !== "" ? `library/${rest}` : rest;
  checkRegistry(registry, text);
  checkPath(path, text);
  return { registry: registry as Registry, path };
}

/** A name without tag or digest, normalised like a reference. Throws `InputError`. */
export function parseRepository(text: string): Repository {
  const reference = parseReference(text);
  if (reference.kind === "digest" || splitReference(text).tag !== undefined) {
    refuseReference(text, "a repository is named here, leave the tag and the digest out");
  }
  return reference.repository;
}

/** A host with an optional port, `index.docker.io` being `docker.io`. Throws `InputError`. */
export function parseRegistry(text: string): Registry {
  checkCharacters(text);
  checkRegistry(text, text);
  return (text === DOCKER_INDEX ? DOCKER_HUB : text) as Registry;
}

/** Throws `InputError` unless a registry could have such a tag. */
export function parseTag(text: string): Tag {
  checkTag(text, text);
  return text as Tag;
}

/** `docker.io/library/alpine` */
export function formatRepository(repository: Repository): string {
  return `${repository.registry}/${repository.path}`;
}

/** The canonical text: `docker.io/library/alpine:3.20`, or `…/alpine@sha256:…` without the tag it was written beside. */
export function formatReference(reference: ImageReference): string {
  const name = formatRepository(reference.repository);
  return reference.kind === "tag" ? `${name}:${reference.tag}` : `${name}@${reference.digest}`;
}

/** With the tag beside a digest, which the canonical text leaves out: a signature may be asked to name it. */
export function formatWholeReference(reference: ImageReference): string {
  const name = formatRepository(reference.repository);
  const tagged = reference.tag === undefined ? name : `${name}:${reference.tag}`;
  return reference.kind === "tag" ? tagged : `${tagged}@${reference.digest}`;
}

/**
 * The name under which anything about an image may be remembered. Spellings that every runtime takes for the same image
 * share it; nothing else does. Letters of the registry keep their case although DNS ignores it, since runtimes compare
 * them when they look for mirrors, credentials and stored images: `Docker.io` is not Docker Hub to any of them. Nor is
 * `:443` merged with no port.
 */
export function referenceKey(reference: ImageReference): string {
  return formatReference(reference);
}
