import { parseArgs } from "node:util";

import { InputError } from "../src/domain/errors.ts";

export type DemoOptions = {
  /** End after the table in place of staying up. */
  readonly once: boolean;
  /** Where the service listens; `undefined` leaves the choice. */
  readonly port: number | undefined;
  readonly help: boolean;
};

export const USAGE = `script/demo [--once] [--port N]

Shows the main job on this machine: a throw-away registry with images good and bad, all
queued, verified by a real service and explained. The service stays up until Ctrl-C.

  --once     end after the table
  --port N   the service's port (default 7070, or a free one if that is taken)
`;

/** Throws `InputError` for what is no option. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const { once = false, help = false, port } = parse(args);
  if (port !== undefined && !(/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535)) {
    throw new InputError("usage", `--port is "${port.slice(0, 40)}": write a number from 1 to 65535.`);
  }
  return { once, help, port: port === undefined ? undefined : Number(port) };
}

function parse(args: readonly string[]) {
  const options = {
    once: { type: "boolean" },
    port: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError("usage", `${why}. The demonstration knows --once, --port and --help.`, { cause: error });
  }
}
