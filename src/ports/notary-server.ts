/** Which trust collection is asked for: a server, how its TLS is trusted beside the system's roots, and the name. */
export type NotaryCollection = { readonly server: string; readonly ca: string | undefined; readonly gun: string };

/** Reads metadata from Notary v1 servers; never writes. Nothing it returns is verified. */
export interface NotaryServer {
  /**
   * One file of a collection, such as `root.json`, `2.root.json` or `timestamp.json`, at most `limit` bytes; `undefined` if
   * the server does not have it. Throws `PortError`.
   */
  metadata(
    collection: NotaryCollection,
    file: string,
    limit: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined>;
}
