import { InputError } from "../../domain/errors.ts";
import type { Instant } from "../../domain/instant.ts";
import { quoted } from "../../domain/quoted.ts";

/** A signed header of either format, by the names of its members. Readers throw `InputError` for a value of another kind. */
export type SignedHeader = {
  readonly names: readonly string[];
  /** Names of members that a verifier must understand. */
  readonly critical: readonly string[];
  readonly contentType: string;
  readonly text: (name: string) => string | undefined;
  readonly time: (name: string) => Instant | undefined;
};

export const SIGNING_SCHEMES = ["notary.x509", "notary.x509.signingAuthority"] as const;
export type SigningScheme = (typeof SIGNING_SCHEMES)[number];

/** Signed attributes (signature specification, "Signed Attributes"). */
export type SignedAttributes = {
  readonly contentType: string;
  readonly scheme: SigningScheme;
  /** A signing authority's word counts; a signer's own is only a claim. */
  readonly signingTime: Instant;
  readonly expiry: Instant | undefined;
};

const SCHEME = "io.cncf.notary.signingScheme";
const SIGNING_TIME = "io.cncf.notary.signingTime";
const AUTHENTIC_TIME = "io.cncf.notary.authenticSigningTime";
const EXPIRY = "io.cncf.notary.expiry";
/** Names of plugins, whose part in the verification nobody here could do. */
const PLUGIN = /^io\.cncf\.notary\.verificationPlugin/;

/** Throws `InputError` for attributes that contradict their scheme, and for critical ones that are not known. */
export function readSignedAttributes(header: SignedHeader): SignedAttributes {
  const scheme = SIGNING_SCHEMES.find((known) => known === header.text(SCHEME));
  if (scheme === undefined) refuse(`has the signing scheme ${quoted(header.text(SCHEME) ?? "")}, which is not known`);
  const expiry = header.time(EXPIRY);
  refuseCritical(header, scheme);
  const plugin = header.names.find((name) => PLUGIN.test(name));
  if (plugin !== undefined) {
    refuse(`demands a verification plugin (${quoted(header.text(plugin) ?? "", 80)}): sign without one`);
  }
  const signingTime = readSigningTime(header, scheme);
  if (expiry !== undefined && expiry <= signingTime)
    refuse(`expires at ${expiry}, not after its signing at ${signingTime}`);
  return { contentType: header.contentType, scheme, signingTime, expiry };
}

function refuse(cause: string): never {
  throw new InputError("signature", `the signed header ${cause}`);
}

/** What must be critical is, and nothing else: whatever else is marked so is not understood here. */
function refuseCritical({ names, critical }: SignedHeader, scheme: SigningScheme): void {
  const must = [
    SCHEME,
    ...(names.includes(EXPIRY) ? [EXPIRY] : []),
    ...(scheme === "notary.x509.signingAuthority" ? [AUTHENTIC_TIME] : []),
  ];
  const unmarked = must.find((name) => !critical.includes(name));
  if (unmarked !== undefined) refuse(`does not mark ${unmarked} as critical`);
  const unknown = critical.find((name) => !must.includes(name));
  if (unknown !== undefined) refuse(`demands ${quoted(unknown, 80)} (crit), which is not known here or not there`);
  if (new Set(critical).size !== critical.length) refuse("names a member twice in crit");
}

/** Each scheme has its own member, and must not have the other's. */
function readSigningTime(header: SignedHeader, scheme: SigningScheme): Instant {
  const [own, other] = scheme === "notary.x509" ? [SIGNING_TIME, AUTHENTIC_TIME] : [AUTHENTIC_TIME, SIGNING_TIME];
  if (header.names.includes(other)) refuse(`has ${other}, which ${scheme} must not have`);
  return header.time(own) ?? refuse(`has no ${own}, which ${scheme} must have`);
}
