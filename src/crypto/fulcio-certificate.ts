import { FULCIO_EXTENSIONS, type FulcioExtension } from "../domain/fulcio-extensions.ts";
import type { Certificate } from "./certificate.ts";
import { readUtf8, utf8Of } from "./certificate-names.ts";
import { derError, readDer } from "./der.ts";

const FULCIO = "1.3.6.1.4.1.57264.1";
/** Whoever vouched for the signer to Fulcio, in the form of the first extensions. */
const ISSUER_1 = 1;
/** The first six hold their text as it is, later ones a UTF8String (sigstore/fulcio, docs/oid-info.md, "Extension values"). */
const LAST_RAW = 6;

/** Who vouched for the signer to Fulcio. Throws `InputError` for two extensions that do not agree. */
export function identityProvider(certificate: Certificate): string | undefined {
  const [first, second] = [valueOf(certificate, ISSUER_1), valueOf(certificate, FULCIO_EXTENSIONS.issuer)];
  if (first !== undefined && second !== undefined && first !== second) {
    throw derError("a certificate that names two issuers of its identity");
  }
  return second ?? first;
}

/** What one of Fulcio's extensions says; `undefined` where it is absent. Throws `InputError`. */
export function fulcioExtension(certificate: Certificate, name: FulcioExtension): string | undefined {
  return name === "issuer" ? identityProvider(certificate) : valueOf(certificate, FULCIO_EXTENSIONS[name]);
}

function valueOf({ extensions }: Certificate, arc: number): string | undefined {
  const extension = extensions.all.get(`${FULCIO}.${arc}`);
  if (extension === undefined) return undefined;
  return arc <= LAST_RAW ? readUtf8(extension.value) : utf8Of(readDer(extension.value));
}
