import type { Signer } from "../../domain/facts.ts";
import type { ShownSignature } from "../shown-verdict.ts";
import type { Style } from "../terminal-text.ts";

/** Enough of a fingerprint to tell two apart on a page. */
const SHORT = 16;

/** Every signature under every authority: what came of it, at which step, by whom, and where it lies. */
export function signatureLines(signatures: readonly ShownSignature[], style: Style): readonly string[] {
  return signatures.flatMap((tried) => [
    `${triedMark(tried, style)} ${tried.scheme} by ${tried.authority}: ${triedResult(tried)}`,
    `  ${style.faint([...triedSigner(tried), triedPlace(tried)].join(", "))}`,
  ]);
}

function triedMark({ status }: ShownSignature, style: Style): string {
  switch (status) {
    case "verified":
      return style.good("✔");
    case "undetermined":
      return style.odd("?");
    case "rejected":
      return style.bad("✖");
  }
}

function triedResult(tried: ShownSignature): string {
  switch (tried.status) {
    case "verified":
      return "verified";
    case "undetermined":
      return stopped("not determined", tried.step, tried.detail);
    case "rejected":
      return stopped(
        "rejected",
        tried.step,
        [tried.reason, tried.detail].filter((said) => said !== undefined).join(": "),
      );
  }
}

/** `rejected at step "log", log-missing: …`, as far as that is known. */
function stopped(result: string, step: string | undefined, because: string | undefined): string {
  const at = step === undefined ? "" : ` at step "${step}"`;
  return `${result}${at}${because === undefined || because === "" ? "" : `, ${because}`}`;
}

function triedSigner({ signer }: ShownSignature): readonly string[] {
  return signer === undefined ? [] : [`signer ${formatSigner(signer)}`];
}

function triedPlace({ artifact, source, via }: ShownSignature): string {
  const path = via === undefined ? "" : ` (${via})`;
  return `${artifact === undefined ? "" : `artifact ${artifact} `}from ${source}${path}`;
}

/** Who signed, short. */
function formatSigner(signer: Signer): string {
  switch (signer.kind) {
    case "key":
      return `key ${signer.spki.slice(0, "sha256:".length + SHORT)}…`;
    case "identity":
      return `${signer.subject} (${signer.issuer})`;
    case "x509":
      return `${signer.dn} (${signer.trustStore})`;
    case "pgp":
      return `PGP ${signer.fingerprint.slice(-SHORT)}`;
  }
}
