import type { DestinationStream } from "pino";

import { InputError } from "../domain/errors.ts";
import { createEvents, type Events } from "./events.ts";
import { createLog, LOG_LEVELS, type Log, type LogLevel } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

/** What a process says of itself: lines, counters, and business events that are both. */
export type Telemetry = { readonly log: Log; readonly metrics: Metrics; readonly events: Events };

/** `stream` takes the log's lines (standard error unless given). Throws `InputError` for an unknown level. */
export function createTelemetry(options: {
  readonly level: string;
  readonly stream?: DestinationStream;
  readonly processMetrics?: boolean;
}): Telemetry {
  const log = createLog(parseLevel(options.level), options.stream);
  const metrics = createMetrics({ processMetrics: options.processMetrics ?? false });
  return { log, metrics, events: createEvents(log, metrics) };
}

function parseLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text);
  if (level !== undefined) return level;
  throw new InputError(
    "configuration",
    `ASSAY_LOG_LEVEL is "${text.slice(0, 40)}": write one of ${LOG_LEVELS.join(", ")}`,
  );
}
