import { runCli } from "./cli/run-cli.ts";
import { processIo, whenWritten } from "./cli/io.ts";
import { program } from "./cli/program.ts";

const code = await runCli(process.argv.slice(2), processIo(), program());
await whenWritten();
// A gate must not hang on a socket that somebody forgot to close: what was to be said is said.
process.exit(code);
