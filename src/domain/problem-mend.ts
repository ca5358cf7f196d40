import type { InputCode, PortCode } from "./errors.ts";

/** What to do where something could not be seen. Total: nobody is left with a gap and no next step. */
const GAP_MENDS: Readonly<Record<PortCode, string>> = {
  unreachable: "check the host name, the network and the proxy, and try again",
  timeout: "try again, or allow more time (on the command line with --timeout)",
  unauthorized: "log in with an account that may read it: docker login, or DOCKER_CONFIG",
  "rate-limited": "wait and try again, or log in for a higher limit",
  "server-error": "try again later; the failure is on the other side",
  "not-found": "check the name, the tag and the digest; was all of it pushed?",
  "blocked-address": "if the host is yours, name it in ASSAY_PRIVATE_HOSTS",
  "too-large": "the content is larger than Assay reads; check what was pushed",
  "too-many": "the list is longer than Assay reads; check what was pushed",
  "digest-mismatch": "do not use it: the content is not what its digest names",
  malformed: "check that the host is the one that is meant: its answer cannot be read",
  unsupported: "make and push it again with a current client, or ask the operator of the server that answered so",
  aborted: "try again: the look was broken off before it ended",
  "store-unavailable": "check Assay's own store (ASSAY_DATA or REDIS_URL)",
  conflict: "have the same image signed under this name by all who say what it is, or name it by digest",
};

const INPUT_MENDS: Readonly<Partial<Record<InputCode, string>>> = {
  manifest: "push the image again with a current client",
};

/** What to do about a gap: a clause without capital or full stop. */
export function mendOfGap(code: PortCode): string {
  return GAP_MENDS[code];
}

/** The same for an image that could not be judged at all; a newer server may use a word that is not known here. */
export function mendOfProblem(code: string): string | undefined {
  const mends: Readonly<Record<string, string | undefined>> = { ...INPUT_MENDS, ...GAP_MENDS };
  return Object.hasOwn(mends, code) ? mends[code] : undefined;
}
