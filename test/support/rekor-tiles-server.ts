import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { canonicalJson } from "../../src/crypto/canonical-json.ts";
import { bodyOf } from "./request-body.ts";
import { bundleEntry } from "./signing/bundle.ts";
import type { VirtualLog } from "./signing/virtual-log.ts";

/** What cosign 3 posts, also of envelopes: the hash of what was signed. */
type Proposed = {
  readonly hashedRekordRequestV002: {
    readonly digest: string;
    readonly signature: { readonly content: string; readonly verifier: { readonly keyDetails: string } };
  };
};

/** The upload half of Rekor v2's API, for hashed records. Its entries have no time and no promise, only a proof. */
export async function startRekorTiles(log: VirtualLog): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      if (request.method !== "POST" || request.url !== "/api/v2/log/entries") {
        response.writeHead(404).end("{}");
        return;
      }
      const { proof, ...entry } = log.append(canonicalBody(JSON.parse(text.toString("utf8")) as Proposed));
      const checkpoint = log.checkpoint(proof.treeSize, proof.rootHash, log.origin);
      const {
        inclusionPromise: _,
        integratedTime: __,
        ...answer
      } = bundleEntry({ ...entry, proof: { ...proof, checkpoint } });
      response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

function canonicalBody({ hashedRekordRequestV002: { digest, signature } }: Proposed): Buffer {
  const spec = { hashedRekordV002: { data: { algorithm: "SHA2_256", digest }, signature } };
  return Buffer.from(canonicalJson({ apiVersion: "0.0.2", kind: "hashedrekord", spec }));
}
