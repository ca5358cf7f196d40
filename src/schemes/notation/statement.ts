import { certificatesOfPem } from "../../crypto/certificate-pem.ts";
import { isIssuedBy, isSameCertificate, type Certificate } from "../../crypto/certificate.ts";
import type { TimestampAuthority } from "../../crypto/timestamp.ts";
import { InputError } from "../../domain/errors.ts";
import { parseInstant } from "../../domain/instant.ts";
import { formatRepository, type Repository } from "../../domain/reference.ts";
import type { NotationAuthority, NotationStatement, NotationStore } from "../../domain/trust.ts";
import { identitiesProblem, parseX509Identity, type X509Identity } from "../../domain/x509-identity.ts";
import { subjectOf } from "./certificate-subject.ts";
import type { SigningScheme } from "./signed-header.ts";

/** A named store with its certificates read. */
export type TrustStore = Pick<NotationStore, "type" | "name"> & { readonly certificates: readonly Certificate[] };

/** A statement of a trust policy with its texts read. */
export type Statement = Pick<NotationStatement, "name" | "scopes" | "level" | "actions" | "verifyTimestamp"> & {
  readonly stores: readonly TrustStore[];
  readonly identities: readonly X509Identity[];
  /** Whose timestamps count; empty where no `tsa` store is named, and then none is asked for. */
  readonly timestampAuthorities: readonly TimestampAuthority[];
};

const EVER = parseInstant("0000-01-01T00:00:00Z");

/** Throws `InputError` for stores and identities that could never vouch, or would vouch for more than they say. */
export function compileStatements({ statements }: NotationAuthority): readonly Statement[] {
  if (statements.length === 0) throw new InputError("policy", "the trust policy has no statement");
  return statements.map(compileStatement);
}

function compileStatement(statement: NotationStatement): Statement {
  const { name, scopes, level, actions, verifyTimestamp } = statement;
  const stores = statement.stores.map(readStore);
  const problem = level === "skip" ? undefined : identitiesProblem(statement.identities);
  if (problem !== undefined) throw new InputError("policy", `the trust policy statement "${name}" ${problem}`);
  const timestampAuthorities = stores
    .filter(({ type }) => type === "tsa")
    .flatMap(({ certificates }) => certificates)
    .map((root) => ({ leaf: undefined, intermediates: [], root, notBefore: EVER, notAfter: undefined }));
  const identities = statement.identities.map(parseX509Identity);
  return { name, scopes, level, actions, verifyTimestamp, stores, identities, timestampAuthorities };
}

/** Only roots and certificates that sign themselves belong into a store, and for timestamps only roots. */
function readStore({ type, name, certificates }: NotationStore): TrustStore {
  const read = certificates.flatMap(({ pem, from }) =>
    certificatesOfPem(pem, from).map((certificate) => checked(certificate, type, from)),
  );
  if (read.length === 0) throw new InputError("policy", `the trust store ${type}:${name} holds no certificate`);
  return { type, name, certificates: read };
}

function checked(certificate: Certificate, type: NotationStore["type"], from: string): Certificate {
  const signsItself = isIssuedBy(certificate, certificate);
  if (signsItself || (type !== "tsa" && certificate.extensions.isAuthority)) return certificate;
  const expected = type === "tsa" ? "a root certificate" : "one of an authority, or one that signs itself";
  throw new InputError("key", `${from}: the certificate of ${subjectOf(certificate)} is not ${expected}`);
}

/** The statement whose scopes have exactly this repository, else the one for all. */
export function statementFor(statements: readonly Statement[], repository: Repository): Statement | undefined {
  const name = formatRepository(repository);
  return (
    statements.find(({ scopes }) => scopes.includes(name)) ?? statements.find(({ scopes }) => scopes.includes("*"))
  );
}

const STORE_TYPE: Readonly<Record<SigningScheme, NotationStore["type"]>> = {
  "notary.x509": "ca",
  "notary.x509.signingAuthority": "signingAuthority",
};

/** The store that a chain leads into, of the type that the signing scheme asks for; its root is there as a rule. */
export function storeOf(
  chain: readonly Certificate[],
  scheme: SigningScheme,
  { stores }: Statement,
): TrustStore | undefined {
  return stores.find(
    ({ type, certificates }) =>
      type === STORE_TYPE[scheme] &&
      chain.some((certificate) => certificates.some((trusted) => isSameCertificate(trusted, certificate))),
  );
}
