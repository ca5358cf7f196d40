import type { Io } from "./io.ts";
import { printable } from "./terminal-text.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const FRAME_MS = 100;
/** Room for the frame and the counts on a terminal of 80 columns. */
const MAX_TEXT = 70;
const CLEAR_LINE = "\r\u001b[K";

/** What is being done right now, for a person who waits. */
export interface Progress {
  /** Replaces what is shown. */
  say(text: string): void;
  /** Leaves no trace. */
  end(): void;
}

const SILENT: Progress = { say: () => undefined, end: () => undefined };

/** One moving line on standard error if that is a terminal that can redraw, nothing otherwise. */
export function startProgress(io: Io): Progress {
  if (!io.errIsTerminal || io.env["TERM"] === "dumb") return SILENT;
  let text = "";
  let frame = 0;
  const draw = (): void => {
    frame += 1;
    if (text !== "") io.err(`${CLEAR_LINE}${FRAMES[frame % FRAMES.length] ?? ""} ${text}`);
  };
  const timer = setInterval(draw, FRAME_MS);
  timer.unref();
  return {
    say: (next) => {
      text = printable(next).slice(0, MAX_TEXT);
      draw();
    },
    end: () => {
      clearInterval(timer);
      io.err(CLEAR_LINE);
    },
  };
}
