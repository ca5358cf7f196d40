import { createHash } from "node:crypto";

import { canonicalJson } from "../../crypto/canonical-json.ts";
import type { SourceKey } from "../../domain/evidence.ts";
import type { Repository } from "../../domain/reference.ts";
import type { NotaryAuthority, NotaryPins } from "../../domain/trust.ts";
import type { NotaryCollection } from "../../ports/notary-server.ts";
import { NOTARY_V1 } from "./source.ts";

/** The collection in which an authority keeps the signatures of a repository. */
export function collectionOf({ server, serverCa, gun }: NotaryAuthority, repository: Repository): NotaryCollection {
  const name = gun.replaceAll("{registry}", repository.registry).replaceAll("{repository}", repository.path);
  return { server, ca: serverCa?.pem, gun: name };
}

/** The same for authorities that fetch the same and hold it against the same pins, however their keys are spelled. */
export function placeKeyOf(spec: NotaryAuthority): SourceKey {
  const host = URL.parse(spec.server)?.host ?? "";
  return `${NOTARY_V1}:${host}#${identityOf(spec, spec.gun).slice(0, 8)}` as SourceKey;
}

/**
 * Under what a collection's state is remembered: a hash, since names of collections are not for paths and keys. Other pins
 * have another memory, so what was seen under one pin is neither believed nor held against a collection under another.
 */
export function memoryKeyOf(spec: NotaryAuthority, gun: string): string {
  return `${NOTARY_V1} ${identityOf(spec, gun)}`;
}

function identityOf({ server, serverCa, pins }: NotaryAuthority, gun: string): string {
  const identity = { server, ca: withoutSpaces(serverCa?.pem ?? ""), gun, pins: [pins.kind, ...pinTexts(pins)] };
  return createHash("sha256").update(canonicalJson(identity)).digest("hex");
}

function pinTexts(pins: NotaryPins): readonly string[] {
  switch (pins.kind) {
    case "root-keys":
      return pins.keys.map(({ pem }) => withoutSpaces(pem)).sort();
    case "certificate-authorities":
      return pins.certificates.map(({ pem }) => withoutSpaces(pem)).sort();
    case "unsafe-first-use":
      return [];
  }
}

function withoutSpaces(pem: string): string {
  return pem.replaceAll(/\s/g, "");
}
