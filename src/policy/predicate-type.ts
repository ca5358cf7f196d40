import { InputError } from "../domain/errors.ts";
import { quoted } from "../domain/quoted.ts";
import { suggestion } from "./suggestion.ts";

/** Short names as `cosign attest --type` has them, and `vsa`. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ["slsaprovenance", "https://slsa.dev/provenance/v0.2"],
  ["slsaprovenance02", "https://slsa.dev/provenance/v0.2"],
  ["slsaprovenance1", "https://slsa.dev/provenance/v1"],
  ["vsa", "https://slsa.dev/verification_summary/v1"],
  ["spdx", "https://spdx.dev/Document"],
  ["spdxjson", "https://spdx.dev/Document"],
  ["cyclonedx", "https://cyclonedx.org/bom"],
  ["vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"],
  ["openvex", "https://openvex.dev/ns"],
  ["link", "https://in-toto.io/Link/v1"],
  ["custom", "https://cosign.sigstore.dev/attestation/v1"],
]);

/** A short name becomes the URI it stands for; a URI is itself. Throws `InputError`. */
export function parsePredicateType(text: string): string {
  const known = SHORT.get(text);
  if (known !== undefined) return known;
  if (/\s/.test(text)) throw new InputError("policy", `the predicate type ${quoted(text)} has white space in it`);
  if (/[:/]/.test(text)) return text;
  throw new InputError(
    "policy",
    `${quoted(text, 80)} is no predicate type: write its URI, or a short name${suggestion(text, [...SHORT.keys()])}`,
  );
}
