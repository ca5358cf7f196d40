import { parseDistinguishedName } from "./distinguished-name.ts";
import { InputError } from "./errors.ts";
import { quoted } from "./quoted.ts";

/** Attributes that a certificate's subject must have, each once and with this value. */
export type SubjectAttributes = ReadonlyMap<string, string>;

/** Whom a trust policy trusts below its stores (trust-store-trust-policy specification, "Trusted Identities Constraints"). */
export type X509Identity =
  | { readonly kind: "any" }
  | { readonly kind: "subject"; readonly attributes: SubjectAttributes };

const PREFIX = "x509.subject:";
/** Without these, a name could be somebody else's under the same authority. */
const MANDATORY = ["C", "ST", "O"];

/** `*`, or `x509.subject:` and a distinguished name with C, ST and O. Throws `InputError`. */
export function parseX509Identity(text: string): X509Identity {
  if (text === "*") return { kind: "any" };
  if (!text.startsWith(PREFIX)) {
    throw new InputError(
      "policy",
      `the trusted identity ${quoted(text, 200)} is neither * nor of the form "x509.subject: C=US, ST=WA, O=acme"`,
    );
  }
  const attributes = new Map<string, string>();
  for (const { type, value } of parseDistinguishedName(text.slice(PREFIX.length))) {
    if (attributes.has(type)) {
      throw new InputError("policy", `the trusted identity ${quoted(text, 200)} has ${type} twice: keep one`);
    }
    attributes.set(type, value);
  }
  const missing = MANDATORY.filter((type) => !attributes.has(type));
  if (missing.length === 0) return { kind: "subject", attributes };
  throw new InputError(
    "policy",
    `the trusted identity ${quoted(text, 200)} has no ${missing.join(" and no ")}: C, ST (or S) and O must be there`,
  );
}

/** Whether every attribute of the first is in the second with the same value. */
export function isSubset(part: SubjectAttributes, whole: SubjectAttributes): boolean {
  return [...part].every(([type, value]) => whole.get(type) === value);
}

/** Why these cannot stand in one statement: none at all, `*` beside others, or two that one certificate could match. */
export function identitiesProblem(texts: readonly string[]): string | undefined {
  if (texts.length === 0) return "names no trusted identity: write * for anybody below its trust stores";
  if (texts.length > 1 && texts.includes("*")) return "has * beside other trusted identities: keep one or the others";
  const subjects = texts.map((text) => ({ text, identity: parseX509Identity(text) }));
  for (const [at, { text, identity }] of subjects.entries()) {
    const overlapping = subjects.find(
      (other, position) =>
        position !== at &&
        identity.kind === "subject" &&
        other.identity.kind === "subject" &&
        isSubset(identity.attributes, other.identity.attributes),
    );
    if (overlapping !== undefined) {
      return `has overlapping trusted identities, ${quoted(text, 120)} and ${quoted(overlapping.text, 120)}: keep one`;
    }
  }
  return undefined;
}
