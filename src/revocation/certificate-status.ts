import { revocationPointsOf } from "../crypto/revocation-points.ts";
import { InputError } from "../domain/errors.ts";
import type { ChainLink } from "./chain-link.ts";
import { listStatus, type Material } from "./list-status.ts";
import { responderStatus } from "./responder-status.ts";
import { anyOf, unknown, type Status } from "./status.ts";

/** What is known of one certificate, by OCSP or else by lists. Never throws. */
export function certificateStatus(link: ChainLink, material: Material): Status {
  try {
    return byMethods(link, material);
  } catch (error) {
    if (error instanceof InputError) return unknown("malformed", error.message);
    throw error;
  }
}

function byMethods(link: ChainLink, material: Material): Status {
  const { ocsp, crls, namesDelta } = revocationPointsOf(link.certificate);
  const methods: Status[] = [];
  if (ocsp?.refused !== undefined) methods.push(unknown("unsupported", `by OCSP: ${ocsp.refused}`));
  else if (ocsp !== undefined) methods.push(responderStatus(link, material));
  if (crls.length > 0) methods.push(listStatus(link, material));
  const nothing: Status = namesDelta
    ? unknown("unsupported", "it names changes to a revocation list (freshest CRL) and no list")
    : {
        kind: "good",
        until: undefined,
        notes: [
          `the certificate with the serial number ${link.certificate.serial} cannot be revoked: it names neither OCSP nor a revocation list`,
        ],
      };
  return anyOf(methods, nothing);
}
