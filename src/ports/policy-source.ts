import type { PolicySet } from "../domain/policy.ts";

/** The policies in force. A broken file keeps the last good set and reports; the first load throws `InputError`. */
export interface PolicySource {
  current(): PolicySet;
  /** Called after each change that parsed. Returns the way to stop. */
  onChange(listener: (set: PolicySet) => void): () => void;
  /** The latest reload's refusal, if the files on disk are not what is in force. */
  problem(): string | undefined;
  close(): Promise<void>;
}
