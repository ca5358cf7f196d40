import { InputError } from "./errors.ts";
import { quoted } from "./quoted.ts";

/** The repository path's limit in distribution/reference, which counts `library/` and not the registry. */
const MAX_PATH = 255;
/** No name in DNS has more characters (RFC 1035 section 2.3.4), and keys made of references stay small. */
const MAX_HOST = 253;
const MAX_PORT = 65_535;

// Each pattern's repetitions begin with characters that the one before cannot take: matching is linear in the text.
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const HOST_COMPONENT = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const REGISTRY = /^([^:[\]]*|\[[^[\]]*\])(?::([0-9]+))?$/;
const IPV6_GROUP = /^[0-9A-Fa-f]{1,4}$/;

/** Throws `InputError` about `text`, the reference as it was written. `cause` also says what to do. */
export function refuseReference(text: string, cause: string): never {
  throw new InputError("reference", `cannot read the reference ${quoted(text)}: ${cause}`);
}

/** The grammar is ASCII: one look-alike letter would name another image than the one a reader sees. */
export function checkCharacters(text: string): void {
  if (text === "") refuseReference(text, "it is empty, write a name such as registry.example.com/shop/web:1.0");
  const odd = /[^\x21-\x7e]/.exec(text);
  if (odd === null) return;
  const point = (text.codePointAt(odd.index) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  refuseReference(
    text,
    `the character U+${point} at position ${odd.index + 1} is not allowed, write it in plain ASCII`,
  );
}

/** `host` or `host:port`, letters of either case kept, as distribution/reference's `domainAndPort`, and reachable. */
export function checkRegistry(registry: string, text: string): void {
  const [, host, port] = REGISTRY.exec(registry) ?? [];
  if (host === undefined) refuseReference(text, `${quoted(registry)} is not a host with an optional port`);
  if (port !== undefined && Number(port) > MAX_PORT) refuseReference(text, `port ${quoted(port)} is above ${MAX_PORT}`);
  if (host.length > MAX_HOST) refuseReference(text, `the registry's name has more than ${MAX_HOST} characters`);
  if (host.startsWith("[")) checkIpv6(host.slice(1, -1), text);
  else checkHostName(host, text);
}

function checkHostName(host: string, text: string): void {
  const wrong = host.split(".").find((component) => !HOST_COMPONENT.test(component));
  if (wrong === undefined) return;
  refuseReference(
    text,
    wrong === ""
      ? "the registry's name has an empty part, write it without leading, trailing or double dots"
      : `${quoted(wrong)} in the registry's name may hold only letters, digits and inner hyphens`,
  );
}

/** RFC 4291 section 2.2, forms 1 and 2. A zone or an embedded IPv4 address is not part of the grammar. */
function checkIpv6(address: string, text: string): void {
  const halves = address.split("::");
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const fits = halves.length === 2 ? groups.length <= 7 : halves.length === 1 && groups.length === 8;
  if (fits && groups.every((group) => IPV6_GROUP.test(group))) return;
  refuseReference(text, `[${quoted(address)}] is not an IPv6 address, write it without a zone, such as [::1]:5000`);
}

/** Components of lower-case letters, digits and single separators, parted by slashes. */
export function checkPath(path: string, text: string): void {
  const wrong = path.split("/").find((component) => !PATH_COMPONENT.test(component));
  if (wrong !== undefined) refuseReference(text, pathProblem(wrong));
  if (path.length > MAX_PATH) {
    refuseReference(text, `the repository has ${path.length} characters, more than the ${MAX_PATH} allowed`);
  }
}

function pathProblem(component: string): string {
  if (component === "") return "the repository has an empty part, write it with single slashes";
  if (/[A-Z]/.test(component)) return `${quoted(component)} has upper-case letters, write the repository in lower case`;
  return `${quoted(component)} may hold only lower-case letters and digits, parted by one of . _ __ or hyphens`;
}

export function checkTag(tag: string, text: string): void {
  if (TAG.test(tag)) return;
  refuseReference(
    text,
    `${quoted(tag)} is not a tag: write 1 to 128 letters, digits, underscores, dots or hyphens, the first no dot or hyphen`,
  );
}
