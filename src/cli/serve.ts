import { InputError } from "../domain/errors.ts";
import type { App } from "../app.ts";
import type { Command, Context } from "./command.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Flag } from "./flags.ts";
import { inForceLines, runUntilStopped } from "./service.ts";
import { parsePeriod, readServiceSettings, SETTINGS } from "./settings.ts";

/** Below the 30 seconds that Kubernetes gives a pod by default. */
const DEFAULT_GRACE = "25s";

export const GRACE: Flag = {
  name: "grace",
  value: "DURATION",
  help: `how long running work may take to finish when stopped (default ${DEFAULT_GRACE})`,
};

/** `assay serve`: the HTTP API, with its workers in the same process. */
export const serve: Command = {
  name: "serve",
  summary: "answer the HTTP API",
  operands: "[options]",
  flags: [
    SETTINGS.policy,
    { name: "api-only", help: "run no workers here; they run elsewhere as assay worker (needs REDIS_URL)" },
    GRACE,
    SETTINGS.plainHttp,
    SETTINGS.ca,
  ],
  notes: [
    "Listens on ASSAY_LISTEN (default 127.0.0.1:7070). Standard output gets one line, the address; what is in force goes to standard error.",
    "SIGTERM or SIGINT ends it in order, a second one at once.",
  ],
  run: runServe,
};

async function runServe(context: Context): Promise<ExitCode> {
  const { args, io, tools } = context;
  const graceMs = parseGrace(context);
  const config = readServiceSettings(args, io);
  if (args.has("api-only") && config.redisUrl === undefined) {
    throw new InputError(
      "usage",
      "--api-only leaves nobody to do the work: set REDIS_URL and run assay worker, or leave it out.",
    );
  }
  const app = await tools.compose(config, {
    purpose: "serve",
    inlinePolicies: [],
    localImages: [],
    platform: undefined,
  });
  await start(app, context).catch(async (error: unknown) => {
    await app.close(0);
    throw error;
  });
  for (const line of inForceLines(config, app)) io.err(`${line}\n`);
  return runUntilStopped(io, graceMs, () => app.close(graceMs));
}

/** Workers first: an API that accepts what nobody does would keep its callers waiting. */
async function start(app: App, { args, io }: Context): Promise<void> {
  if (!args.has("api-only")) await app.startWorkers();
  const api = await app.startApi();
  io.out(`listening on ${api.address}\n`);
}

/** Shared with `assay worker`. */
export function parseGrace({ args }: Context): number {
  return parsePeriod("grace", args.value("grace") ?? DEFAULT_GRACE);
}
