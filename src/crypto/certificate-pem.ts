import { InputError } from "../domain/errors.ts";
import { parseCertificate, type Certificate } from "./certificate.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----/g;
/** More than any trust store or chain has; each costs a parse. */
const MAX_CERTIFICATES = 512;

/** Every certificate of a PEM text, in its order; text between blocks is comment. Throws `InputError` if there is none. */
export function certificatesOfPem(pem: string, from: string): readonly Certificate[] {
  const blocks = [...pem.matchAll(BLOCK)].map(([, body = ""]) => Buffer.from(body, "base64"));
  const begun = pem.split("-----BEGIN").length - 1;
  if (blocks.length === 0 || begun !== blocks.length) {
    throw new InputError("key", `${from} is not made of PEM blocks "-----BEGIN CERTIFICATE-----" alone`);
  }
  if (blocks.length > MAX_CERTIFICATES) {
    throw new InputError(
      "key",
      `${from} holds ${blocks.length} certificates, more than the ${MAX_CERTIFICATES} allowed`,
    );
  }
  return blocks.map(parseCertificate);
}

const ONE = /^\s*-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----\s*$/;

/** The bytes of a text that is one PEM certificate, whatever they are; `undefined` for any other text. */
export function certificateOfPem(pem: string): Uint8Array | undefined {
  const [, body] = ONE.exec(pem) ?? [];
  return body === undefined ? undefined : Buffer.from(body, "base64");
}
