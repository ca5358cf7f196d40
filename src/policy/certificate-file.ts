/** Certificates of a PKI have one or two KiB each. */
export const MAX_CERTIFICATES_BYTES = 256 * 1024;

/** Why a text is not made of PEM certificates, without repeating any of it; `undefined` if it is. */
export function certificatesProblem(text: string): string | undefined {
  if (text.length > MAX_CERTIFICATES_BYTES) return `is larger than ${MAX_CERTIFICATES_BYTES} bytes`;
  if (/PRIVATE KEY/.test(text)) return "holds a private key: name certificates alone, and keep this file elsewhere";
  const [begun, ended] = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"].map((line) => count(text, line));
  return begun !== 0 && begun === ended && begun === count(text, "-----BEGIN ")
    ? undefined
    : 'is not one or more certificates in PEM form ("-----BEGIN CERTIFICATE-----")';
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
