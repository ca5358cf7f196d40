import type { Digest } from "../../domain/digest.ts";
import type { Signatories } from "../../domain/policy.ts";
import type { AuthorityName } from "../../domain/trust.ts";
import type { Cite } from "../../domain/verdict.ts";
import { allOf, describeGap, satisfied, undetermined, violated, type Judgement } from "../judgement.ts";
import { platformName } from "../runnable-platforms.ts";
import { struct } from "../schema.ts";
import { formatSignatories, membersOf, signatories } from "../signatories.ts";
import { isSatisfiable } from "../signer-matching.ts";
import { describeShortfall } from "../signature-shortfall.ts";
import { ballotOf, countedSigners, type Ballot } from "../votes.ts";
import type { Case, RuleDefinition, RuleOf } from "./rule.ts";

type SignedRule = RuleOf<"signed">;

/** Something that must be vouched for, and the digests a signature on any of which does so. */
type Target = { readonly label: string; readonly digests: readonly Digest[] };

const schema = struct({ by: signatories }).transform(({ by }): SignedRule => ({ kind: "signed", by }));

function judge({ by }: SignedRule, of: Case): Judgement {
  const { digest, containedIn, platforms } = of.facts;
  const whole = { label: of.image, digests: [digest] };
  switch (of.platforms.signatures) {
    case "index":
      return judgeTarget(by, whole, of);
    case "each":
      if (platforms.length === 0) {
        return violated(
          "not-runnable",
          `${of.image} has no platform that can be run, each of which would have to be signed.`,
        );
      }
      return allOf(platformTargets(of, []).map((target) => judgeTarget(by, target, of)));
    case "either":
      return judgeEither(by, { label: of.image, digests: [digest, ...containedIn] }, of);
  }
}

/**
 * A signature on the whole speaks for every part, for an index names its members by digest. Otherwise every runnable part
 * must be signed, also those outside `only`: an unsigned extra platform is how an index is tampered with.
 */
function judgeEither(by: Signatories, whole: Target, of: Case): Judgement {
  const parts = platformTargets(of, whole.digests).filter(({ digests }) => digests.length > whole.digests.length);
  if (parts.length === 0) return judgeTarget(by, whole, of);
  const asWhole = judgeTarget(by, whole, of);
  return asWhole.outcome === "satisfied" ? asWhole : allOf(parts.map((part) => judgeTarget(by, part, of)));
}

function platformTargets(of: Case, wholes: readonly Digest[]): readonly Target[] {
  return of.facts.platforms.map((platform) => ({
    label: `${of.image} (${platformName(platform)})`,
    digests: [...new Set([platform.digest, ...wholes])],
  }));
}

function judgeTarget(by: Signatories, target: Target, of: Case): Judgement {
  const ballots = new Map([...new Set(membersOf(by))].map((name) => [name, ballotOf(name, target.digests, of)]));
  const signersOf = (name: AuthorityName): readonly string[] => signersIn(ballots.get(name));
  if (isSatisfiable(by, signersOf, () => false)) return signedBy(by, target, [...ballots.values()]);
  const isUnseen = (name: AuthorityName): boolean => isOpen(ballots.get(name));
  if (isSatisfiable(by, signersOf, isUnseen)) return couldNotTell(by, target, [...ballots.values()]);
  return describeShortfall(by, target.label, [...ballots.values()]);
}

function signersIn(ballot: Ballot | undefined): readonly string[] {
  return ballot === undefined ? [] : countedSigners(ballot);
}

function isOpen(ballot: Ballot | undefined): boolean {
  return ballot !== undefined && ballot.relied && ballot.holes.length > 0;
}

function signedBy(by: Signatories, target: Target, ballots: readonly Ballot[]): Judgement {
  const counted = ballots.filter((ballot) => ballot.relied);
  const cites = counted.flatMap(({ name, votes }) =>
    votes
      .filter(({ standing }) => standing === "counts")
      .map(({ fact }): Cite => ({ kind: "signature", digest: fact.artifact, authority: name })),
  );
  const names = counted.filter((ballot) => countedSigners(ballot).length > 0).map(({ name }) => name);
  const asked = by.kind === "authority" ? "" : `, as ${formatSignatories(by)} asks`;
  return satisfied(`${target.label} is signed by ${names.join(", ")}${asked}.`, cites);
}

function couldNotTell(by: Signatories, target: Target, ballots: readonly Ballot[]): Judgement {
  const holes = ballots.filter((ballot) => ballot.relied).flatMap((ballot) => ballot.holes);
  const gaps = holes.flatMap(({ gap }) => (gap === undefined ? [] : [gap]));
  const [gap] = gaps;
  const asked = `Whether ${target.label} is signed by ${formatSignatories(by)}`;
  if (gap === undefined) {
    return undetermined("not-collected", `${asked} has not been looked at yet. Verify the image against its registry.`);
  }
  const message = `${asked} could not be told (${describeGap(gap)}). Try again once it can be reached.`;
  return undetermined("gap", message, gaps);
}

/** Signatures by distinct signers, as the tree asks. */
export const signed: RuleDefinition<"signed"> = {
  kind: "signed",
  schema,
  needs: ({ by }) => ({ authorities: [...new Set(membersOf(by))], attesters: [], layers: "never", statements: [] }),
  judge,
  explain: ({ by }) => `is signed by ${formatSignatories(by)}`,
};
