import { pino, type DestinationStream } from "pino";

const TEXT_FIELDS = [
  "request",
  "subject",
  "role",
  "address",
  "route",
  "method",
  "image",
  "digest",
  "verdict",
  "decision",
  "outcome",
  "policy",
  "authority",
  "scheme",
  "job",
  "priority",
  "code",
  "what",
  "detail",
  "why",
  "space",
  "file",
  "url",
] as const;
const NUMBER_FIELDS = ["status", "ms", "attempt", "count"] as const;

/**
 * What a log line may carry beside its fixed message. The list is closed, here and when the line is written: a header, a
 * token or a body has no name in it, so nothing need recognise a secret by its looks.
 */
export type LogFields = Readonly<
  Partial<
    Record<(typeof TEXT_FIELDS)[number], string | undefined> &
      Record<(typeof NUMBER_FIELDS)[number], number | undefined>
  >
>;

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Messages are constants of the program; whatever varies is a field. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** A mistake of ours, with its stack. */
  error(message: string, error: unknown, fields?: LogFields): void;
  readonly debugging: boolean;
}

/** Longer texts come from outside and say nothing more after this. */
const MAX_TEXT = 512;

function bounded(fields: LogFields): Record<string, string | number> {
  const kept: Record<string, string | number> = {};
  for (const name of TEXT_FIELDS) {
    const value = fields[name];
    if (value !== undefined) kept[name] = value.slice(0, MAX_TEXT);
  }
  for (const name of NUMBER_FIELDS) {
    const value = fields[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Only name, message and stack: an error's other members may be requests with their headers. */
function errorFields(error: unknown): Record<string, string> {
  if (!(error instanceof Error)) return { error: "thrown value that is no Error" };
  return { error: `${error.name}: ${error.message}`.slice(0, MAX_TEXT), stack: (error.stack ?? "").slice(0, 4096) };
}

/** One JSON line each on `stream`, which is standard error unless given, so that results on standard output stay clean. */
export function createLog(level: LogLevel, stream?: DestinationStream): Log {
  const sink = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream ?? pino.destination({ fd: 2, sync: true }),
  );
  return {
    debug: (message, fields = {}) => void (sink.isLevelEnabled("debug") && sink.debug(bounded(fields), message)),
    info: (message, fields = {}) => sink.info(bounded(fields), message),
    warn: (message, fields = {}) => sink.warn(bounded(fields), message),
    error: (message, error, fields = {}) => sink.error({ ...bounded(fields), ...errorFields(error) }, message),
    debugging: sink.isLevelEnabled("debug"),
  };
}
