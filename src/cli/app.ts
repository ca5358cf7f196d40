import type { App, AppFactory, NamedText } from "../app.ts";
import type { Policy, PolicySet, SourceLocation } from "../domain/policy.ts";
import type { ImageReference } from "../domain/reference.ts";
import type { Verdict } from "../domain/verdict.ts";

/** Closes the app when the block ends, without waiting for anybody: for commands that ask once. */
export function closing(app: App): AsyncDisposable & { readonly app: App } {
  return { app, [Symbol.asyncDispose]: () => app.close(0) };
}

export type PolicyProblem = { readonly message: string; readonly at: SourceLocation };

/** Policy files as read: a set to judge by, or every reason why there is none. */
export type PolicyReading =
  | { readonly kind: "parsed"; readonly set: PolicySet }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

export type PolicyTestOutcome = {
  readonly name: string;
  readonly at: SourceLocation;
  readonly passed: boolean;
  /** What was expected and what came. */
  readonly message: string;
};

export type PolicyTestRun =
  | { readonly kind: "ran"; readonly outcomes: readonly PolicyTestOutcome[] }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

/** What the `policy` commands need. */
export interface PolicyTools {
  /** A file or a folder. Throws `InputError` if there is none. */
  load(path: string): Promise<PolicyReading>;
  /** The policies that speak about an image, whatever the namespace. */
  matching(set: PolicySet, image: ImageReference): readonly Policy[];
  /** One line of its name and place, then what it demands, one sentence a line. */
  explain(policy: Policy): readonly string[];
  /** Runs the tests written in these files. */
  test(set: PolicySet, files: readonly NamedText[]): PolicyTestRun;
  /** JSON Schema of policy documents. */
  schema(): unknown;
}

/** The verdict's one public form, which the HTTP API prints too. */
export type VerdictJson = (verdict: Verdict) => unknown;

/** Everything of the project that the commands are given rather than import. */
export type CliTools = {
  readonly compose: AppFactory;
  readonly verdictJson: VerdictJson;
  readonly policy: PolicyTools;
  /** A small text file the operator named. Throws `InputError` naming it. */
  readonly readText: (path: string) => Promise<string>;
  /** Runs the demonstration; `undefined` where it was not shipped. */
  readonly demo: () => Promise<((args: readonly string[]) => Promise<number>) | undefined>;
};

/** The program as its entry knows it. What is heavy is loaded once a command line proved to make sense. */
export type Program = { readonly version: string; readonly load: () => Promise<CliTools> };
