import { z } from "zod";

import type { UserFact } from "../../domain/facts.ts";
import type { Cite } from "../../domain/verdict.ts";
import { NO_NEEDS } from "../../domain/needs.ts";
import { effectiveUser, NO_CHOICE } from "../effective-user.ts";
import { satisfied, unseen, violated, type Judgement } from "../judgement.ts";
import { judgePlatforms, type JudgedPlatform } from "../runnable-platforms.ts";
import { struct } from "../schema.ts";
import type { RuleDefinition, RuleOf } from "./rule.ts";

type UserRule = RuleOf<"user">;

const is = z.enum(["nonRoot"]);

const full = struct({
  is,
  of: z.enum(["image", "effective"]).default("effective"),
  allowNamed: z.boolean().default(false),
});

const schema = z
  .union([is.transform((is) => ({ is, of: "effective" as const, allowNamed: false })), full])
  .transform((value): UserRule => ({ kind: "user", ...value }));

function judgePlatform(rule: UserRule, only: readonly string[], platform: JudgedPlatform): Judgement {
  const { facts, label } = platform;
  const { user } = facts;
  if (user.kind !== "known") return unseen(user, `The user of ${label}`);
  if (isDoubtfulWindows(facts, only)) {
    const message = `${label} is a Windows image by its own word alone, and a Linux node would look its USER up in etc/passwd. Push it with an index that declares windows, or write a policy whose platforms.only names windows alone.`;
    return violated("user-unresolvable", message, citesOf(facts.digest, user.value));
  }
  return judgeUser(rule, platform, user.value);
}

/**
 * Users of Windows are read by other rules, so who chooses the system chooses the rules: containerd starts a manifest that
 * is named by itself whatever system its configuration gives, and one in an index by what the index declares.
 */
function isDoubtfulWindows({ declared, config }: JudgedPlatform["facts"], only: readonly string[]): boolean {
  if (config.kind !== "known" || config.value.platform.os.toLowerCase() !== "windows") return false;
  if (declared !== undefined) return declared.os.toLowerCase() !== "windows";
  return only.length === 0 || !only.every((name) => name.startsWith("windows/"));
}

function judgeUser(rule: UserRule, { facts, label }: JudgedPlatform, user: UserFact): Judgement {
  const cites = citesOf(facts.digest, user);
  const written = user.configured === "" ? "no USER" : `USER ${JSON.stringify(user.configured.slice(0, 80))}`;
  const os = facts.config.kind === "known" ? facts.config.value.platform.os : "linux";
  // No pod is known here, so both forms of the rule are judged as for a pod that sets nothing.
  const who = effectiveUser(user, os, NO_CHOICE, NO_CHOICE);
  switch (who.verdict) {
    case "nonroot":
      return judgeNonRoot(rule, user, label, cites);
    case "root":
    case "root-in-user-namespace":
      return violated(
        "root-user",
        `${label} runs as root: ${written}; ${user.because}. Set USER to a number above 0.`,
        cites,
      );
    case "unresolvable":
      return violated(
        "user-unresolvable",
        `${label} has ${written}, which the image does not resolve: ${user.because}. Set USER to a number above 0.`,
        cites,
      );
    case "never-starts":
      return violated("user-unresolvable", `${label} never starts: ${who.because}.`, cites);
    case "invalid":
      return violated(
        "user-invalid",
        `${label} has ${written}, which runtimes read differently or refuse: ${user.because}. Set USER to a number above 0.`,
        cites,
      );
  }
}

function judgeNonRoot(rule: UserRule, user: UserFact, label: string, cites: readonly Cite[]): Judgement {
  if (user.verdict !== "nonroot-named")
    return satisfied(`${label} runs as ${user.uid ?? "a user other than root"}.`, cites);
  if (rule.allowNamed) return satisfied(`${label} runs as ${user.configured}, which is not root.`, cites);
  const written = `USER ${JSON.stringify(user.configured.slice(0, 80))}`;
  const message = `${label} has ${written}, a name, which a kubelet cannot verify. Write the number ${user.uid ?? "of that user"} instead, or set allowNamed: true.`;
  return violated("named-user", message, cites);
}

function citesOf(digest: JudgedPlatform["facts"]["digest"], user: UserFact): readonly Cite[] {
  const seen = user.sightings.map(({ layer, path }): Cite => ({ kind: "layer", digest: layer, path }));
  return [{ kind: "config", digest }, ...seen];
}

/** Who the container starts as. `of: effective` without a pod is judged as for a pod that sets nothing. */
export const user: RuleDefinition<"user"> = {
  kind: "user",
  schema,
  needs: () => ({ ...NO_NEEDS, layers: "if-user-named" }),
  judge: (rule, of) => judgePlatforms(of, (platform) => judgePlatform(rule, of.platforms.only, platform)),
  explain: ({ of, allowNamed }) =>
    `starts as a user other than root${allowNamed ? "" : ", given as a number"}${of === "image" ? ", whatever the pod says" : ""}`,
};
