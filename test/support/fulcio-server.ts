import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { childrenOf, readDer, TAG } from "../../src/crypto/der.ts";
import { bodyOf } from "./request-body.ts";
import type { VirtualCertificateLog } from "./signing/certificate-log.ts";
import type { FulcioAuthority, Identity } from "./signing/fulcio-authority.ts";

type Request = {
  readonly credentials?: { readonly oidcIdentityToken: string };
  readonly certificateSigningRequest?: string | null;
  readonly publicKeyRequest?: { readonly publicKey: { readonly content: string } };
  /** Version 1 of the interface. */
  readonly publicKey?: { readonly content: string };
};

const MINUTES = 10;

/** The signing half of Fulcio's interface, versions 1 and 2, over an authority of ours. It believes any token. */
export async function startFulcio(
  authority: FulcioAuthority,
  log: VirtualCertificateLog | undefined,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      const second = request.url === "/api/v2/signingCert";
      if (request.method !== "POST" || (!second && request.url !== "/api/v1/signingCert")) {
        response.writeHead(404).end("{}");
        return;
      }
      const body = JSON.parse(text.toString("utf8")) as Request;
      const token =
        body.credentials?.oidcIdentityToken ?? (request.headers.authorization ?? "").slice("Bearer ".length);
      const leaf = authority.issue({ identity: identityOf(token), spki: publicKeyOf(body), log, ...window() });
      const certificates = [leaf.pem, authority.intermediate.pem, authority.root.pem];
      if (second) {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates } } }));
        return;
      }
      response.writeHead(201, { "content-type": "application/pem-certificate-chain" }).end(certificates.join(""));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

function window(): { readonly notBefore: string; readonly notAfter: string } {
  const now = Date.now();
  return { notBefore: new Date(now).toISOString(), notAfter: new Date(now + MINUTES * 60_000).toISOString() };
}

function publicKeyOf(body: Request): Buffer {
  const request = body.certificateSigningRequest;
  if (typeof request === "string") {
    const [info] = childrenOf(readDer(derOf(Buffer.from(request, "base64").toString())), TAG.sequence);
    return Buffer.from(childrenOf(info, TAG.sequence)[2]!.bytes);
  }
  const given = body.publicKeyRequest?.publicKey.content ?? body.publicKey?.content ?? "";
  const pem = given.startsWith("-----BEGIN") ? given : Buffer.from(given, "base64").toString("latin1");
  return derOf(pem);
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ""), "base64");
}

type Claims = Readonly<Record<string, string | boolean>>;

function textOf(claims: Claims, name: string): string {
  return String(claims[name] ?? "");
}

/** The claims of tokens by GitHub's issuer, by the arc they have in a certificate; addresses are made absolute. */
const GITHUB: readonly (readonly [number, (claims: Claims) => string])[] = [
  [2, (claims) => textOf(claims, "event_name")],
  [3, (claims) => textOf(claims, "sha")],
  [4, (claims) => textOf(claims, "workflow")],
  [5, (claims) => textOf(claims, "repository")],
  [6, (claims) => textOf(claims, "ref")],
  [9, (claims) => `https://github.com/${textOf(claims, "job_workflow_ref")}`],
  [10, (claims) => textOf(claims, "job_workflow_sha")],
  [11, (claims) => textOf(claims, "runner_environment")],
  [12, (claims) => `https://github.com/${textOf(claims, "repository")}`],
  [13, (claims) => textOf(claims, "sha")],
  [14, (claims) => textOf(claims, "ref")],
  [15, (claims) => textOf(claims, "repository_id")],
  [16, (claims) => `https://github.com/${textOf(claims, "repository_owner")}`],
  [17, (claims) => textOf(claims, "repository_owner_id")],
  [18, (claims) => `https://github.com/${textOf(claims, "workflow_ref")}`],
  [19, (claims) => textOf(claims, "workflow_sha")],
  [20, (claims) => textOf(claims, "event_name")],
  [
    21,
    (claims) =>
      `https://github.com/${textOf(claims, "repository")}/actions/runs/${textOf(claims, "run_id")}/attempts/${textOf(claims, "run_attempt")}`,
  ],
  [22, (claims) => textOf(claims, "repository_visibility")],
];

function identityOf(token: string): Identity {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Claims;
  return identityOfClaims(claims);
}

/** As Fulcio writes an identity into a certificate from a token's claims. */
export function identityOfClaims(claims: Claims): Identity {
  const issuer = textOf(claims, "iss");
  if (claims["job_workflow_ref"] === undefined) {
    const [email, uri] = [textOf(claims, "email"), textOf(claims, "sub")];
    return { san: email === "" ? { uri } : { email }, claims: { 1: issuer, 8: issuer } };
  }
  const more = Object.fromEntries(GITHUB.map(([arc, read]) => [arc, read(claims)]));
  return {
    san: { uri: `https://github.com/${textOf(claims, "job_workflow_ref")}` },
    claims: { 1: issuer, ...more, 8: issuer },
  };
}
