import type { Certificate } from "../../crypto/certificate.ts";
import { childrenOf, oidOf, readDer, TAG } from "../../crypto/der.ts";
import { InputError } from "../../domain/errors.ts";

const COMMON_NAME = "2.5.4.3";

/** The common name of a certificate's subject; `undefined` if it has none, or more than one. */
export function commonNameOf({ subject }: Certificate): string | undefined {
  try {
    const parts = childrenOf(readDer(Buffer.from(subject, "hex")), TAG.sequence);
    const names = parts.flatMap((part) =>
      childrenOf(part, TAG.set).flatMap((attribute) => {
        const [type, value] = childrenOf(attribute, TAG.sequence);
        return oidOf(type) === COMMON_NAME && value !== undefined ? [Buffer.from(value.content).toString("utf8")] : [];
      }),
    );
    return names.length === 1 ? names[0] : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/**
 * Whether a certificate of this name may stand for the collection: it is the collection's own name, or one that ends in
 * `/*` and begins it up to that slash. Notary's clients compare without the slash, so that `acme*` would hold for `acme-evil`.
 */
export function isNameFor(commonName: string, gun: string): boolean {
  if (commonName === gun) return true;
  return /[^/*]\/\*$/.test(commonName) && gun.startsWith(commonName.slice(0, -1));
}
