import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

import { composeApp, readPolicies } from "../compose.ts";
import { InputError } from "../domain/errors.ts";
import { parseReference } from "../domain/reference.ts";
import { verdictJson } from "../domain/verdict-json.ts";
import { explainPolicy } from "../policy/explain.ts";
import { policyJsonSchema } from "../policy/json-schema.ts";
import { matchPolicies } from "../policy/match.ts";
import { parsePolicyTests } from "../policy/policy-test-document.ts";
import { runPolicyTests } from "../policy/policy-test.ts";
import type { CliTools, PolicyTools } from "./app.ts";

const DEMO = new URL("../../demo/main.ts", import.meta.url);

/** What the commands are given when the program runs for real. */
export function cliTools(): CliTools {
  return { compose: composeApp, verdictJson, policy: POLICY_TOOLS, readText, demo: loadDemo };
}

const POLICY_TOOLS: PolicyTools = {
  load: (path) => Promise.resolve(readPolicies(path)),
  matching: (set, image) => matchPolicies(set, image.repository),
  explain: explainPolicy,
  schema: policyJsonSchema,
  test: (set, files) => {
    const parse = parsePolicyTests(files);
    if (parse.kind === "refused") return parse;
    return { kind: "ran", outcomes: runPolicyTests(set, parse.tests, parseReference) };
  },
};

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const cause = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new InputError("usage", `${path} cannot be read (${cause}): check the path and who may read it.`, {
      cause: error,
    });
  }
}

/** The demonstration signs and serves images, so it comes with the source and not with the service. */
async function loadDemo(): ReturnType<CliTools["demo"]> {
  if (!existsSync(DEMO)) return undefined;
  const demo = (await import(DEMO.href)) as { readonly main: (args: readonly string[]) => Promise<number> };
  return demo.main;
}
