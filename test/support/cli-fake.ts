import type { App, AppOptions, RunningApi } from "../../src/app.ts";
import type { CliTools, PolicyReading, PolicyTestRun } from "../../src/cli/app.ts";
import type { Io, StopSignal } from "../../src/cli/io.ts";
import { runCli } from "../../src/cli/run-cli.ts";
import type { Config } from "../../src/config.ts";
import { parseDigest, type Digest } from "../../src/domain/digest.ts";
import { InputError } from "../../src/domain/errors.ts";
import type { SchemeId, SourceKey } from "../../src/domain/evidence.ts";
import { parseInstant } from "../../src/domain/instant.ts";
import type { PolicySet } from "../../src/domain/policy.ts";
import { formatReference } from "../../src/domain/reference.ts";
import type { Signer } from "../../src/domain/facts.ts";
import type { Finding, SignatureTried, Verdict } from "../../src/domain/verdict.ts";
import type { Answer, Assay, ImageView, Unresolved } from "../../src/pipeline/assay.ts";

/** A digest that a reader of a failing test can tell from another. */
export function digestOfLetter(letter: string): Digest {
  return parseDigest(`sha256:${letter.repeat(64)}`);
}

export const NOW = parseInstant("2026-03-01T12:00:00Z");

export function finding(change: Partial<Finding> = {}): Finding {
  return {
    policy: "production",
    rule: "rules[0].signed",
    authority: undefined,
    outcome: "satisfied",
    reason: undefined,
    enforcement: "deny",
    message: "signed by release-key",
    cites: [],
    ...change,
  };
}

export function tried(change: Partial<SignatureTried> = {}): SignatureTried {
  const signer: Signer = change.signer ?? { kind: "key", spki: digestOfLetter("e") };
  return {
    role: "signature",
    scheme: "cosign" as SchemeId,
    authority: "release-key",
    status: "verified",
    reason: undefined,
    step: undefined,
    detail: undefined,
    signer,
    signers: [signer],
    notes: [],
    source: "cosign:tag" as SourceKey,
    via: "tag",
    about: digestOfLetter("a"),
    artifact: digestOfLetter("c"),
    ...change,
  };
}

/** An allowed image. */
export function verdict(change: Partial<Verdict> = {}): Verdict {
  return {
    id: digestOfLetter("1"),
    image: "registry.example.com/shop/web:1.2",
    digest: digestOfLetter("a"),
    decision: "allow",
    findings: [finding()],
    signatures: [tried()],
    platforms: [],
    gaps: [],
    unsafe: [],
    policies: ["production"],
    resolvedAt: NOW,
    decidedAt: NOW,
    validFrom: undefined,
    validUntil: undefined,
    ...change,
  };
}

/** An image nobody signed. */
export function denied(change: Partial<Verdict> = {}): Verdict {
  const unsigned = finding({ outcome: "violated", reason: "unsigned", message: "no signature was found" });
  return verdict({ decision: "deny", findings: [unsigned], signatures: [], ...change });
}

export type Fake = {
  readonly answers: Record<string, (signal: AbortSignal) => Promise<Answer>>;
  readonly inspected: Record<string, () => Promise<ImageView | Unresolved>>;
  readonly composed: { readonly config: Config; readonly options: AppOptions }[];
  readonly calls: string[];
  composeError: Error | undefined;
  apiError: Error | undefined;
  workersError: Error | undefined;
  /** Keeps `App.close` from ending. */
  hangsOnClose: boolean;
  set: PolicySet;
  loaded: PolicyReading;
  testRun: PolicyTestRun;
  demo: ((args: readonly string[]) => Promise<number>) | undefined;
  readonly files: Record<string, string>;
};

const EMPTY_SET: PolicySet = { authorities: [], policies: [], warnings: [] };

/** A world in which nothing is known until a test says so. */
export function fakeWorld(): Fake {
  return {
    answers: {},
    inspected: {},
    composed: [],
    calls: [],
    composeError: undefined,
    apiError: undefined,
    workersError: undefined,
    hangsOnClose: false,
    set: EMPTY_SET,
    loaded: { kind: "parsed", set: EMPTY_SET },
    testRun: { kind: "ran", outcomes: [] },
    demo: undefined,
    files: {},
  };
}

export function judged(value: Verdict): () => Promise<Answer> {
  return () => Promise.resolve({ kind: "judged", verdict: value, freshUntil: NOW });
}

function fakeAssay(fake: Fake): Assay {
  const unasked = (): never => {
    throw new Error("the command line asks this of nobody");
  };
  return {
    verify: (reference, signal) => {
      const name = formatReference(reference);
      fake.calls.push(`verify ${name}`);
      return fake.answers[name]?.(signal) ?? Promise.reject(new Error(`no answer for ${name}`));
    },
    inspect: (reference) => {
      const name = formatReference(reference);
      return fake.inspected[name]?.() ?? Promise.reject(new Error(`no facts for ${name}`));
    },
    inForce: unasked,
    submit: unasked,
    job: unasked,
    waitForJob: unasked,
    watchJob: unasked,
    verdict: unasked,
    facts: unasked,
  };
}

function fakeApp(fake: Fake): App {
  return {
    assay: fakeAssay(fake),
    policies: {
      current: () => fake.set,
      onChange: () => () => undefined,
      problem: () => undefined,
      close: () => Promise.resolve(),
    },
    startApi: async (): Promise<RunningApi> => {
      if (fake.apiError !== undefined) throw fake.apiError;
      fake.calls.push("start api");
      return { address: "http://127.0.0.1:7070", close: () => Promise.resolve(void fake.calls.push("close api")) };
    },
    startWorkers: async () => {
      if (fake.workersError !== undefined) throw fake.workersError;
      fake.calls.push("start workers");
    },
    close: async (graceMs) => {
      fake.calls.push(`close app ${graceMs}`);
      if (fake.hangsOnClose) await new Promise(() => undefined);
    },
  };
}

export function fakeTools(fake: Fake): CliTools {
  return {
    compose: async (config, options) => {
      fake.composed.push({ config, options });
      if (fake.composeError !== undefined) throw fake.composeError;
      return fakeApp(fake);
    },
    // One member more than the domain's verdict, so that a test sees which of the two was printed.
    verdictJson: (verdict) => ({ form: "public", ...verdict }),
    policy: {
      load: async () => fake.loaded,
      matching: (set, image) =>
        set.policies.filter(({ match }) => match.images.some(({ path }) => path === image.repository.path)),
      schema: () => ({ title: "schema" }),
      explain: ({ name, at }) => [`${name} (${at.file}:${at.line})`, `images must obey ${name}`],
      test: () => fake.testRun,
    },
    readText: async (path) => {
      const text = fake.files[path];
      if (text === undefined) throw new InputError("usage", `${path} cannot be read: there is no such file`);
      return text;
    },
    demo: async () => fake.demo,
  };
}

export type Terminal = {
  readonly env?: Readonly<Record<string, string>>;
  readonly outIsTerminal?: boolean;
  readonly errIsTerminal?: boolean;
};

export type Ran = {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly written: Readonly<Record<string, string>>;
};

export type Running = {
  readonly done: Promise<Ran>;
  readonly signal: (name: StopSignal) => void;
  readonly err: () => string;
};

/** Starts a command line and gives the way to signal it. */
export function startCli(words: readonly string[], fake: Fake, terminal: Terminal = {}): Running {
  const captured = { out: "", err: "" };
  const written: Record<string, string> = {};
  const listeners = new Set<(signal: StopSignal) => void>();
  const io: Io = {
    out: (text) => void (captured.out += text),
    err: (text) => void (captured.err += text),
    outIsTerminal: terminal.outIsTerminal ?? false,
    errIsTerminal: terminal.errIsTerminal ?? false,
    env: terminal.env ?? {},
    cwd: "/home/shop",
    writeFile: async (path, text) => {
      if (path.startsWith("/nowhere/")) throw new Error("ENOENT: no such file or directory");
      written[path] = text;
    },
    onStop: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const run = runCli(words, io, { version: "9.8.7", load: () => Promise.resolve(fakeTools(fake)) });
  return {
    done: run.then((code) => ({ code, ...captured, written })),
    signal: (name) => listeners.forEach((listener) => listener(name)),
    err: () => captured.err,
  };
}

export function cli(words: readonly string[], fake: Fake = fakeWorld(), terminal: Terminal = {}): Promise<Ran> {
  return startCli(words, fake, terminal).done;
}
