import type { Command, Context } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { count, policyPath, problemText } from "./policy-files.ts";
import { SETTINGS } from "./settings.ts";
import { printable, styleFor } from "./terminal-text.ts";

/** `assay policy check`: whether the files can be put in force, and what is odd about them. */
export const policyCheck: Command = {
  name: "policy check",
  summary: "find mistakes in policy files",
  operands: "[PATH]",
  flags: [SETTINGS.policy],
  notes: ["Exit: 0 the policies can be used (warnings are listed), 3 they cannot."],
  run: runCheck,
};

async function runCheck(context: Context): Promise<ExitCode> {
  const { io, tools } = context;
  const path = policyPath(context);
  const loaded = await tools.policy.load(path);
  const style = styleFor(io.outIsTerminal, io.env);
  if (loaded.kind === "refused") {
    for (const problem of loaded.problems) io.out(problemText(problem, loaded, style, "error"));
    io.err(
      `assay: ${printable(path)} has ${count(loaded.problems.length, "problem")}; nothing of it can be used until they are mended\n`,
    );
    return EXIT.usage;
  }
  const { warnings, policies, authorities } = loaded.set;
  for (const warning of warnings) io.out(problemText(warning, loaded, style, "warning"));
  const found = [
    count(policies.length, "policy").replace("policys", "policies"),
    count(authorities.length, "authority").replace("authoritys", "authorities"),
  ];
  io.out(`${style.good("✔")} ${printable(path)}: ${found.join(", ")}, ${count(warnings.length, "warning")}\n`);
  return EXIT.allowed;
}
