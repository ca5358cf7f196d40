import type { Command, Context } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { count, policyPath, problemTexts } from "./policy-files.ts";
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
  const reading = await tools.policy.load(path);
  const style = styleFor(io.outIsTerminal, io.env);
  if (reading.kind === "refused") {
    for (const text of await problemTexts(reading.problems, "error", { style, tools })) io.out(text);
    const many = count(reading.problems.length, "problem");
    io.err(`assay: ${printable(path)} has ${many}; nothing of it can be used until they are mended\n`);
    return EXIT.usage;
  }
  const { warnings, policies, authorities } = reading.set;
  for (const text of await problemTexts(warnings, "warning", { style, tools })) io.out(text);
  const found = [
    count(policies.length, "policy", "policies"),
    count(authorities.length, "authority", "authorities"),
    count(warnings.length, "warning"),
  ];
  io.out(`${style.good("✔")} ${printable(path)}: ${found.join(", ")}\n`);
  return EXIT.allowed;
}
