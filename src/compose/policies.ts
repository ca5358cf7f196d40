import { existsSync } from "node:fs";

import { describeProblems, loadPolicies, parsePolicyTexts } from "../adapters/files/policy-files.ts";
import { openPolicySource } from "../adapters/files/policy-source.ts";
import type { AppOptions } from "../app.ts";
import type { Config } from "../config.ts";
import { InputError } from "../domain/errors.ts";
import type { PolicySet } from "../domain/policy.ts";
import type { PolicyParse } from "../policy/parse.ts";
import { compileTrust } from "../pipeline/trust.ts";
import type { PolicySource } from "../ports/policy-source.ts";
import { SCHEMES } from "../schemes/index.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

const NO_POLICIES: PolicySet = { authorities: [], policies: [], warnings: [] };

/** The policies this process is to judge by. Throws `InputError` with every problem of the files. */
export function openPolicies(config: Config, options: AppOptions, telemetry: Telemetry): PolicySource {
  const source = chooseSource(config, options, telemetry);
  return options.platform === undefined ? source : onPlatform(source, options.platform);
}

/** The policies at a path as they stand, with every problem; for the commands that look at policies alone. */
export function readPolicies(path: string): PolicyParse {
  const { parse } = loadPolicies([path]);
  return parse;
}

function chooseSource(config: Config, { inlinePolicies, purpose }: AppOptions, telemetry: Telemetry): PolicySource {
  if (inlinePolicies.length > 0) return fixedSource(parseTexts(inlinePolicies));
  if (purpose === "inspect" && !existsSync(config.policy)) return fixedSource(NO_POLICIES);
  const source = openPolicySource([config.policy], {
    check: assertKeysReadable,
    onProblem: (problem) => telemetry.events.policyRefused(problem),
  });
  source.onChange((set) => telemetry.events.policyReloaded(set));
  return source;
}

function parseTexts(texts: AppOptions["inlinePolicies"]): PolicySet {
  const parse = parsePolicyTexts(texts);
  if (parse.kind === "refused") throw new InputError("policy", describeProblems(parse));
  assertKeysReadable(parse.set);
  return parse.set;
}

/** Key material is read here once, so that files with a key no scheme can use are refused like any other mistake in them. */
function assertKeysReadable(set: PolicySet): void {
  compileTrust(set.authorities, SCHEMES);
}

function fixedSource(set: PolicySet): PolicySource {
  return {
    current: () => set,
    onChange: () => () => undefined,
    problem: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** Judges one platform alone, whatever the files say; an image without it is denied. */
function onPlatform(source: PolicySource, platform: string): PolicySource {
  const narrowed = new WeakMap<PolicySet, PolicySet>();
  const narrow = (set: PolicySet): PolicySet => {
    const policies = set.policies.map((policy) => ({
      ...policy,
      platforms: { ...policy.platforms, only: [platform] },
    }));
    const known = narrowed.get(set) ?? { ...set, policies };
    narrowed.set(set, known);
    return known;
  };
  return {
    current: () => narrow(source.current()),
    onChange: (listener) => source.onChange((set) => listener(narrow(set))),
    problem: () => source.problem(),
    close: () => source.close(),
  };
}
