import type { Outcome } from "../exit-code.ts";
import type { Style } from "../terminal-text.ts";

/** A form in which verdicts are told. */
export type Report = {
  /** As written after `--format`. */
  readonly name: string;
  /** The whole report, ending with a line end. Nothing in it can move a cursor except what `style` put there. */
  readonly format: (outcomes: readonly Outcome[], style: Style) => string;
};
