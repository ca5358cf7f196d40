/** One regular file of a layout. */
export type LayoutFile = {
  readonly size: number;
  /** The file's bytes from its start, in pieces. */
  readonly read: () => AsyncIterable<Uint8Array>;
};

/** Where a layout's files are: a folder or an archive. */
export interface LayoutFiles {
  /** For messages: the path the operator gave. */
  readonly place: string;
  /** `undefined` if there is none. A path is `oci-layout`, `index.json` or made of a parsed digest. Throws `PortError`. */
  find(path: string): Promise<LayoutFile | undefined>;
}
