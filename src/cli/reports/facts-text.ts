import type {
  AttestationFact,
  CompositionFact,
  ConfigFact,
  ImageFacts,
  PlatformFacts,
  SignatureFact,
  SourceFact,
  UserFact,
} from "../../domain/facts.ts";
import type { Known } from "../../domain/gap.ts";
import type { Sighting } from "../../domain/sighting.ts";
import { formatPlatform } from "../../domain/platform.ts";
import type { ImageView, SignedName } from "../../pipeline/assay.ts";
import type { ShownSignature } from "../shown-verdict.ts";
import { printableData, type Style } from "../terminal-text.ts";
import { layerTable } from "./layer-table.ts";
import { signatureLines } from "./signature-text.ts";

/** Sightings shown of each thing; the JSON form has all. */
const MAX_SIGHTINGS = 5;

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

function field(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`;
}

function indented(lines: readonly string[], otherwise: string): readonly string[] {
  return lines.length === 0 ? [otherwise] : lines.map((line) => `  ${line}`);
}

function platformLines(platform: PlatformFacts, style: Style): readonly string[] {
  const { config, declared, digest, user, composition, layers } = platform;
  const actual = config.kind === "known" ? config.value.platform : declared;
  return [
    `${style.strong(actual === undefined ? "unknown platform" : formatPlatform(actual))}  ${digest}`,
    ...orUnseen("config", config, configLines),
    ...orUnseen("user", user, userLines),
    ...orUnseen("composition", composition, compositionLines),
    ...(layers.length === 0 ? [] : ["  layers", ...layerTable(layers).map((line) => `    ${line}`)]),
  ];
}

function orUnseen<T>(name: string, fact: Known<T>, render: (value: T) => readonly string[]): readonly string[] {
  switch (fact.kind) {
    case "known":
      return render(fact.value);
    case "gap":
      return [field(name, `could not be seen: ${fact.gap.code}: ${fact.gap.what}: ${fact.gap.detail}`)];
    case "not-collected":
      return [field(name, "was not looked at")];
  }
}

function configLines(config: ConfigFact): readonly string[] {
  const labels = Object.entries(config.labels).map(([name, value]) => field("label", `${name}=${value}`));
  return [
    field("created", config.created ?? "no date"),
    field("entrypoint", wordsOf(config.entrypoint)),
    field("command", wordsOf(config.cmd)),
    field("folder", config.workingDir === "" ? "/" : config.workingDir),
    ...labels,
  ];
}

/** Already escaped words, quoted so that their ends show. */
function wordsOf(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.map((word) => `"${word}"`).join(" ");
}

function userLines(user: UserFact): readonly string[] {
  const ids = [
    ...(user.uid === undefined ? [] : [`uid ${user.uid}`]),
    ...(user.gidDocker === undefined ? [] : [`gid ${user.gidDocker}`]),
    ...(user.gidKubernetes === undefined || user.gidKubernetes === user.gidDocker
      ? []
      : [`gid ${user.gidKubernetes} under Kubernetes`]),
  ];
  const configured = user.configured === "" ? "no USER" : `USER ${user.configured}`;
  const known = ids.length === 0 ? "" : ` (${ids.join(", ")})`;
  return [
    field("user", `${user.verdict}${known}, from ${configured}: ${user.because}`),
    ...sightingLines(user.sightings),
  ];
}

function compositionLines(fact: CompositionFact): readonly string[] {
  if (fact.kind === "uninspectable") return [field("composition", `cannot be read, ${fact.reason}: ${fact.detail}`)];
  const modifiers = fact.modifiers.length === 0 ? "" : ` (${fact.modifiers.join(", ")})`;
  const present = Object.entries(fact.present).filter(([, sightings]) => sightings.length > 0);
  return [
    field("composition", `${fact.class}${modifiers}: ${fact.because}`),
    ...sightingLines(fact.sightings),
    field("contains", `${fact.packages} packages, ${fact.executables} executables`),
    ...present.flatMap(([thing, sightings]) => [field("has", thing), ...sightingLines(sightings)]),
  ];
}

function sightingLines(sightings: readonly Sighting[]): readonly string[] {
  const shown = sightings.slice(0, MAX_SIGHTINGS).map(({ path, layer, note }) => {
    const what = note === "" ? "" : `, ${note}`;
    return field("", `/${path} in ${layer}${what}`);
  });
  const rest = sightings.length - shown.length;
  return rest === 0 ? shown : [...shown, field("", `and ${rest} more`)];
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
