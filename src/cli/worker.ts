import { InputError } from "../domain/errors.ts";
import type { Command, Context } from "./command.ts";
import type { ExitCode } from "./exit-code.ts";
import { GRACE, parseGrace } from "./serve.ts";
import { inForceLines, runUntilStopped } from "./service.ts";
import { readSettings, SETTINGS } from "./settings.ts";

/** `assay worker`: takes jobs that API processes elsewhere have queued. */
export const worker: Command = {
  name: "worker",
  summary: "do the work that servers have queued (needs REDIS_URL)",
  operands: "[options]",
  flags: [SETTINGS.policy, GRACE, SETTINGS.plainHttp, SETTINGS.ca],
  notes: [
    "Without Redis the queue lives inside assay serve, which runs its workers itself.",
    "SIGTERM or SIGINT lets running jobs finish and hands the rest back, a second one ends at once.",
  ],
  run: runWorker,
};

async function runWorker(context: Context): Promise<ExitCode> {
  const { args, io, tools } = context;
  const graceMs = parseGrace(context);
  const config = readSettings(args, io);
  if (config.redisUrl === undefined) {
    throw new InputError(
      "configuration",
      `REDIS_URL is not set, so there is no queue to work on: set it, or run "assay serve", which works for itself.`,
    );
  }
  const app = await tools.compose(config, {
    purpose: "worker",
    inlinePolicies: [],
    localImages: [],
    platform: undefined,
  });
  await app.startWorkers().catch(async (error: unknown) => {
    await app.close(0);
    throw error;
  });
  for (const line of inForceLines(config, app)) io.err(`${line}\n`);
  io.out(`working on up to ${config.concurrency} jobs at once\n`);
  return runUntilStopped(io, graceMs, () => app.close(graceMs));
}
