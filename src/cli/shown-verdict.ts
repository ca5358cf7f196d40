import type { Finding, SignatureTried, Verdict } from "../domain/verdict.ts";

type Maybe<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/** One signature tried, as far as whoever judged tells of it. */
export type ShownSignature = Pick<SignatureTried, "scheme" | "authority" | "status" | "source"> &
  Maybe<Omit<SignatureTried, "scheme" | "authority" | "status" | "source">>;

export type ShownFinding = Omit<Finding, "reason" | "authority"> & Maybe<Pick<Finding, "reason" | "authority">>;

/** What a report needs of a verdict: a whole one judged here, or one as the HTTP API gives it, which leaves details out. */
export type ShownVerdict = Omit<Verdict, "findings" | "signatures" | "validFrom" | "validUntil"> &
  Maybe<Pick<Verdict, "validFrom" | "validUntil">> & {
    readonly findings: readonly ShownFinding[];
    readonly signatures: readonly ShownSignature[];
  };
