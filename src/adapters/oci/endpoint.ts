import { InputError } from "../../domain/errors.ts";
import type { Registry, Repository } from "../../domain/reference.ts";
import type { Hosts } from "../../net/hosts.ts";

/** Docker Hub's references say `docker.io`; its registry API is served elsewhere. */
const TRANSPORT_HOSTS: Readonly<Record<string, string>> = {
  "docker.io": "registry-1.docker.io",
  "index.docker.io": "registry-1.docker.io",
};

/** distribution/reference, `path-component` and its separators. */
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const MAX_PATH_LENGTH = 255;

export function isRepositoryPath(text: string): boolean {
  return text.length <= MAX_PATH_LENGTH && PATH.test(text);
}

/** Where a registry's API is served: https, unless the operator listed its host and port as plain HTTP. */
export function originOf(registry: Registry, hosts: Hosts): URL {
  const host = TRANSPORT_HOSTS[registry] ?? registry;
  const plain = URL.parse(`http://${host}`);
  if (plain === null || !/^[^/?#@\\\s]+$/.test(host)) {
    throw new InputError("reference", `"${registry.slice(0, 120)}" is not a registry: expected host or host:port`);
  }
  return hosts.plainHttp(plain) ? plain : new URL(`https://${host}`);
}

/** The path of a repository's API. A path that could leave it is refused, whoever made the value. */
export function apiPath(repository: Repository, rest: string): string {
  return repositoryPath("/v2", repository, rest);
}

/** The path of what a registry offers beside the distribution protocol. */
export function extensionPath(repository: Repository, rest: string): string {
  return repositoryPath("/extensions/v2", repository, rest);
}

function repositoryPath(prefix: string, repository: Repository, rest: string): string {
  if (!isRepositoryPath(repository.path)) {
    throw new InputError("reference", `"${repository.path.slice(0, 120)}" is not a repository path`);
  }
  return `${prefix}/${repository.path}/${rest}`;
}
