import { parseReference } from "../domain/reference.ts";
import type { Command, Context } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { loadOrTell, policyPath } from "./policy-files.ts";
import { SETTINGS } from "./settings.ts";
import { printable, styleFor } from "./terminal-text.ts";

/** `assay policy explain`: which policies speak about an image, and what they demand, in sentences. */
export const policyExplain: Command = {
  name: "policy explain",
  summary: "say what policies demand",
  operands: "[PATH] [--image REF]",
  flags: [SETTINGS.policy, { name: "image", value: "REF", help: "only the policies that match this image" }],
  notes: ["Nothing is fetched. Exit: 0, or 3 for policies that cannot be used."],
  run: runExplain,
};

async function runExplain(context: Context): Promise<ExitCode> {
  const { args, io, tools } = context;
  const word = args.value("image");
  const image = word === undefined ? undefined : parseReference(word);
  const set = await loadOrTell(context);
  if (set === undefined) return EXIT.usage;
  const policies = image === undefined ? set.policies : tools.policy.matching(set, image);
  if (policies.length === 0) io.out(`${printable(nothingMatches(word, policyPath(context)))}\n`);
  const style = styleFor(io.outIsTerminal, io.env);
  const blocks = policies.map((policy) => {
    const [head = "", ...demands] = tools.policy.explain(policy).map(printable);
    return [style.strong(head), ...demands.map((demand) => `  ${demand}`)];
  });
  if (blocks.length > 0) io.out(`${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`);
  if (image !== undefined && policies.length > 1)
    io.out(`\nEvery one of these ${policies.length} policies must be satisfied.\n`);
  return EXIT.allowed;
}

function nothingMatches(word: string | undefined, path: string): string {
  const about = word === undefined ? `There is no policy in ${path}` : `No policy in ${path} matches ${word}`;
  return `${about}: what no policy matches is denied, unless ASSAY_UNSAFE_UNMATCHED says otherwise.`;
}
