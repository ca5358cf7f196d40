import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

/** A signal that asks a long-running command to end. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** The process around a command: results go to `out`, everything said about them to `err`. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Relative paths start at `cwd`. */
  writeFile(path: string, text: string): Promise<void>;
  /** Takes the signals over from their default. Returns the way to give them back. */
  onStop(listener: (signal: StopSignal) => void): () => void;
}

/** The real process. A reader that goes away early, as `head` does, changes nothing but that nobody reads. */
export function processIo(): Io {
  ignoreClosedPipe(process.stdout);
  ignoreClosedPipe(process.stderr);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outIsTerminal: process.stdout.isTTY,
    errIsTerminal: process.stderr.isTTY,
    env: process.env,
    cwd: process.cwd(),
    writeFile: (path, text) => writeFile(resolve(path), text),
    onStop,
  };
}

/** Resolves once both streams have taken all that was written to them. */
export async function whenWritten(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flushed));
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}

function ignoreClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

function onStop(listener: (signal: StopSignal) => void): () => void {
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  return () => {
    process.off("SIGINT", listener);
    process.off("SIGTERM", listener);
  };
}
