import { InputError } from "../domain/errors.ts";
import type { PolicyTestOutcome } from "./app.ts";
import type { Command, Context } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { count, loadOrTell, tellProblems } from "./policy-files.ts";
import { SETTINGS } from "./settings.ts";
import { printable, styleFor, type Style } from "./terminal-text.ts";

/** `assay policy test`: policies against written expectations, without a registry. */
export const policyTest: Command = {
  name: "policy test",
  summary: "run tests of policies, without a registry",
  operands: "[PATH] --tests FILE…",
  flags: [SETTINGS.policy, { name: "tests", value: "FILE", repeatable: true, help: "file of tests (repeatable)" }],
  notes: ["Exit: 0 all tests pass, 1 one does not, 3 usage, or policies or tests that cannot be read."],
  run: runTest,
};

async function runTest(context: Context): Promise<ExitCode> {
  const { args, tools } = context;
  const files = args.values("tests");
  if (files.length === 0) throw new InputError("usage", "No tests are named: give a file with --tests FILE.");
  const set = await loadOrTell(context);
  if (set === undefined) return EXIT.usage;
  const texts = await Promise.all(files.map(async (name) => ({ name, text: await tools.readText(name) })));
  const run = tools.policy.test(set, texts);
  if (run.kind === "ran") return tellOutcomes(run.outcomes, context);
  await tellProblems(run.problems, context);
  return EXIT.usage;
}

function tellOutcomes(outcomes: readonly PolicyTestOutcome[], { args, io }: Context): ExitCode {
  if (outcomes.length === 0) {
    throw new InputError("usage", `No test is written in ${args.values("tests").join(", ")}: no test is no proof.`);
  }
  const style = styleFor(io.outIsTerminal, io.env);
  for (const outcome of outcomes) io.out(outcomeText(outcome, style));
  const failed = outcomes.filter(({ passed }) => !passed).length;
  io.out(`${count(outcomes.length, "test")}: ${outcomes.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? EXIT.allowed : EXIT.denied;
}

function outcomeText({ name, at, passed, message }: PolicyTestOutcome, style: Style): string {
  if (passed) return `${style.good("✔")} ${printable(name)}\n`;
  const place = printable(`${at.file}:${at.line}:${at.column}`);
  return `${style.bad("✖")} ${printable(name)}\n  ${place}: ${printable(message)}\n`;
}
