import type { HistoryEntry } from "../domain/image-config.ts";

import { isSecretAssignment, secrecyOf } from "./secret-name.ts";

/** One line of an image's history, as the builders write them. It is the builder's word, and may say anything. */
export type HistoryStep = {
  /** Counts from 1. */
  readonly number: number;
  /** The Dockerfile's word in capitals; what is none is taken for a command that was run. */
  readonly instruction: string;
  /** Build arguments put before a command: `|2 A=b C=d`. */
  readonly args: string;
  readonly text: string;
};

const INSTRUCTION =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)(?=\s|$)/;
const NO_OPERATION = "#(nop)";

/** Reads `/bin/sh -c #(nop) ENV A=b`, `RUN |1 A=b /bin/sh -c make # buildkit` and the like. */
export function historySteps(history: readonly HistoryEntry[]): readonly HistoryStep[] {
  return history.map(({ createdBy }, index) => stepOf(createdBy, index + 1));
}

function stepOf(createdBy: string, number: number): HistoryStep {
  const nop = createdBy.indexOf(NO_OPERATION);
  const line = (nop === -1 ? createdBy : createdBy.slice(nop + NO_OPERATION.length)).trim();
  const instruction = INSTRUCTION.exec(line)?.[1];
  const text = instruction === undefined ? line : line.slice(instruction.length).trim();
  if (instruction !== undefined && instruction !== "RUN") return { number, instruction, args: "", text };
  const shell = text.startsWith("|") ? text.indexOf(" -c ") : -1;
  return { number, instruction: "RUN", args: text.slice(0, Math.max(0, shell)), text: text.slice(Math.max(0, shell)) };
}

/** A variable that a step gives a value. */
export type Assignment = { readonly name: string; readonly value: string };

const NAME_CHARACTERS = "[A-Za-z_][A-Za-z0-9_.]*";
const ASSIGNMENT = new RegExp(String.raw`(^|[\s;&|("'-])(${NAME_CHARACTERS})=("[^"]*"|'[^']*'|[^\s;&|)]*)`, "g");
const OLD_ENV = new RegExp(String.raw`^(${NAME_CHARACTERS})[ \t]+(\S)`);

/** What a step puts into variables that are called like secrets: by ENV and ARG, before a command, or within it. */
export function secretsIn({ instruction, args, text }: HistoryStep): readonly string[] {
  const declared = instruction === "ENV" || instruction === "ARG" ? [...assignmentsIn(text), ...oldEnv(text)] : [];
  const inCommand = instruction === "RUN" ? assignmentsIn(text).filter(isWorthSaying) : [];
  return [...declared, ...assignmentsIn(args), ...inCommand]
    .filter(({ name, value }) => isSecretAssignment(name, value))
    .map(({ name }) => name);
}

/** Within a command, options such as `--key=` are many, and most name files. */
function isWorthSaying({ name, value }: Assignment): boolean {
  return /^[A-Z0-9_]+$/.test(name) || secrecyOf(name) === "strong" || value.includes("://");
}

/** `ENV NAME value`, as Dockerfiles of old have it. */
function oldEnv(text: string): readonly Assignment[] {
  const match = OLD_ENV.exec(text);
  return match === null ? [] : [{ name: match[1] ?? "", value: match[2] ?? "" }];
}

function assignmentsIn(text: string): readonly Assignment[] {
  return [...text.matchAll(ASSIGNMENT)].map(([, , name = "", value = ""]) => ({ name, value: unquoted(value) }));
}

function unquoted(value: string): string {
  return /^(["']).*\1$/s.test(value) ? value.slice(1, -1) : value;
}

/** A line of history for people and stores: without the values of what is called like a secret. */
export function withoutSecrets(createdBy: string): string {
  const { args, instruction, text } = stepOf(createdBy, 1);
  const isDeclaration = instruction === "ENV" || instruction === "ARG";
  // There a value may hold spaces and no quotes, so nothing that follows is known not to belong to it.
  const hidden = isDeclaration ? secretsIn({ number: 1, instruction, args: "", text }) : secretNames(args);
  if (isDeclaration && hidden.length > 0) return `${instruction} ${hidden.map((name) => `${name}=…`).join(" ")}`;
  const line = hidden.length > 0 ? `RUN ${hidden.map((name) => `${name}=…`).join(" ")}${text}` : createdBy;
  return line
    .replaceAll(ASSIGNMENT, (all: string, before: string, name: string, value: string) =>
      secrecyOf(name) !== "none" && isSecretAssignment(name, unquoted(value)) ? `${before}${name}=…` : all,
    )
    .replaceAll(/:\/\/[^/\s:@]{0,256}:[^/\s@]{1,256}@/g, "://…@");
}

function secretNames(args: string): readonly string[] {
  return args === "" ? [] : secretsIn({ number: 1, instruction: "RUN", args, text: "" });
}
