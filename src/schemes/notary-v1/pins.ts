import { certificatesOfPem } from "../../crypto/certificate-pem.ts";
import { isSameCertificate, type Certificate } from "../../crypto/certificate.ts";
import { parsePublicKey, type PublicKey } from "../../crypto/public-key.ts";
import { InputError } from "../../domain/errors.ts";
import type { NotaryPins, PinnedKey } from "../../domain/trust.ts";

/** Where trust in a collection begins, read. */
export type Pins =
  | { readonly kind: "root-keys"; readonly keys: PinnedKeys }
  | { readonly kind: "certificate-authorities"; readonly roots: readonly Certificate[] }
  | { readonly kind: "unsafe-first-use" };

export type PinnedKeys = { readonly bare: readonly PublicKey[]; readonly certificates: readonly Certificate[] };

/** Throws `InputError` for what cannot be read, and for pins that pin nothing. */
export function compilePins(pins: NotaryPins): Pins {
  switch (pins.kind) {
    case "root-keys":
      return { kind: pins.kind, keys: compileKeys(pins.keys, "pins.rootKeys") };
    case "certificate-authorities": {
      const roots = pins.certificates.flatMap(({ pem, from }) => certificatesOfPem(pem, from));
      if (roots.length === 0) throw new InputError("policy", "pins.ca is empty: name at least one certificate");
      const leaf = roots.find((root) => !root.extensions.isAuthority);
      if (leaf !== undefined) {
        throw new InputError("policy", "pins.ca names a certificate of no authority: pin it under rootKeys instead");
      }
      return { kind: pins.kind, roots };
    }
    case "unsafe-first-use":
      return { kind: pins.kind };
  }
}

/** Throws `InputError` for an empty list: it would mean nobody, and be read as anybody. */
export function compileKeys(keys: readonly PinnedKey[], member: string): PinnedKeys {
  if (keys.length === 0) throw new InputError("policy", `${member} is empty: name at least one key`);
  const bare = keys.flatMap((key) => (key.kind === "key" ? [parsePublicKey(key.pem, key.from)] : []));
  const certificates = keys.flatMap((key) => (key.kind === "certificate" ? certificatesOfPem(key.pem, key.from) : []));
  return { bare, certificates };
}

export function pinsBareKey({ bare }: PinnedKeys, key: PublicKey): boolean {
  return bare.some(({ spki }) => spki === key.spki);
}

export function pinsCertificate({ certificates }: PinnedKeys, certificate: Certificate): boolean {
  return certificates.some((pinned) => isSameCertificate(pinned, certificate));
}

/** Whether the key is pinned in either form; what a certificate says besides its key is not looked at. */
export function pinsKey(pinned: PinnedKeys, key: PublicKey): boolean {
  return pinsBareKey(pinned, key) || pinned.certificates.some((certificate) => certificate.key.spki === key.spki);
}
