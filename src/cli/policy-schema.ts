import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Command, Context } from "./command.ts";

/** `assay policy schema`: the JSON Schema of policy files, for editors. */
export const policySchema: Command = {
  name: "policy schema",
  summary: "print the JSON Schema of policy files, for editors",
  operands: "",
  flags: [],
  notes: [
    'Editors that know the YAML language server take it from a first line "# yaml-language-server: $schema=policy.schema.json".',
  ],
  run: runSchema,
};

function runSchema({ io, tools }: Context): Promise<ExitCode> {
  io.out(`${JSON.stringify(tools.policy.schema(), undefined, 2)}\n`);
  return Promise.resolve(EXIT.allowed);
}
