import type { Checked } from "./check-result.ts";

/** What a reader is told of a check that the operator only has logged: its failure, or from and until when it would hold. */
export function outcomeNote({ check, result }: Checked): readonly string[] {
  switch (result.kind) {
    case "fails":
      return [`${check} is only logged and fails with ${result.reason}: ${result.detail}`];
    case "unknown":
      return [`${check} is only logged and could not be told (${result.gap.code}: ${result.gap.what})`];
    case "holds": {
      const { notBefore, notAfter } = result.period;
      if (notBefore === undefined && notAfter === undefined) return [];
      const from = notBefore === undefined ? "" : ` from ${notBefore}`;
      const until = notAfter === undefined ? "" : ` until ${notAfter}`;
      return [`${check} is only logged and holds${from}${until}`];
    }
  }
}
