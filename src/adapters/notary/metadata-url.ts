import { PortError } from "../../domain/errors.ts";
import type { NotaryCollection } from "../../ports/notary-server.ts";

/** What collections and files are named with; none of it needs escaping in a path. */
const PART = /^[A-Za-z0-9._:-]+$/;
const MAX_NAME = 1024;

/**
 * Where a server keeps one file of a collection. A name that could lead out of it is refused, whoever made it. Throws
 * `PortError` (`malformed`).
 */
export function metadataUrl({ server, gun }: NotaryCollection, file: string, what: string): URL {
  const base = URL.parse(server);
  if (base === null || base.username !== "" || base.password !== "" || base.search !== "" || base.hash !== "") {
    throw new PortError("malformed", what.slice(0, 200), "the server's URL cannot be used");
  }
  if (!isPlain(gun) || !isPlain(file)) {
    throw new PortError("malformed", what.slice(0, 200), "the name cannot be part of a URL");
  }
  return new URL(`${base.origin}${base.pathname.replace(/\/+$/, "")}/v2/${gun}/_trust/tuf/${file}`);
}

function isPlain(name: string): boolean {
  return name.length <= MAX_NAME && name.split("/").every((part) => PART.test(part) && part !== "." && part !== "..");
}
