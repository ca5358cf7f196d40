import type { AttestationFact, ImageFacts, SignatureFact, SourceFact } from "../../domain/facts.ts";
import type { ImageView, SignedName } from "../../pipeline/assay.ts";
import type { ShownSignature } from "../shown-verdict.ts";
import { printableData, type Style } from "../terminal-text.ts";
import { field } from "./field.ts";
import { platformLines } from "./platform-text.ts";
import { signatureLines } from "./signature-text.ts";

/** An image for people: platform by platform, then who signed, then where was looked. */
export function factsText(view: Pick<ImageView, "facts" | "signedName">, style: Style): string {
  const facts = printableData(view.facts);
  const { repository, digest, shape, containedIn } = facts;
  const lines = [
    style.strong(`${repository.registry}/${repository.path}`),
    field("digest", digest),
    ...nameLines(printableData(view.signedName)),
    field("shape", shape),
    ...containedIn.map((index) => field("part of", index)),
    ...facts.platforms.flatMap((platform) => ["", ...platformLines(platform, style)]),
    "",
    style.strong("signatures found"),
    ...indented(
      triedLines(facts, style),
      "  (none was judged: see the sources below, and name authorities in a policy file)",
    ),
    ...attestationLines(facts, style),
    "",
    style.strong("sources looked at"),
    ...indented(facts.sources.map(sourceLine), "  (none)"),
  ];
  return `${lines.join("\n")}\n`;
}

/** Why the digest is another than the registry's tag shows, or why it is not. */
function nameLines(name: SignedName | undefined): readonly string[] {
  if (name === undefined) return [];
  const who = name.authorities.join(", ");
  const said = name.isSigned
    ? `signed as this digest by ${who}, wherever the registry's tag points`
    : `not signed by ${who}: the digest is what the registry's tag points to`;
  return [field("name", said)];
}

function indented(lines: readonly string[], otherwise: string): readonly string[] {
  return lines.length === 0 ? [otherwise] : lines.map((line) => `  ${line}`);
}

function triedLines({ signatures }: ImageFacts, style: Style): readonly string[] {
  return signatureLines(signatures.flatMap(triedOf), style);
}

/** Statements about the image, by whom and of what kind; nothing where none was found. */
function attestationLines({ attestations }: ImageFacts, style: Style): readonly string[] {
  if (attestations.length === 0) return [];
  const lines = attestations.flatMap((fact) => [
    ...signatureLines(triedOf(fact), style),
    ...statementLine(fact, style),
  ]);
  return ["", style.strong("attestations found"), ...indented(lines, "")];
}

function statementLine({ opinion }: AttestationFact, style: Style): readonly string[] {
  if (opinion.kind !== "verified") return [];
  const { predicateType, size, digest } = opinion.statement;
  return [`  ${style.faint(`states ${predicateType}, ${size} bytes, ${digest}`)}`];
}

/** A signature by several signers is told once for each. */
function triedOf({ opinion, ...place }: SignatureFact | AttestationFact): readonly ShownSignature[] {
  const nothing = { reason: undefined, step: undefined, detail: undefined, signer: undefined };
  switch (opinion.kind) {
    case "verified":
      return opinion.signers.map((signer) => ({ ...place, ...nothing, status: opinion.kind, signer }));
    case "undetermined": {
      const { kind: status, gap, step, signer } = opinion;
      return [{ ...place, ...nothing, status, step, detail: `${gap.code}: ${gap.what}`, signer }];
    }
    case "rejected": {
      const { kind: status, reason, step, detail, signer } = opinion;
      return [{ ...place, status, reason, step, detail, signer }];
    }
  }
}

function sourceLine({ source, about, state }: SourceFact): string {
  switch (state.kind) {
    case "observed":
      return `${source}: ${state.found === 0 ? "nothing" : state.found} found for ${about}`;
    case "gap":
      return `${source}: could not be seen for ${about}: ${state.gap.code}: ${state.gap.what}: ${state.gap.detail}`;
    case "not-collected":
      return `${source}: was not looked at for ${about}`;
  }
}
