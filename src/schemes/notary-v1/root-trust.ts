import type { Certificate } from "../../crypto/certificate.ts";
import type { PublicKey } from "../../crypto/public-key.ts";
import { latest, type Instant } from "../../domain/instant.ts";
import { quoted } from "../../domain/quoted.ts";
import { ALWAYS, chainWindow, windowOf, type Window } from "./certificate-window.ts";
import { commonNameOf, isNameFor } from "./certificate-name.ts";
import { pinsBareKey, pinsCertificate, type Pins } from "./pins.ts";
import { refused, type Refusal } from "./refusal.ts";
import { signersAmong, signersFor } from "./role.ts";
import type { Root } from "./root.ts";
import type { TufKey } from "./tuf-key.ts";

/** When a root that the pins allow counts, and what a reader should know of how. */
export type RootTrust = { readonly kind: "pinned"; readonly window: Window; readonly notes: readonly string[] };

/** A key of the root role that the pins allow, or why they do not. */
type Anchor =
  | { readonly kind: "anchor"; readonly key: TufKey; readonly window: Window; readonly bare: boolean }
  | { readonly kind: "stranger" }
  | { readonly kind: "flawed"; readonly why: string; readonly misnamed: boolean };

/**
 * Whether a root is signed by as many pinned keys as it asks for. As with Notary's clients only the newest root is held
 * against the pins, so pins are renewed when root keys are, and a certificate must be valid and be for the collection.
 */
export function trustRoot(root: Root, pins: Pins, gun: string): RootTrust | Refusal {
  const role = root.roles.root;
  if (signersFor(root.metadata, role) === undefined) {
    return refused(
      "chain",
      "bad-signature",
      `the root of ${gun} is not signed by ${role.threshold} of its own root keys`,
    );
  }
  const anchors = role.keys.map((key) => anchorOf(key, pins, gun));
  const good = anchors.filter((anchor) => anchor.kind === "anchor");
  const signed = good.flatMap((anchor) => signersAmong(root.metadata, [anchor.key]).map((key) => ({ key, anchor })));
  const distinct = longestOfEach(signed);
  const counted = distinct.slice(0, role.threshold);
  if (counted.length < role.threshold) {
    const by = pins.kind === "certificate-authorities" ? "keys certified by a pinned authority" : "pinned keys";
    return untrusted(anchors, gun, `${counted.length} ${by} and needs ${role.threshold}`);
  }
  return {
    kind: "pinned",
    window: joined(counted.map(({ window }) => window)),
    notes: counted.some(({ bare }) => bare) && pins.kind === "root-keys" ? [BARE_NOTE] : [],
  };
}

const BARE_NOTE =
  "the root is pinned by a bare public key, so the dates and the name of its certificate were not looked at";

function anchorOf(key: TufKey, pins: Pins, gun: string): Anchor {
  const [certificate, ...above] = key.certificates;
  if (key.key === undefined) return { kind: "stranger" };
  switch (pins.kind) {
    case "root-keys":
      if (pinsBareKey(pins.keys, key.key)) return { kind: "anchor", key, window: ALWAYS, bare: true };
      if (certificate === undefined || !pinsCertificate(pins.keys, certificate)) return { kind: "stranger" };
      return namedAnchor(key, certificate, gun, windowOf(certificate));
    case "certificate-authorities":
      if (certificate === undefined) return { kind: "stranger" };
      return namedAnchor(key, certificate, gun, issuedWindow(certificate, above, pins.roots));
    case "unsafe-first-use":
      if (certificate === undefined) return { kind: "anchor", key, window: ALWAYS, bare: true };
      return namedAnchor(key, certificate, gun, windowOf(certificate));
  }
}

function issuedWindow(
  leaf: Certificate,
  above: readonly Certificate[],
  roots: readonly Certificate[],
): Window | string {
  if (leaf.extensions.isAuthority) return "it is a certificate of an authority itself";
  return chainWindow(leaf, above, roots);
}

function namedAnchor(key: TufKey, certificate: Certificate, gun: string, window: Window | string): Anchor {
  const name = commonNameOf(certificate);
  if (typeof window === "string") return { kind: "flawed", why: window, misnamed: false };
  if (name !== undefined && isNameFor(name, gun)) return { kind: "anchor", key, window, bare: false };
  const called = name === undefined ? "has no common name" : `is for ${quoted(name, 160)}`;
  return { kind: "flawed", why: `its root certificate ${called}, not for ${gun}`, misnamed: true };
}

type Signed = { readonly key: PublicKey; readonly anchor: Extract<Anchor, { readonly kind: "anchor" }> };

/** One anchor a key, those that hold longest first. */
function longestOfEach(signed: readonly Signed[]): readonly Signed["anchor"][] {
  const end = ({ window }: Signed["anchor"]): string => window.notAfter ?? "~";
  const sorted = [...signed].sort(
    (a, b) => Number(end(a.anchor) < end(b.anchor)) - Number(end(a.anchor) > end(b.anchor)),
  );
  const first = new Map<string, Signed["anchor"]>();
  for (const { key, anchor } of sorted) if (!first.has(key.spki)) first.set(key.spki, anchor);
  return [...first.values()];
}

function joined(windows: readonly Window[]): Window {
  const ends = windows.flatMap(({ notAfter }): readonly Instant[] => (notAfter === undefined ? [] : [notAfter]));
  return { notBefore: latest(...windows.map(({ notBefore }) => notBefore)), notAfter: ends.sort()[0] };
}

function untrusted(anchors: readonly Anchor[], gun: string, count: string): Refusal {
  const flaws = anchors.filter((anchor) => anchor.kind === "flawed");
  const misnamed = flaws.find((flaw) => flaw.misnamed);
  if (misnamed !== undefined) {
    return refused("chain", "wrong-identity", `the trust data is for another name: ${misnamed.why}`);
  }
  const why = flaws[0] === undefined ? "" : ` (${flaws[0].why})`;
  const mend = "if its keys were changed on purpose, pin the new ones";
  return refused("chain", "root-untrusted", `the newest root of ${gun} is signed by ${count}${why}: ${mend}`);
}
