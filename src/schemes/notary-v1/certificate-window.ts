import type { Certificate } from "../../crypto/certificate.ts";
import { verifyChain } from "../../crypto/x509.ts";
import { earliest, latest, type Instant } from "../../domain/instant.ts";

/** The instants between which something holds, both open where `undefined`. */
export type Window = { readonly notBefore: Instant | undefined; readonly notAfter: Instant | undefined };

export const ALWAYS: Window = { notBefore: undefined, notAfter: undefined };

/** Notary's own root certificates are for this (RFC 5280 section 4.2.1.12); authorities that name purposes must allow it. */
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

export function windowOf(...certificates: readonly Certificate[]): Window {
  return {
    notBefore: latest(...certificates.map(({ notBefore }) => notBefore)),
    notAfter: earliest(...certificates.map(({ notAfter }) => notAfter)),
  };
}

/**
 * When a chain from the leaf to one of the roots holds, or why none ever does. There is no clock here: a chain holds at some
 * time if it holds when the last of its certificates begins, so each beginning is tried, and the chain that holds longest
 * counts.
 */
export function chainWindow(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  roots: readonly Certificate[],
): Window | string {
  const beginnings = new Set([leaf, ...intermediates, ...roots].map(({ notBefore }) => notBefore));
  let best: Window | undefined;
  let why = "no chain leads to a pinned authority";
  for (const at of beginnings) {
    const chain = verifyChain(leaf, { intermediates, roots }, at, CODE_SIGNING);
    if (chain.kind === "untrusted") {
      if (at === leaf.notBefore) why = chain.detail;
      continue;
    }
    const window = windowOf(...chain.path);
    if (best === undefined || latest(best.notAfter, window.notAfter) !== best.notAfter) best = window;
  }
  return best ?? why;
}
