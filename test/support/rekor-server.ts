import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { canonicalJson } from "../../src/crypto/canonical-json.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { leafHash } from "../../src/crypto/merkle-tree.ts";
import { bodyOf } from "./request-body.ts";
import { dsseBody, hashedRekordBody } from "./signing/log-bodies.ts";
import type { VirtualEntry, VirtualLog } from "./signing/virtual-log.ts";

/** What clients post: enough of Rekor's models to make the body canonical. */
type Proposed = {
  readonly kind: string;
  readonly spec: {
    readonly data: { readonly hash: { readonly value: string } };
    readonly signature: { readonly content: string; readonly publicKey: { readonly content: string } };
    readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly string[] };
    readonly content: { readonly envelope: string };
    readonly publicKey: string;
  };
};

type Envelope = { readonly payload: string; readonly signatures: readonly { readonly sig: string }[] };

/** The upload half of Rekor v1's API over a virtual log, so that real clients sign against a log of ours. */
export async function startRekor(log: VirtualLog): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      if (request.method !== "POST" || request.url !== "/api/v1/log/entries") {
        response.writeHead(404).end("{}");
        return;
      }
      const entry = log.append(
        canonicalBody(JSON.parse(text.toString("utf8")) as Proposed),
        Math.floor(Date.now() / 1000),
      );
      const uuid = `0000000000000042${Buffer.from(leafHash(entry.body)).toString("hex")}`;
      const headers = { "content-type": "application/json", location: `/api/v1/log/entries/${uuid}`, etag: uuid };
      response.writeHead(201, headers).end(JSON.stringify({ [uuid]: answerOf(entry) }));
    });
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
}

function canonicalBody({ kind, spec }: Proposed): Buffer {
  if (kind === "dsse") {
    const envelope = JSON.parse(spec.proposedContent.envelope) as Envelope;
    const [signature = { sig: "" }] = envelope.signatures;
    const [verifier = ""] = spec.proposedContent.verifiers;
    const body = dsseBody({
      content: Buffer.from(envelope.payload, "base64"),
      signature: Buffer.from(signature.sig, "base64"),
      pem: Buffer.from(verifier, "base64").toString(),
    });
    const entry = JSON.parse(body.toString()) as { spec: { envelopeHash: { value: string } } };
    entry.spec.envelopeHash.value = hexDigest(Buffer.from(spec.proposedContent.envelope));
    return Buffer.from(canonicalJson(entry));
  }
  if (kind === "intoto") return intotoBody1(spec);
  const body = hashedRekordBody({
    content: Buffer.alloc(0),
    signature: Buffer.from(spec.signature.content, "base64"),
    pem: Buffer.from(spec.signature.publicKey.content, "base64").toString(),
  });
  const entry = JSON.parse(body.toString()) as Proposed & { spec: { data: { hash: { value: string } } } };
  Object.assign(entry.spec.data.hash, spec.data.hash);
  return Buffer.from(JSON.stringify(entry));
}

/** What cosign 2 posts as `intoto` 0.0.1: the log keeps the hashes of the envelope and of its payload, and the key. */
function intotoBody1({ content, publicKey }: Proposed["spec"]): Buffer {
  const { payload } = JSON.parse(content.envelope) as Envelope;
  const spec = {
    content: {
      hash: { algorithm: "sha256", value: hexDigest(Buffer.from(content.envelope)) },
      payloadHash: { algorithm: "sha256", value: hexDigest(Buffer.from(payload, "base64")) },
    },
    publicKey,
  };
  return Buffer.from(canonicalJson({ apiVersion: "0.0.1", kind: "intoto", spec }));
}

function hexDigest(bytes: Uint8Array): string {
  return digestOf(bytes).slice("sha256:".length);
}

function answerOf(entry: VirtualEntry): object {
  const { proof } = entry;
  return {
    body: entry.body.toString("base64"),
    integratedTime: entry.integratedTime,
    logID: entry.logId,
    logIndex: entry.logIndex,
    verification: {
      signedEntryTimestamp: entry.set.toString("base64"),
      inclusionProof: {
        logIndex: proof.logIndex,
        treeSize: proof.treeSize,
        rootHash: proof.rootHash.toString("hex"),
        hashes: proof.hashes.map((hash) => hash.toString("hex")),
        checkpoint: proof.checkpoint,
      },
    },
  };
}
